//! What is brought back: accounts of a backup, and of the legacy table.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{assert_sound, dump, home, number, photoprism, untouchable, warnings};

/// Every row of the account tables, sessions apart.
fn accounts(conn: &Database) -> Vec<String> {
    let tables = [
        "SELECT * FROM auth_users ORDER BY id",
        "SELECT * FROM auth_users_details ORDER BY user_uid",
        "SELECT * FROM auth_users_settings ORDER BY user_uid, created_at, updated_at",
        "SELECT * FROM auth_users_shares ORDER BY user_uid",
        "SELECT * FROM passwords ORDER BY uid",
        "SELECT * FROM passcodes ORDER BY uid",
    ];
    tables.iter().flat_map(|statement| dump(conn, statement)).collect()
}

fn sessions(conn: &Database) -> Vec<String> {
    dump(conn, "SELECT * FROM auth_sessions ORDER BY id")
}

fn file_name(result: &Value) -> String {
    let path = Path::new(result["backup"].as_str().unwrap());
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// A database that was reset, with the backup that the reset wrote.
fn after_a_reset(home: &mut TestDaemon) -> String {
    file_name(&home.ok("users.reset", json!({})))
}

#[test]
fn a_restore_undoes_a_reset_row_by_row() {
    let mut home = home();
    let conn = photoprism(&home);
    let (before, open, rest) = (accounts(&conn), sessions(&conn), untouchable(&conn));
    let file = after_a_reset(&mut home);
    assert!(accounts(&conn) != before && sessions(&conn).is_empty());
    let plan = home.ok("backup.restore", json!({"file": file, "dry_run": true}));
    assert_eq!((&plan["dry_run"], &plan["added"]), (&json!(true), &json!(11)));
    assert!(accounts(&conn) != before, "a dry run changes nothing");
    let done = home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    assert_eq!((&done["added"], &done["sessions_restored"]), (&json!(11), &json!(14)));
    assert!(accounts(&conn) == before);
    assert!(sessions(&conn) == open);
    assert!(untouchable(&conn) == rest);
    assert_sound(&conn);
    let token = "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87";
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], true);
    let login = json!({"name": "bob", "password": "mysecret", "client_ip": "192.0.2.1"});
    home.ok("auth.login", login);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true, "the trail goes on");
}

#[test]
fn sessions_end_unless_they_are_asked_for() {
    let mut home = home();
    let conn = photoprism(&home);
    let file = file_name(&home.ok("backup.create", json!({})));
    home.ok("users.mod", json!({"user": "alice", "display_name": "Changed"}));
    let reply = home.confirmed("backup.restore", json!({"file": file}));
    assert_eq!(reply["result"]["changed"], 1, "{reply}");
    assert_eq!(reply["result"]["sessions_revoked"], 14);
    assert_eq!(reply["result"]["effective_within_s"], 900);
    assert!(warnings(&reply).iter().any(|text| text.contains("15 minutes")), "{reply}");
    assert_eq!(sessions(&conn).len(), 0);
    let alice = home.ok("users.show", json!({"user": "alice"}))["user"].clone();
    assert_eq!(alice["display_name"], "Alice Ångström");
}

#[test]
fn a_restore_waits_for_nobody_s_half_done_work() {
    let mut home = home();
    let file = file_name(&home.ok("backup.create", json!({})));
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN IMMEDIATE; UPDATE photos SET photo_title = 'x'").unwrap();
    assert_eq!(home.fault("backup.restore", json!({"file": file})).0, "unavailable");
    conn.execute_batch("ROLLBACK").unwrap();
    home.ok("backup.restore", json!({"file": file}));
}

#[test]
fn the_backup_of_another_kind_is_refused() {
    let mut own = TestDaemon::started();
    let created = own.ok("backup.create", json!({}));
    let mut attached = home();
    attached.ok("backup.create", json!({}));
    let directory = attached.data().join("backups");
    std::fs::copy(created["backup"].as_str().unwrap(), directory.join("own-backup.db")).unwrap();
    let refused = attached.refused("backup.restore", json!({"file": "own-backup.db"}));
    assert!(refused["code"] == "conflict" || refused["code"] == "not_found", "{refused}");
    assert_eq!(number(&photoprism(&attached), "SELECT count(*) FROM auth_users"), 13);
}

#[test]
fn what_an_old_photoprism_left_becomes_accounts_of_a_role_that_is_known() {
    let mut home = home();
    let conn = photoprism(&home);
    let legacy = dump(&conn, "SELECT * FROM users ORDER BY id");
    let rest = untouchable(&conn);
    let plan = home.ok("users.adopt", json!({"all": true, "dry_run": true}));
    let done = home.ok("users.adopt", json!({"all": true}));
    assert_eq!((&plan["adopted"], &done["adopted"]), (&json!(1), &json!(1)), "{done}");
    let grandma = home.ok("users.show", json!({"user": "grandma"}))["user"].clone();
    assert_eq!(grandma["role"], "guest", "the edition is ce");
    assert_eq!(home.ok("users.adopt", json!({"all": true}))["adopted"], 0);
    assert!(dump(&conn, "SELECT * FROM users ORDER BY id") == legacy);
    assert!(untouchable(&conn) == rest);
}

#[test]
fn a_rename_is_one_column_and_leaves_the_sessions() {
    let mut home = home();
    let conn = photoprism(&home);
    let open = sessions(&conn).len();
    let before = crate::setup::row(&conn, "auth_users", "id = 2");
    home.ok("users.rename", json!({"user": "bob", "name": "robert"}));
    let after = crate::setup::row(&conn, "auth_users", "id = 2");
    assert_eq!(crate::setup::differing(&before, &after), ["updated_at", "user_name"]);
    assert_eq!(sessions(&conn).len(), open);
}
