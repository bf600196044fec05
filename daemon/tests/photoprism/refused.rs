//! What a reset or a restore would take with it and no backup holds: refused, or left as it is.

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::rows::{file, rows, run, tail};
use crate::setup::{altered, dump, fixture, number, photoprism, untouchable, warnings};

/// Rows of a table of PhotoPrism's that refer to accounts.
const REFERRING: &str = "
    CREATE TABLE auth_groups (user_uid VARBINARY(42) REFERENCES auth_users (user_uid) ON DELETE CASCADE);
    INSERT INTO auth_groups SELECT user_uid FROM auth_users WHERE user_name IN ('bob', 'alice');";

/// Everything that a command might change.
fn everything(home: &TestDaemon) -> (Vec<String>, Vec<String>, usize) {
    let conn = photoprism(home);
    let backups = std::fs::read_dir(home.data().join("backups")).map_or(0, Iterator::count);
    (rows(&conn), untouchable(&conn), backups)
}

#[test]
fn rows_of_other_tables_are_not_left_without_their_account() {
    for action in ["ON DELETE CASCADE", "ON DELETE SET NULL", "", "DEFERRABLE INITIALLY DEFERRED"] {
        let mut home = altered(&REFERRING.replace("ON DELETE CASCADE", action));
        let created = home.ok("backup.create", json!({}));
        let before = everything(&home);
        let refused = home.refused("users.reset", json!({}));
        assert_eq!(refused["code"], "conflict", "{action}: {refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.contains("rows of auth_groups (2)") && message.contains("rows of auth_users"),
            "{message}"
        );
        assert!(message.contains("nothing was changed"), "{message}");
        assert_eq!(everything(&home), before, "{action}");
        // Those whose account comes back a moment later stay.
        home.ok("backup.restore", json!({"file": file(&created), "with_sessions": true}));
        assert_eq!(everything(&home).1, before.1, "{action}");
        home.ok("auth.reset", json!({}));
        let conn = photoprism(&home);
        run(&conn, "DELETE FROM auth_groups");
        home.ok("users.reset", json!({}));
        assert_eq!(number(&conn, "SELECT count(*) FROM auth_users"), 3);
    }
}

#[test]
fn a_restore_takes_no_account_from_rows_of_other_tables() {
    let mut home = altered(REFERRING);
    let created = file(&home.ok("backup.create", json!({})));
    home.ok("users.add", json!({"name": "later", "role": "admin", "password": "longenough"}));
    let conn = photoprism(&home);
    run(&conn, "INSERT INTO auth_groups SELECT user_uid FROM auth_users WHERE user_name = 'later'");
    let before = everything(&home);
    let refused = home.refused("backup.restore", json!({"file": created}));
    assert_eq!(refused["code"], "conflict", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("auth_groups"), "{refused}");
    assert_eq!(everything(&home), before);
    run(
        &conn,
        "DELETE FROM auth_groups WHERE user_uid NOT IN (SELECT user_uid FROM auth_users WHERE user_name <> 'later')",
    );
    home.ok("backup.restore", json!({"file": created}));
}

#[test]
fn a_row_that_the_database_does_not_take_is_reported() {
    let mut home = altered("UPDATE auth_users SET user_email = 'same@example.com' WHERE id > 1");
    let created = file(&home.ok("backup.create", json!({})));
    let conn = photoprism(&home);
    run(
        &conn,
        "UPDATE auth_users SET user_email = id || '@example.com';
         CREATE UNIQUE INDEX q ON auth_users (user_email)",
    );
    let before = everything(&home);
    let refused = home.refused("backup.restore", json!({"file": created}));
    assert_eq!(refused["code"], "conflict", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("UNIQUE constraint failed: auth_users.user_email"), "{message}");
    assert_eq!(everything(&home), before);
    home.ok("users.mod", json!({"user": "bob", "attr": "x"}));
}

