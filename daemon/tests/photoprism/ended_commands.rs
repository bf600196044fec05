//! Every command that ends sessions enters what PhotoPrism may hold; what brings sessions back
//! takes them out again.

use std::collections::BTreeSet;
use std::path::Path;

use photoprism_protocol::command::CommandName as C;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::ghost::Ghost;
use crate::setup::{altered, dump, fixture, home, number, own_tables, photoprism, texts};

/// Everything was used just now.
const RECENT: &str = "UPDATE auth_sessions SET last_active = unixepoch()";

/// What a command is asked for, where it ends sessions. A new command needs a row here.
fn ends_sessions(command: C) -> Option<Value> {
    Some(match command {
        C::UsersMod => json!({"user": "bob", "attr": "x"}),
        C::UsersRm | C::PasswdRemove => json!({"user": "bob"}),
        C::UsersReset | C::AuthReset => json!({}),
        C::PasswdSet => json!({"user": "bob", "password": "longenough"}),
        C::AuthRm => json!({"session": "sessqf0mn4tk"}),
        C::AuthLogout => json!({"token": "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87"}),
        // The recovery code turns two-factor off and ends what was open.
        C::AuthLogin => json!({"name": "dave", "password": "davessecret",
            "client_ip": "192.0.2.1", "passcode": "recovery1234"}),
        C::Users2faDisable => json!({"user": "dave"}),
        C::UsersImport => json!({"text": "name,role\nbob,guest\n"}),
        C::BackupRestore => json!({"file": "backup"}),
        C::Ping
        | C::Status
        | C::UsersLs
        | C::UsersLegacy
        | C::UsersShow
        | C::UsersAdd
        | C::UsersRestore
        | C::AuditLs
        | C::AuditVerify
        | C::ClockShow
        | C::ClockReset
        | C::LoginsLs
        | C::LoginsRecord
        | C::LoginsClear
        | C::AuthLs
        | C::AuthAdd
        | C::AuthShow
        | C::AuthVerify
        | C::UsersWhy
        | C::Users2faShow
        | C::Users2faEnroll
        | C::Users2faConfirm
        | C::Users2faRecovery
        | C::Metrics
        | C::UsersExport
        | C::Doctor
        | C::UsersRename
        | C::BackupCreate
        | C::BackupLs
        | C::BackupRm
        | C::BackupPrune
        | C::BackupFetch
        | C::BackupSend
        | C::BackupVerify
        | C::UsersAdopt => return None,
    })
}

fn ids(conn: &Database, statement: &str) -> BTreeSet<String> {
    texts(conn, statement).into_iter().collect()
}

fn sessions(conn: &Database) -> BTreeSet<String> {
    ids(conn, "SELECT id FROM auth_sessions")
}

/// The ids that have an entry.
fn entered(home: &TestDaemon) -> BTreeSet<String> {
    ids(&own_tables(home).1, "SELECT session_id FROM admin_ended")
}

