//! Every command, and not a byte of anything else.

use std::fs;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::{TestDaemon, on_mariadb};
use crate::setup::{assert_sound, fixture, photoprism, untouchable};

/// Rows in the tables that the fixture has empty, so that there is something to lose.
const ALBUMS: &str = "
    INSERT INTO albums (album_uid, album_title) VALUES ('aqz1r5w1rstuvwxy', 'Children');
    INSERT INTO photos (photo_uid, photo_title) VALUES ('pqz1r5w1rstuvwxy', 'A birthday');
    INSERT INTO albums_users (uid, user_uid, perm) VALUES ('aqz1r5w1rstuvwxy', 'utoykpc5in2qnu74', 7);
    INSERT INTO links (link_uid, share_uid) VALUES ('sqz1r5w1rstuvwxy', 'aqz1r5w1rstuvwxy');
    INSERT INTO passwords (uid, hash) VALUES ('cqz1r5w1rstuvwxy', 'of a client'), ('cqz1r5w1nobody00', 'of nobody''s');
    INSERT INTO auth_clients (client_uid, user_uid) VALUES ('cqz1r5w1rstuvwxy', 'utoykpc5in2qnu74'),
      ('cqz1r5w1nobody00', '');";

/// One account, as a file holds it.
const IMPORTED: &str = r#"{"name":"imported","role":"guest","provider":"none"}"#;

fn carry_out_everything(home: &mut TestDaemon) {
    let login = json!({"name": "bob", "password": "mysecret", "client_ip": "192.0.2.1"});
    let token = home.ok("auth.login", login)["secret"].clone();
    home.refused("auth.login", json!({"name": "bob", "password": "x", "client_ip": "192.0.2.1"}));
    home.ok("logins.record", json!({"name": "bob", "ok": false, "client_ip": "192.0.2.3"}));
    home.ok("auth.verify", json!({"token": token, "client_ip": "192.0.2.1"}));
    home.ok("auth.logout", json!({"token": token}));
    let app = home.ok("auth.add", json!({"name": "App", "scope": "*", "user": "bob"}));
    home.ok("auth.add", json!({"name": "Token", "scope": "metrics", "expires_in": -1}));
    home.ok("auth.rm", json!({"session": app["secret"]}));
    home.ok("users.add", json!({"name": "nina", "role": "guest", "password": "longenough"}));
    home.ok("users.mod", json!({"user": "nina", "role": "admin", "super_admin": true}));
    home.ok("users.mod", json!({"user": "dave", "disable_2fa": true}));
    home.ok("users.2fa.enroll", json!({"user": "nina"}));
    home.ok("passwd.set", json!({"user": "nina", "password": "longer enough", "show_hash": true}));
    home.ok("passwd.remove", json!({"user": "alice"}));
    home.ok("users.rm", json!({"user": "nina"}));
    home.ok("users.restore", json!({"user": "nina"}));
    home.ok("users.restore", json!({"user": "gone"}));
    for cmd in ["users.ls", "users.legacy", "auth.ls", "logins.ls", "audit.ls", "status"] {
        home.ok(cmd, json!({}));
    }
    home.ok("logins.clear", json!({"name": "bob"}));
    for cmd in ["doctor", "metrics", "backup.ls", "backup.verify", "users.export"] {
        home.ok(cmd, json!({}));
    }
    home.ok("users.rename", json!({"user": "nina", "name": "antonina"}));
    home.ok("users.adopt", json!({"all": true}));
    let file = home.ok("backup.create", json!({}))["file"].clone();
    home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    let begun = home.ok("users.import", json!({"text": IMPORTED}))["import"].clone();
    assert_eq!(
        home.ok("users.import", json!({"import": begun, "run": true}))["counts"]["added"],
        1
    );
    home.ok("auth.reset", json!({}));
    home.ok("users.reset", json!({}));
    home.restart();
    home.ok("users.add", json!({"name": "new", "role": "admin", "password": "longenough"}));
}

#[test]
fn no_command_changes_anything_outside_of_the_account_tables() {
    let mut home = TestDaemon::new().with_database(fixture());
    home.open_database().execute_batch(ALBUMS).unwrap();
    let before = untouchable(&home.open_database());
    assert!(before.len() > if on_mariadb() { 40 } else { 200 }, "{}", before.len());
    home.start();
    carry_out_everything(&mut home);
    let conn = photoprism(&home);
    let after = untouchable(&conn);
    let lost: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    assert!(before == after, "{lost:?}");
    assert_sound(&conn);
    for table in ["passwords WHERE uid", "auth_clients WHERE client_uid"] {
        let left = crate::setup::dump(
            &conn,
            &format!(
                "SELECT count(*), max(uid) FROM (SELECT {0} AS uid FROM {1} GLOB 'c*')",
                table.rsplit(' ').next().unwrap(),
                table
            ),
        );
        assert_eq!(
            left,
            ["[Integer(1), Text(\"cqz1r5w1nobody00\")]"],
            "a reset takes those of users"
        );
    }
    let verified = home.ok("audit.verify", json!({}));
    assert_eq!((&verified["ok"], &verified["broken_at"]), (&json!(true), &json!(null)));
    if conn.is_mariadb() {
        return;
    }
    let journal: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "delete", "left as found");
    home.stop();
    let mut files: Vec<_> = fs::read_dir(home.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["backups", "index.db", "index.db.lock", "photoprism-admin.db"]);
}

#[test]
fn the_harness_finds_a_change_elsewhere() {
    let home = TestDaemon::new().with_database(fixture());
    let conn = home.open_database();
    conn.execute_batch(ALBUMS).unwrap();
    let before = untouchable(&conn);
    for change in [
        "UPDATE photos SET photo_title = 'Another' WHERE photo_uid = 'pqz1r5w1rstuvwxy'",
        "DELETE FROM links WHERE link_uid = 'sqz1r5w1rstuvwxy'",
        "ALTER TABLE auth_users ADD COLUMN extra INTEGER",
        "CREATE INDEX extra ON auth_users (user_attr)",
    ] {
        conn.execute_batch("BEGIN").unwrap();
        conn.execute(change, []).unwrap();
        assert!(untouchable(&conn) != before, "{change}");
        conn.execute_batch("ROLLBACK").unwrap();
    }
}