#[test]
fn a_backup_that_would_not_be_taken_back_stops_what_destroys() {
    let mut home = TestDaemon::new().with_database(fixture());
    home.start();
    let created = file(&home.ok("backup.create", json!({})));
    home.stop();
    let mut home = home.faulty("spoil-backup");
    home.start();
    let before = everything(&home);
    for (cmd, args) in [
        ("users.reset", json!({})),
        ("auth.reset", json!({})),
        ("backup.restore", json!({"file": created})),
        ("backup.create", json!({})),
    ] {
        let refused = home.refused(cmd, args);
        assert_eq!(refused["code"], "unavailable", "{cmd}: {refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("nothing was changed"), "{cmd}: {message}");
        assert!(message.contains("would not be taken back (it is damaged)"), "{cmd}: {message}");
        assert!(
            message.contains(home.data().join("backups").to_str().unwrap()),
            "{cmd}: {message}"
        );
        assert_eq!(everything(&home), before, "{cmd}");
    }
}

#[test]
fn a_directory_that_is_in_the_way_is_reported() {
    let mut home = TestDaemon::new().with_database(fixture());
    std::fs::write(home.data().join("backups"), "in the way").unwrap();
    home.start();
    let before = rows(&photoprism(&home));
    for cmd in ["users.reset", "auth.reset", "backup.create", "backup.ls"] {
        let refused = home.refused(cmd, json!({}));
        assert_eq!(refused["code"], "unavailable", "{cmd}: {refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.contains(home.data().join("backups").to_str().unwrap()),
            "{cmd}: {message}"
        );
    }
    assert_eq!(rows(&photoprism(&home)), before);
}

/// A client of bob's with a secret.
const CLIENT: &str = "
    INSERT INTO auth_clients (client_uid, user_uid, client_name)
      SELECT 'cs000000000000u1', user_uid, 'as it was' FROM auth_users WHERE user_name = 'bob';
    INSERT INTO passwords (uid, hash) VALUES ('cs000000000000u1', 'as it was');";

fn client(conn: &Database) -> Vec<String> {
    let statement = "SELECT user_uid <> '', client_name, hash FROM auth_clients LEFT JOIN passwords ON uid = client_uid";
    dump(conn, statement)
}

fn restore(home: &mut TestDaemon, file: &str) -> Vec<String> {
    let reply = home.confirmed("backup.restore", json!({"file": file}));
    assert_eq!(reply["ok"], true, "{reply}");
    warnings(&reply)
}

#[test]
fn clients_come_back_unless_they_belong_to_nobody_by_now() {
    let mut home = altered(CLIENT);
    let conn = photoprism(&home);
    let created = file(&home.ok("backup.create", json!({})));
    let was = client(&conn);
    // One that is gone, with a secret that stayed; one that changed; one that came.
    for change in [
        "DELETE FROM auth_clients",
        "UPDATE auth_clients SET client_name = 'x'; UPDATE passwords SET hash = 'x' WHERE uid GLOB 'c*'",
        "INSERT INTO auth_clients (client_uid, user_uid) SELECT 'cs000000000000u2', user_uid FROM
           auth_users WHERE user_name = 'alice'; INSERT INTO passwords (uid) VALUES ('cs000000000000u2')",
    ] {
        run(&conn, change);
        let plan = home.ok("backup.restore", json!({"file": created, "dry_run": true}));
        assert!(plan["accounts"].to_string().contains("\"clients\""), "{change}: {plan}");
        let warned = restore(&mut home, &created);
        assert!(!warned.iter().any(|text| text.contains("clients")), "{warned:?}");
        assert_eq!(client(&conn), was, "{change}");
        assert_eq!(number(&conn, "SELECT count(*) FROM passwords WHERE uid GLOB 'c*'"), 1);
    }
    run(
        &conn,
        "UPDATE auth_clients SET user_uid = '', client_name = 'now';
         UPDATE passwords SET hash = 'now' WHERE uid GLOB 'c*'",
    );
    let now = client(&conn);
    let warned = restore(&mut home, &created);
    assert!(warned.iter().any(|text| text.contains("cs000000000000u1")), "{warned:?}");
    assert_eq!(client(&conn), now);
}

#[test]
fn triggers_that_did_not_run_are_reported() {
    let mut home = altered(
        "CREATE TRIGGER shadow AFTER DELETE ON auth_users BEGIN DELETE FROM albums; END;
         CREATE TRIGGER other AFTER DELETE ON photos BEGIN DELETE FROM albums; END;
         INSERT INTO albums (album_uid) VALUES ('as0000000000000a')",
    );
    let of_triggers = |reply: &Value| {
        assert_eq!(reply["ok"], true, "{reply}");
        warnings(reply).into_iter().find(|text| text.contains("triggers"))
    };
    let reset = home.confirmed("users.reset", json!({}));
    assert_eq!(of_triggers(&reset).unwrap(), "triggers on these tables did not run: shadow");
    let created = file(&reset["result"]);
    let restored = home.confirmed("backup.restore", json!({"file": created}));
    assert!(of_triggers(&restored).is_some());
    assert_eq!(of_triggers(&home.confirmed("auth.reset", json!({}))), None, "nothing of sessions");
    let conn = photoprism(&home);
    assert_eq!(number(&conn, "SELECT count(*) FROM albums"), 1);
}

#[test]
fn rows_without_their_account_come_back_with_a_warning() {
    let orphan = "INSERT INTO auth_users_details (user_uid) VALUES ('ugone')";
    let mut home = altered(orphan);
    let created = file(&home.ok("backup.create", json!({})));
    assert_eq!(
        restore(&mut home, &created).iter().filter(|text| text.contains("ugone")).count(),
        0
    );
    // A later PhotoPrism does not take such rows any more.
    let conn = photoprism(&home);
    run(&conn, "PRAGMA foreign_keys = 0; DELETE FROM auth_users_details WHERE user_uid = 'ugone'");
    tail(&conn, "auth_users_details", "FOREIGN KEY (user_uid) REFERENCES auth_users (user_uid)");
    let warned = restore(&mut home, &created);
    assert!(
        warned.iter().any(|text| text.contains("rows of auth_users_details (1)")),
        "{warned:?}"
    );
    let found = "SELECT count(*) FROM auth_users_details WHERE user_uid = 'ugone'";
    assert_eq!(number(&conn, found), 1);
    let again = restore(&mut home, &created);
    assert!(!again.iter().any(|text| text.contains("rows of")), "it was there: {again:?}");
}

#[test]
fn an_account_without_a_uid_is_shown_and_never_changed() {
    let two = "INSERT INTO auth_users (id, user_uid, user_name, user_role, auth_provider, can_login)
            VALUES (101, '', 'empty', 'guest', 'local', 1), (102, NULL, 'none', 'guest', 'local', 1);
        INSERT INTO auth_users (id, user_uid, user_name, user_role, deleted_at)
            VALUES (103, NULL, 'vanished', 'guest', '2024-12-01 00:00:00+00:00');";
    let mut home = altered(two);
    let conn = photoprism(&home);
    let before = dump(&conn, "SELECT * FROM auth_users ORDER BY id");
    for name in ["empty", "none"] {
        let user = json!({"user": name});
        assert_eq!(home.ok("users.show", user.clone())["user"]["uid"], "");
        for (cmd, args) in [
            ("users.mod", json!({"user": name, "attr": "x"})),
            ("users.rename", json!({"user": name, "name": "other"})),
            ("users.rm", user.clone()),
            ("users.restore", user.clone()),
            ("passwd.set", json!({"user": name, "password": "longenough"})),
            ("passwd.remove", user.clone()),
            ("auth.add", json!({"name": "x", "scope": "*", "user": name})),
            ("users.2fa.enroll", user.clone()),
            ("users.2fa.disable", user.clone()),
        ] {
            let refused = home.refused(cmd, args);
            assert_eq!(refused["code"], "conflict", "{cmd} {name}: {refused}");
            assert!(refused["message"].as_str().unwrap().contains("no UID"), "{cmd}: {refused}");
        }
        let begun = home.ok("users.import", json!({"text": format!("name;attr\n{name};x\n")}));
        let run = json!({"import": begun["import"], "run": true, "update": true});
        assert_eq!(home.ok("users.import", run)["items"][0]["code"], "conflict");
    }
    let back = json!({"name": "vanished", "role": "guest", "provider": "none", "restore": true});
    assert_eq!(home.refused("users.add", back)["code"], "conflict");
    assert_eq!(home.refused("users.restore", json!({"user": "vanished"}))["code"], "conflict");
    let listed = home.ok("users.ls", json!({}))["items"].to_string();
    assert!(listed.contains("\"empty\"") && listed.contains("\"none\""), "{listed}");
    assert_eq!(dump(&conn, "SELECT * FROM auth_users ORDER BY id"), before);
}