fn file_name(result: &Value) -> String {
    let path = Path::new(result["backup"].as_str().unwrap());
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_command_that_ends_sessions_enters_them() {
    let mut tried = 0;
    for command in C::all() {
        let Some(mut args) = ends_sessions(command) else { continue };
        let code = "UPDATE passcodes SET recovery_code = 'recovery1234'";
        let mut home = altered(&format!("{RECENT}; {code}"));
        let conn = photoprism(&home);
        if command == C::BackupRestore {
            args["file"] = json!(file_name(&home.ok("backup.create", json!({}))));
        }
        let before = sessions(&conn);
        let reply = if command == C::UsersImport {
            import(&mut home, &args)
        } else {
            home.confirmed(command.name(), args)
        };
        assert_eq!(reply["ok"], true, "{} {reply}", command.name());
        let after = sessions(&conn);
        let ended: BTreeSet<String> = before.difference(&after).cloned().collect();
        let entered = self::entered(&home);
        assert!(!ended.is_empty(), "{} ended nothing", command.name());
        assert_eq!(entered, ended, "{}", command.name());
        let warned = reply["warnings"].to_string().contains("a running PhotoPrism may keep");
        assert!(warned, "{} {reply}", command.name());
        let keys = [&reply["result"]["effective_within_s"], &reply["result"]["pending"]];
        assert_eq!(keys, [&json!(900), &json!(0)], "{} {reply}", command.name());
        tried += 1;
    }
    assert_eq!(tried, 12);
}

fn import(home: &mut TestDaemon, text: &Value) -> Value {
    let begun = home.ok("users.import", text.clone());
    home.confirmed("users.import", json!({"import": begun["import"], "run": true, "update": true}))
}

/// Nothing else in the sources deletes a session.
#[test]
fn sessions_are_deleted_in_one_place() {
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut places = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.extend((!path.ends_with("tests")).then_some(path));
            } else if std::fs::read_to_string(&path).unwrap().contains("DELETE FROM auth_sessions")
            {
                places.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    places.sort();
    assert_eq!(places, ["end.rs", "ended.rs", "watch.rs"]);
}

#[test]
fn a_restore_takes_out_what_it_brings_back() {
    let mut home = altered(RECENT);
    let conn = photoprism(&home);
    let phone = Ghost::load(&conn, "sessbo4hwg3t");
    home.ok("auth.add", json!({"name": "Later", "scope": "*", "user": "bob"}));
    let all = sessions(&conn);
    let file = file_name(&home.ok("auth.reset", json!({})));
    assert_eq!(entered(&home), all);
    // One of them is there again when the restore comes.
    phone.clone().save(&conn, "203.0.113.99");
    let token = "X2PniU-C1fjAU-gWXAnY-0nUwZi";
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], false);
    let plan = home.ok(
        "backup.restore",
        json!({"file": file, "with_sessions": true,
        "dry_run": true}),
    );
    assert_eq!(plan["sessions_revoked"], 0, "what came back is not there: {plan}");
    home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    assert_eq!(entered(&home), BTreeSet::new());
    assert_eq!(sessions(&conn), all);
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], true);
    home.restart();
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], true);
}

#[test]
fn an_import_takes_out_the_app_passwords_that_it_brings() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut phone = Ghost::load(&conn, "sessbo4hwg3t");
    home.ok("users.rm", json!({"user": "bob"}));
    conn.execute(
        "UPDATE auth_users SET user_name = 'old', user_email = '' WHERE user_name = 'bob'",
        [],
    )
    .unwrap();
    phone.save(&conn, "203.0.113.99");
    let token = "X2PniU-C1fjAU-gWXAnY-0nUwZi";
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], false);
    phone.save(&conn, "203.0.113.99");
    let other = home.root().join("index.db");
    std::fs::copy(fixture(), &other).unwrap();
    let begun = home.ok("users.import", json!({"database": other}));
    let done = home.ok("users.import", json!({"import": begun["import"], "run": true}));
    assert!(done["counts"]["added"].as_u64().unwrap() >= 1, "{done}");
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], true);
    let entry = "SELECT count(*) FROM admin_ended WHERE ref_id = 'sessbo4hwg3t'";
    assert_eq!(number(&own_tables(&home).1, entry), 0);
}

#[test]
fn a_backup_and_the_counts_leave_out_what_came_back() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut phone = Ghost::load(&conn, "sessbo4hwg3t");
    home.ok("auth.rm", json!({"session": "sessbo4hwg3t"}));
    // PhotoPrism's lock is held, so that the writer cannot end it first.
    phone.save(&conn, "203.0.113.99");
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(home.ok("status", json!({}))["counts"]["sessions"], 13);
    let text = home.ok("metrics", json!({}))["text"].as_str().unwrap().to_owned();
    assert!(text.contains("photoprismd_sessions 13"), "{text}");
    conn.execute_batch("ROLLBACK").unwrap();
    phone.save(&conn, "203.0.113.98");
    let created = home.ok("backup.create", json!({}));
    assert_eq!(created["counts"]["sessions"], 13, "{created}");
    let backup = Connection::open(created["backup"].as_str().unwrap()).unwrap();
    let there = dump(
        &Database::Sqlite(backup),
        "SELECT id FROM auth_sessions WHERE ref_id = 'sessbo4hwg3t'",
    );
    assert_eq!(there, Vec::<String>::new());
}
