//! `backup.restore`: what comes back, what goes, and what is never touched.

use std::fs;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use super::backup::{create, directory, populated};
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Tables that a restore replaces.
const ACCOUNTS: [&str; 6] = [
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "passwords",
    "passcodes",
];

/// Every row of a table, in its order.
fn rows(database: &Connection, table: &str) -> Vec<Vec<Cell>> {
    let mut statement = database.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|i| row.get(i)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn tables(database: &Connection, names: &[&str]) -> Vec<Vec<Vec<Cell>>> {
    names.iter().map(|name| rows(database, name)).collect()
}

/// Sessions without the use of a moment ago, which is written down at a clean stop.
fn but_last_use(mut sessions: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    for session in &mut sessions {
        session.remove(12);
    }
    sessions
}

fn restore(home: &mut TestDaemon, file: &str, more: &Value) -> Value {
    let mut args = json!({"file": file});
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    home.ok("backup.restore", args)
}

fn file_of(result: &Value) -> String {
    result["backup"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn login(home: &mut TestDaemon, name: &str) -> Value {
    home.ok("auth.login", json!({"name": name, "password": "mysecret", "client_ip": "::1"}))
}

/// Rows that nothing else creates: details, settings, shares, two-factor keys, a client's secret.
fn with_everything(home: &mut TestDaemon) {
    home.offline(|database| {
        database
            .execute_batch(
                "UPDATE auth_users_details SET nick_name = 'Bobby' WHERE user_uid IN
                   (SELECT user_uid FROM auth_users WHERE user_name = 'bob');
                 UPDATE auth_users_settings SET ui_theme = 'dark';
                 INSERT INTO auth_users_shares (user_uid, share_uid, comment)
                   SELECT user_uid, 'at1', 'to the beach' FROM auth_users WHERE user_name = 'bob';
                 INSERT INTO passcodes (uid, key_type, key_url, recovery_code, activated_at)
                   SELECT user_uid, 'totp', 'otpauth://totp/x', 'code', '2026-01-01 00:00:00+00:00'
                   FROM auth_users WHERE user_name = 'bob';
                 INSERT INTO passwords (uid, hash) VALUES ('cclient000000001', 'of a client');
                 INSERT INTO audit_logins (client_ip, login_name) VALUES ('192.0.2.1', 'bob');",
            )
            .unwrap();
    });
}

/// Nothing holds the file open any more when the reply has left.
#[test]
fn one_is_restored_again_at_once() {
    let mut home = populated();
    let file = file_of(&home.ok("backup.create", json!({})));
    for _ in 0..40 {
        restore(&mut home, &file, &json!({}));
    }
}

#[test]
fn it_undoes_a_reset_to_the_last_letter() {
    let mut home = populated();
    with_everything(&mut home);
    let secret = login(&mut home, "bob")["secret"].clone();
    let before =
        home.offline(|database| (tables(database, &ACCOUNTS), rows(database, "auth_sessions")));
    let reset = home.ok("users.reset", json!({}));
    home.ok("users.add", json!({"name": "eve", "role": "admin", "password": "mysecret"}));
    assert_eq!(home.ok("auth.verify", json!({"token": secret}))["active"], false);

    let result = restore(&mut home, &file_of(&reset), &json!({"with_sessions": true}));
    assert_eq!(
        (&result["added"], &result["changed"], &result["removed"], &result["unchanged"]),
        (&json!(3), &json!(0), &json!(2), &json!(0)),
        "{result}"
    );
    assert_eq!((&result["sessions_revoked"], &result["sessions_restored"]), (&json!(0), &json!(2)));
    // The index knows them again before a restart, and after it.
    let active = home.ok("auth.verify", json!({"token": secret}));
    assert_eq!((&active["active"], &active["username"]), (&json!(true), &json!("bob")));
    let after =
        home.offline(|database| (tables(database, &ACCOUNTS), rows(database, "auth_sessions")));
    assert_eq!(after.0, before.0);
    assert_eq!(but_last_use(after.1), but_last_use(before.1));
    assert_eq!(home.ok("auth.verify", json!({"token": secret}))["active"], true);
    assert_eq!(login(&mut home, "bob")["user"]["name"], "bob");
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn sessions_end_unless_they_are_asked_for() {
    let mut home = populated();
    let before = login(&mut home, "bob")["secret"].clone();
    let (file, _) = create(&mut home);
    let after = login(&mut home, "bob")["secret"].clone();
    let result = restore(&mut home, &file, &json!({"with_sessions": true, "dry_run": true}));
    assert_eq!((&result["sessions_revoked"], &result["sessions_restored"]), (&json!(1), &json!(2)));
    let result = restore(&mut home, &file, &json!({"with_sessions": true}));
    assert_eq!((&result["sessions_revoked"], &result["sessions_restored"]), (&json!(1), &json!(2)));
    let active = |home: &mut TestDaemon, token: &Value| {
        home.ok("auth.verify", json!({"token": token}))["active"].clone()
    };
    assert_eq!(active(&mut home, &before), true);
    assert_eq!(active(&mut home, &after), false, "created after the backup");
    let result = restore(&mut home, &file, &json!({}));
    assert_eq!((&result["sessions_revoked"], &result["sessions_restored"]), (&json!(2), &json!(0)));
    assert_eq!(active(&mut home, &before), false);
    assert_eq!(home.ok("auth.ls", json!({}))["items"], json!([]));
}

#[test]
fn a_dry_run_replies_the_same_and_changes_nothing() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    let uid = |home: &mut TestDaemon, name: &str| {
        home.ok("users.show", json!({"user": name}))["user"]["uid"].clone()
    };
    let bob = uid(&mut home, "bob");
    home.ok("users.mod", json!({"user": "bob", "role": "guest", "webdav": true}));
    home.ok("passwd.set", json!({"user": "bob", "password": "another one"}));
    home.ok("users.rename", json!({"user": "bob", "name": "robert"}));
    home.ok("users.add", json!({"name": "new", "role": "user", "password": "mysecret"}));
    let new = uid(&mut home, "new");
    home.ok("users.2fa.enroll", json!({"user": "admin"}));
    let admin = uid(&mut home, "admin");
    let records = home.ok("audit.verify", json!({}))["records"].clone();
    let files = fs::read_dir(directory(&home)).unwrap().count();

    let plan = restore(&mut home, &file, &json!({"dry_run": true}));
    let expected = json!({
        "dry_run": true, "added": 0, "changed": 2, "removed": 1, "unchanged": 1,
        "accounts": [
            {"uid": admin, "name": "admin", "change": "changed", "fields": ["two_factor"]},
            {"uid": bob, "name": "bob", "change": "changed",
                "fields": ["name", "role", "webdav", "password"]},
            {"uid": new, "name": "new", "change": "removed", "fields": []}
        ],
        "sessions_revoked": 1, "sessions_restored": 0, "backup": null
    });
    assert_eq!(plan, expected);
    assert_eq!(home.ok("users.show", json!({"user": "robert"}))["user"]["role"], "guest");
    assert_eq!(home.ok("audit.verify", json!({}))["records"], records, "and leaves no record");
    assert_eq!(fs::read_dir(directory(&home)).unwrap().count(), files);

    let done = restore(&mut home, &file, &json!({}));
    let mut expected = expected.clone();
    expected["dry_run"] = false.into();
    expected["backup"] = done["backup"].clone();
    assert_eq!(done, expected);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["role"], "user");
    assert_eq!(home.refused("users.show", json!({"user": "new"}))["code"], "not_found");
    assert_eq!(login(&mut home, "bob")["user"]["name"], "bob");
    let record = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("backup.restore"), &json!(file)));

    // Once more there is nothing to change; and the way back is open.
    let again = restore(&mut home, &file, &json!({"dry_run": true}));
    assert_eq!(
        (&again["unchanged"], &again["accounts"]),
        (
            &json!(2),
            &json!([{
        "uid": bob, "name": "bob", "change": "changed", "fields": ["login_at"]}])
        )
    );
    restore(&mut home, &file_of(&done), &json!({}));
    assert_eq!(home.ok("users.show", json!({"user": "robert"}))["user"]["webdav"], true);
    assert_eq!(home.ok("users.show", json!({"user": "new"}))["user"]["uid"], new);
}

