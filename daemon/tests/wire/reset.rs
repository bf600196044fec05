//! `users.reset`: the backup that it leaves, and what begins anew.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn names(home: &mut TestDaemon) -> Vec<String> {
    let items = home.ok("users.ls", json!({"search": "all", "deleted": true}))["items"].clone();
    let items = items.as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn populated(mut home: TestDaemon) -> (TestDaemon, String) {
    home.start();
    let bob = json!({"name": "bob", "role": "user", "password": "mysecret"});
    let uid = home.ok("users.add", bob)["user"]["uid"].as_str().unwrap().to_owned();
    home.ok("users.add", json!({"name": "gone", "role": "user", "password": "mysecret"}));
    home.ok("users.rm", json!({"user": "gone"}));
    home.offline(|database| {
        super::users_mod::insert_sessions(database, &uid);
        database
            .execute_batch(
                "INSERT INTO passwords (uid, hash) VALUES ('cclient0000000001', 'secret of a client');
                 INSERT INTO passcodes (uid, key_type, key_url) VALUES ('u1', 'totp', 'otpauth://x');
                 INSERT INTO audit_logins (client_ip, login_name, login_realm) VALUES ('::1', 'a', 'api');",
            )
            .unwrap();
    });
    (home, uid)
}

fn count(database: &Connection, table: &str) -> i64 {
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn backups(home: &TestDaemon) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.data().join("backups")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn without_a_confirmation_nothing_happens() {
    let (mut home, _) = populated(TestDaemon::new());
    for confirm in ["", r#","confirm":false"#] {
        let reply = home.ask(&format!(r#"{{"cmd":"users.reset"{confirm}}}"#));
        assert_eq!(reply["error"]["code"], "confirm_required");
    }
    assert_eq!(names(&mut home), ["", "", "admin", "bob", "gone"]);
    assert!(backups(&home).is_empty());
}

#[test]
fn it_leaves_what_a_first_start_leaves() {
    let (mut home, _) = populated(TestDaemon::new().args(["--admin-user", "Root.Admin"]));
    let reply = home.confirmed("users.reset", json!({}));
    assert_eq!(reply["result"]["removed"], json!({"users": 3, "sessions": 4}), "{reply}");
    let warning = reply["warnings"][0].as_str().unwrap();
    assert!(warning.contains("photoprism passwd root.admin"), "{reply}");
    assert_eq!(names(&mut home), ["", "", "root.admin"]);
    let admin = home.ok("users.show", json!({"user": "root.admin"}))["user"].clone();
    for (key, value) in [
        ("display_name", json!("Root Admin")),
        ("role", json!("admin")),
        ("super_admin", json!(true)),
        ("can_login", json!(true)),
        ("webdav", json!(true)),
        ("provider", json!("local")),
        ("has_password", json!(false)),
    ] {
        assert_eq!(admin[key], value, "{key}");
    }
    home.ok("users.add", json!({"name": "bob", "role": "user", "provider": "none"}));
    home.offline(|database| {
        let ids: Vec<i64> = database
            .prepare("SELECT id FROM auth_users ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(ids, [-2, -1, 1, 2], "ids begin anew");
        for (table, rows) in [
            ("passwords", 1),
            ("passcodes", 0),
            ("auth_sessions", 0),
            ("audit_logins", 1),
            ("auth_users_details", 4),
            ("auth_users_settings", 4),
        ] {
            assert_eq!(count(database, table), rows, "{table}");
        }
    });
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn the_backup_is_whole_private_and_holds_the_old_rows() {
    let (mut home, uid) = populated(TestDaemon::new());
    let path = home.ok("users.reset", json!({}))["backup"].as_str().unwrap().to_owned();
    let path = PathBuf::from(path);
    assert!(path.is_absolute() && path.starts_with(home.data().join("backups")), "{path:?}");
    assert_eq!(backups(&home), std::slice::from_ref(&path), "nothing temporary stays");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let mode = fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let backup = Connection::open(&path).unwrap();
    let pragma = |name: &str| -> String {
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        format!("{:?}", backup.query_row(&format!("PRAGMA {name}"), [], value).unwrap())
    };
    assert_eq!(pragma("integrity_check"), r#"Text("ok")"#);
    assert_eq!(pragma("journal_mode"), r#"Text("delete")"#);
    assert_ne!(pragma("application_id"), "Integer(0)");
    let schema = home.ok("status", json!({}))["database"]["schema"].clone();
    assert_eq!(pragma("user_version"), format!("Integer({schema})"));
    for (table, rows) in [
        ("auth_users", 5),
        ("auth_sessions", 4),
        ("passcodes", 1),
        ("passwords", 2),
        ("auth_users_details", 5),
        ("auth_users_settings", 5),
        ("auth_users_shares", 0),
    ] {
        assert_eq!(count(&backup, table), rows, "{table}");
    }
    let hash: String = backup
        .query_row("SELECT hash FROM passwords WHERE uid = ?1", [&uid], |row| row.get(0))
        .unwrap();
    assert!(hash.starts_with("$argon2id$"));
    let mut tables = backup
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(
        tables.len() == 7 && !tables.iter().any(|name| name.starts_with("admin_")),
        "{tables:?}"
    );
}

#[test]
fn the_newest_ten_backups_are_kept() {
    let mut home = TestDaemon::started();
    let mut created = Vec::new();
    for n in 0..13 {
        home.ok("users.add", json!({"name": format!("u{n}"), "role": "user", "provider": "none"}));
        created.push(PathBuf::from(home.ok("users.reset", json!({}))["backup"].as_str().unwrap()));
    }
    let mut kept = created.split_off(3);
    for (n, path) in kept.iter().enumerate() {
        let backup = Connection::open(path).unwrap();
        let name: String = backup
            .query_row("SELECT user_name FROM auth_users WHERE id = 2", [], |row| row.get(0))
            .unwrap();
        assert_eq!(name, format!("u{}", n + 3), "{path:?}");
    }
    kept.sort();
    assert_eq!(backups(&home), kept);
    // Only automatic backups are removed.
    let by_hand = home.data().join("backups").join("before-the-move.db");
    fs::write(&by_hand, "x").unwrap();
    home.ok("users.reset", json!({}));
    assert!(by_hand.exists());
}

#[test]
fn the_configured_password_is_used_again() {
    let (mut home, _) = populated(TestDaemon::new().env("PHOTOPRISM_ADMIN_PASSWORD", "insecure"));
    let has = |home: &mut TestDaemon| {
        home.ok("users.show", json!({"user": "admin"}))["user"]["has_password"].clone()
    };
    assert_eq!(has(&mut home), true);
    // Once it has had one, it is not set again, a removal included.
    let other =
        json!({"name": "other", "role": "admin", "super_admin": true, "password": "mysecret"});
    home.ok("users.add", other);
    home.ok("passwd.remove", json!({"user": "admin"}));
    home.restart();
    assert_eq!(has(&mut home), false);
    let reply = home.confirmed("users.reset", json!({}));
    assert_eq!(reply.get("warnings"), None::<&Value>, "{reply}");
    assert_eq!(has(&mut home), true);
    home.ok(
        "users.add",
        json!({"name": "other", "role": "admin", "super_admin": true, "password": "mysecret"}),
    );
    home.ok("passwd.remove", json!({"user": "admin"}));
    home.restart();
    assert_eq!(has(&mut home), false, "it has had one since the reset");
}

#[test]
fn a_bad_configured_password_is_left_out_with_a_warning() {
    let mut home = TestDaemon::started();
    home.ok("passwd.set", json!({"user": "admin", "password": "longenough"}));
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", "sh0rt!?");
    home.restart();
    let reply = home.confirmed("users.reset", json!({}));
    let warnings = reply["warnings"].to_string();
    assert!(reply["ok"] == true && warnings.contains("PHOTOPRISM_ADMIN_PASSWORD"), "{reply}");
    assert!(!reply.to_string().contains("sh0rt!?"));
    let admin = home.ok("users.show", json!({"user": "admin"}))["user"].clone();
    assert_eq!(admin["has_password"], false);
    // The next start would use it: now it is bad settings.
    home.stop();
    let ended = home.ends();
    assert_eq!(ended.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&ended.stderr).contains("sh0rt!?"));
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", "password");
    home.start();
    let log = home.running().log();
    assert!(log.contains("WARN"), "a common one is a warning: {log}");
    let admin = home.ok("users.show", json!({"user": "admin"}))["user"].clone();
    assert_eq!(admin["has_password"], true);
}