#[test]
fn what_is_not_an_account_stays() {
    let mut home = populated();
    with_everything(&mut home);
    let (file, path) = create(&mut home);
    home.ok("logins.record", json!({"client_ip": "192.0.2.9", "name": "eve", "ok": false}));
    // A file that was given a client's secret restores none.
    Connection::open(&path)
        .unwrap()
        .execute("INSERT INTO passwords (uid, hash) VALUES ('cclient000000002', 'smuggled')", [])
        .unwrap();
    let others = ["audit_logins", "admin_meta"];
    // These belong to the file, and change with its checkpoints.
    let generations = "DELETE FROM admin_meta WHERE key GLOB 'generation*'";
    let before = home.offline(|database| {
        database.execute(generations, []).unwrap();
        database
            .execute_batch(
                "UPDATE passwords SET hash = 'new secret' WHERE uid = 'cclient000000001';
                 INSERT INTO admin_passcode_steps VALUES ('ugone', 7);",
            )
            .unwrap();
        (tables(database, &others), rows(database, "admin_audit").len())
    });
    restore(&mut home, &file, &json!({}));
    home.offline(|database| {
        let clients = "SELECT group_concat(uid || hash) FROM passwords WHERE uid NOT GLOB 'u*'";
        let clients: String = database.query_row(clients, [], |row| row.get(0)).unwrap();
        assert_eq!(clients, "cclient000000001new secret");
        database.execute(generations, []).unwrap();
        assert_eq!(tables(database, &others), before.0);
        assert_eq!(rows(database, "admin_audit").len(), before.1 + 1);
        let gone = "SELECT step FROM admin_passcode_steps WHERE uid = 'ugone'";
        assert_eq!(database.query_row(gone, [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    });
}

#[test]
fn ids_are_not_used_again() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    home.ok("users.add", json!({"name": "later", "role": "user", "password": "mysecret"}));
    restore(&mut home, &file, &json!({}));
    home.ok("users.add", json!({"name": "next", "role": "user", "password": "mysecret"}));
    home.offline(|database| {
        let id = "SELECT id FROM auth_users WHERE user_name = 'next'";
        assert_eq!(database.query_row(id, [], |row| row.get::<_, i64>(0)).unwrap(), 5);
    });
}

#[test]
fn without_a_confirmation_nothing_happens() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    for confirm in ["", r#","confirm":false"#] {
        let line = format!(r#"{{"cmd":"backup.restore","args":{{"file":"{file}"}}{confirm}}}"#);
        assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    }
    assert_eq!(fs::read_dir(directory(&home)).unwrap().count(), 1);
}

#[test]
fn a_key_restores_once() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    let line = json!({"cmd": "backup.restore", "args": {"file": file}, "confirm": true,
        "key": "restore-1"});
    let first = home.ask(&line.to_string());
    assert_eq!(first["ok"], true, "{first}");
    home.ok("users.add", json!({"name": "later", "role": "user", "password": "mysecret"}));
    let again = home.ask(&line.to_string());
    assert_eq!(again["result"]["replayed"], true, "{again}");
    home.ok("users.show", json!({"user": "later"}));
}

#[test]
fn the_first_admin_that_comes_back_with_a_password_keeps_it() {
    let password = "configured one";
    let mut home = TestDaemon::started();
    home.ok("passwd.set", json!({"user": "admin", "password": "mysecret"}));
    let reset = home.ok("users.reset", json!({}));
    restore(&mut home, &file_of(&reset), &json!({}));
    // The next start has a configured password, and an admin that has had one.
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", password);
    home.restart();
    assert_eq!(login(&mut home, "admin")["user"]["name"], "admin");
}

#[test]
fn codes_of_a_key_that_comes_back_count_as_used() {
    let mut home = populated();
    with_everything(&mut home);
    let (file, _) = create(&mut home);
    restore(&mut home, &file, &json!({}));
    home.offline(|database| {
        let (step, now): (i64, i64) = database
            .query_row("SELECT step, unixepoch() FROM admin_passcode_steps", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert!((now / 30..=now / 30 + 1).contains(&step), "{step} at {now}");
    });
}

#[test]
fn the_backup_that_is_restored_is_not_let_go_of() {
    let mut home = populated();
    let first = file_of(&home.ok("auth.reset", json!({})));
    for _ in 0..9 {
        home.ok("auth.reset", json!({}));
    }
    let oldest = directory(&home).join(&first);
    assert!(oldest.exists());
    restore(&mut home, &first, &json!({}));
    assert!(oldest.exists());
    home.ok("auth.reset", json!({}));
    assert!(!oldest.exists(), "the newest ten stay");
}

/// Statements that turn a good backup into something else, and what is said of it.
const CHANGED: [(&str, &str); 18] = [
    ("PRAGMA journal_mode = wal", "WAL mode"),
    ("PRAGMA application_id = 7", "it was not created by this daemon"),
    ("PRAGMA application_id = 0x50504144", "stop the daemon"),
    ("PRAGMA user_version = 0", "schema"),
    ("PRAGMA user_version = 99", "schema 99"),
    ("DROP TABLE auth_sessions", "no table auth_sessions"),
    ("CREATE TABLE photos (id INTEGER)", "more than tables"),
    ("CREATE VIEW v AS SELECT 1", "more than tables"),
    (
        "ALTER TABLE passwords RENAME TO p; DROP TABLE p;
         CREATE VIEW passwords AS SELECT user_uid AS uid, 'x' AS hash FROM auth_users",
        "more than tables",
    ),
    ("CREATE TRIGGER t AFTER INSERT ON passwords BEGIN SELECT 1; END", "more than tables"),
    ("CREATE INDEX i ON passwords (upper(hash))", "more than tables"),
    ("CREATE INDEX i ON passwords (hash) WHERE hash <> ''", "more than tables"),
    ("ALTER TABLE passwords ADD COLUMN more AS (upper(hash))", "more than tables"),
    (
        "DROP TABLE passcodes; CREATE TABLE passcodes (uid, key_type, CHECK (length(uid) < 99))",
        "more than tables",
    ),
    (
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'passcodes'",
        "more than tables",
    ),
    (
        "DROP TABLE passcodes; CREATE TABLE passcodes (uid PRIMARY KEY) WITHOUT ROWID",
        "more than tables",
    ),
    ("ALTER TABLE auth_users DROP COLUMN user_name", "auth_users has no column user_name"),
    ("DELETE FROM auth_users WHERE super_admin", ""),
];

#[test]
fn a_file_that_is_not_quite_a_backup_is_refused() {
    let mut home = populated();
    home.ok("passwd.set", json!({"user": "admin", "password": "mysecret"}));
    let (_, good) = create(&mut home);
    let before = home.ok("users.ls", json!({"deleted": true}));
    for (statements, why) in CHANGED {
        let path = directory(&home).join("changed.db");
        fs::copy(&good, &path).unwrap();
        Connection::open(&path).unwrap().execute_batch(statements).unwrap();
        let error = home.refused("backup.restore", json!({"file": "changed.db"}));
        if why.is_empty() {
            assert_eq!(error["code"], "conflict", "{statements}: {error}");
            continue;
        }
        let (code, field) = (&error["code"], &error["field"]);
        assert_eq!((code, field), (&json!("invalid_argument"), &json!("file")), "{statements}");
        assert!(error["message"].as_str().unwrap().contains(why), "{statements}: {error}");
        let found = home.ok("backup.verify", json!({"file": "changed.db"}));
        let whole = statements.contains("50504144");
        assert_eq!(found["ok"], whole, "{statements}: {found}");
    }
    assert_eq!(home.ok("users.ls", json!({"deleted": true})), before);
}

#[test]
fn a_backup_of_another_version_gives_what_both_know() {
    let mut home = populated();
    let (_, good) = create(&mut home);
    let path = directory(&home).join("newer.db");
    fs::copy(&good, &path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "ALTER TABLE auth_users ADD COLUMN shoe_size INTEGER;
             ALTER TABLE auth_users DROP COLUMN thumb_src;
             UPDATE auth_users SET user_attr = 'from there' WHERE user_name = 'bob';",
        )
        .unwrap();
    let reply = home.confirmed("backup.restore", json!({"file": "newer.db"}));
    let warning = reply["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("auth_users.shoe_size"), "{warning}");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "from there");
}
