//! PhotoPrism's own database: read as it is, and left as it is by those who look.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// A database that a real PhotoPrism of December 2024 created; test data.
fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"))
}

fn home() -> TestDaemon {
    let mut home = TestDaemon::new().with_database(fixture());
    home.start();
    home
}

fn names(home: &mut TestDaemon, args: Value) -> Vec<String> {
    let items = home.ok("users.ls", args)["items"].clone();
    let items = items.as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_is_recognised_and_says_so() {
    let mut home = home();
    let log = home.running().log();
    assert!(log.contains("index.db (photoprism) accounts=10"), "{log}");
    assert!(log.contains("version=\"development\" edition=\"ce\""), "{log}");
    let status = home.ok("status", json!({}));
    let path = home.database().display().to_string();
    assert_eq!(
        status["database"],
        json!({"kind": "photoprism", "engine": "sqlite", "server": null, "path": path, "schema": null,
            "photoprism_version": "development", "edition": "ce"})
    );
    assert_eq!(status["counts"], json!({"users": 10, "deleted": 1, "sessions": 14, "logins": 0}));
}

#[test]
fn accounts_are_read_as_photoprism_stored_them() {
    let mut home = home();
    let people = [
        "admin",
        "bob",
        "alice",
        "dave",
        "erin",
        "nologin",
        "olga",
        "we irdname",
        "mixed.case",
        "mallory",
    ];
    assert_eq!(names(&mut home, json!({})), people);
    let all = names(&mut home, json!({"search": "all", "deleted": true}));
    assert_eq!(all.len(), 13);
    for (search, expected) in [
        ("bob", &["bob"][..]),
        ("WE ", &["we irdname"]),
        ("Alice Å", &["alice"]),
        ("bobb", &["bob"]),
        ("7", &["olga"]),
        ("utoykqdsx3vfdnhc", &["olga"]),
        ("m", &["mixed.case", "mallory"]),
        ("%", &[]),
        ("gone", &[]),
    ] {
        assert_eq!(names(&mut home, json!({"search": search})), expected, "{search}");
    }
    let mut show = |user: &str| home.ok("users.show", json!({"user": user}))["user"].clone();
    let admin = show("ADMIN");
    assert_eq!((&admin["role"], &admin["super_admin"]), (&json!("admin"), &json!(true)));
    assert_eq!(admin["login_at"], "2026-11-23T14:16:16Z");
    assert_eq!(show("alice")["may_webdav"], false, "guests may not");
    assert_eq!(show("alice")["webdav"], true);
    assert_eq!(
        (&show("dave")["two_factor"], &show("dave")["method"]),
        (&json!(true), &json!("2fa"))
    );
    assert_eq!(show("nologin")["may_login"], false);
    assert_eq!(show("nologin")["may_webdav"], true);
    assert_eq!(show(" We Irdname ")["uid"], "utoykqs5a2z4qsrf");
    assert_eq!(show("gone")["deleted_at"], "2026-11-23T14:11:44Z");
    assert_eq!(show("olga")["auth_id"], "8a2b4c6d-1111-2222");
    assert_eq!(show("erin")["display_name"], "Erin Root O'Neil");
}

#[test]
fn legacy_accounts_are_read() {
    let mut home = home();
    let items = home.ok("users.legacy", json!({}))["items"].clone();
    let names: Vec<&str> =
        items.as_array().unwrap().iter().map(|i| i["user_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "grandma", "bob"]);
    assert_eq!(
        home.ok("users.legacy", json!({"search": "Old"}))["items"],
        json!([{"id": 6, "uid": "uqz1r5w1rstuvwxy", "name": "Old Bob", "user_name": "bob",
            "email": "bob@example.org", "admin": true, "created_at": "2021-11-03T10:11:12Z"}])
    );
}

#[test]
fn pages_go_on_in_another_run() {
    let mut home = home();
    let first = home.ok("users.ls", json!({"limit": 4}));
    home.restart();
    let rest = names(&mut home, json!({"limit": 100, "cursor": first["next"]}));
    assert_eq!(rest, ["erin", "nologin", "olga", "we irdname", "mixed.case", "mallory"]);
}

#[test]
fn looks_leave_the_file_as_it_was_and_refusals_its_accounts() {
    let mut home = home();
    let token = "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87";
    for (cmd, args) in [
        ("users.ls", json!({"search": "all", "deleted": true})),
        ("users.legacy", json!({})),
        ("users.show", json!({"user": "bob"})),
        ("users.why", json!({"user": "bob"})),
        ("users.2fa.show", json!({"user": "dave"})),
        ("auth.ls", json!({})),
        ("auth.show", json!({"session": token})),
        ("logins.ls", json!({})),
        ("audit.ls", json!({})),
        ("status", json!({})),
    ] {
        home.ok(cmd, args);
    }
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    let bytes = |home: &TestDaemon| fs::read(home.database()).unwrap();
    assert!(bytes(&home) == fs::read(fixture()).unwrap());
    assert_eq!(fs::read_dir(home.data()).unwrap().count(), 2, "a read creates no file");
    for (cmd, args, code) in [
        ("users.add", json!({"name": "bob", "role": "admin", "password": "longenough"}), "exists"),
        ("users.mod", json!({"user": "bob", "role": "x"}), "invalid_argument"),
        ("users.rm", json!({"user": "admin"}), "conflict"),
        ("users.restore", json!({"user": "nobody"}), "not_found"),
        ("passwd.set", json!({"user": "olga", "password": "longenough"}), "conflict"),
    ] {
        let refused = home.refused(cmd, args);
        assert!(refused["code"] == code || refused["code"] == "invalid_argument", "{refused}");
    }
    home.kill();
    let entries = fs::read_dir(home.data()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(
        files,
        ["index.db", "index.db.lock", "photoprism-admin.db", "photoprism-admin.db-wal"]
    );
    assert!(bytes(&home) == fs::read(fixture()).unwrap(), "a refusal changes nothing there");
}

#[test]
fn what_photoprism_commits_is_seen_at_once_and_its_locks_are_waited_for() {
    let mut home = home();
    let photoprism = home.outside();
    photoprism.execute("UPDATE auth_users SET user_attr = 'new' WHERE id = 2", []).unwrap();
    let bob = |home: &mut TestDaemon| {
        home.ok("users.show", json!({"user": "bob"}))["user"]["attr"].clone()
    };
    assert_eq!(bob(&mut home), "new");
    // A reader does not mind a writer that has not committed, and keeps no writer waiting.
    photoprism.execute_batch("BEGIN").unwrap();
    photoprism.execute("UPDATE auth_users SET user_attr = 'newer' WHERE id = 2", []).unwrap();
    assert_eq!(bob(&mut home), "new");
    photoprism.execute_batch("COMMIT").unwrap();
    assert_eq!(bob(&mut home), "newer");
}

#[test]
fn text_is_read_from_any_storage_class() {
    let mut home = TestDaemon::new().with_database(fixture());
    home.open_database()
        .execute_batch(
            "UPDATE auth_users SET auth_id = 1234567890, base_path = X'66c3bc', user_attr = NULL,
               expires_at = '0001-01-01 00:00:00+00:00' WHERE id = 2;
             UPDATE auth_users SET user_name = 'utoykpbyxbu37oo7' WHERE id = 9;",
        )
        .unwrap();
    home.start();
    let bob = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
    assert_eq!(
        (&bob["auth_id"], &bob["base_path"], &bob["attr"], &bob["expires_at"]),
        (&json!("1234567890"), &json!("fü"), &json!(""), &Value::Null),
    );
    // A name that looks like a UID is found by it, unless it is somebody's UID.
    let found = home.ok("users.show", json!({"user": "utoykpbyxbu37oo7"}))["user"].clone();
    assert_eq!(found["uid"], "utoykqxt86b8nskn");
}

#[test]
fn a_database_that_does_not_exist_yet_is_waited_for() {
    let mut home = TestDaemon::new().with_database(fixture());
    fs::remove_file(home.database()).unwrap();
    home.start();
    assert!(home.running().log().contains("(photoprism, not there yet)"));
    assert_eq!(home.ok("ping", json!({}))["pong"], true);
    let database = home.ok("status", json!({}))["database"].clone();
    assert_eq!((&database["kind"], &database["schema"]), (&json!("photoprism"), &Value::Null));
    for (cmd, args) in [
        ("users.ls", json!({})),
        ("users.show", json!({"user": "bob"})),
        ("users.mod", json!({"user": "bob"})),
        ("audit.verify", json!({})),
    ] {
        assert_eq!(home.refused(cmd, args)["code"], "unavailable", "{cmd}");
    }
    assert!(!home.database().exists(), "never created by the daemon");
    let arriving = home.data().join("arriving");
    fs::copy(fixture(), &arriving).unwrap();
    fs::rename(arriving, home.database()).unwrap();
    assert_eq!(names(&mut home, json!({})).len(), 10);
}

#[test]
fn hashes_that_photoprism_refuses_are_warned_of_at_the_start() {
    let warned = |args: [&str; 1]| {
        let mut home = TestDaemon::new().with_database(fixture()).args(args);
        home.start();
        home.stop().contains("PhotoPrism refuses")
    };
    assert!(warned(["--password-hash=argon2id"]));
    assert!(!warned(["--password-hash=bcrypt"]));
}

#[test]
fn an_export_from_photoprism_is_imported_elsewhere_as_far_as_the_rules_go() {
    let mut attached = TestDaemon::new().with_database(fixture());
    attached.start();
    let page = attached.ok("users.export", json!({"secrets": true, "limit": 1000}));
    let rows: Vec<Value> = page["items"].as_array().unwrap().clone();
    let text: Vec<String> = rows.iter().map(Value::to_string).collect();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().any(|row| row["password_hash"].as_str().unwrap_or("").starts_with("$2a$")));
    let begun = attached.ok("users.import", json!({"text": text.join("\n")}))["import"].clone();
    let again = attached.ok("users.import", json!({"import": begun, "run": true}));
    assert_eq!((&again["counts"]["added"], &again["counts"]["updated"]), (&json!(0), &json!(0)));

    let mut own = TestDaemon::started();
    let begun = own.ok("users.import", json!({"text": text.join("\n")}))["import"].clone();
    let done = own.ok("users.import", json!({"import": begun, "run": true}));
    let items = done["items"].as_array().unwrap();
    for (row, item) in rows.iter().zip(items) {
        let name = row["name"].as_str().unwrap();
        let good =
            photoprism_protocol::name::UserName::parse(name).is_ok_and(|n| n.as_str() == name);
        match item["outcome"].as_str().unwrap() {
            "added" | "kept" | "unchanged" => {
                assert!(good && item["name"] == name, "{row}: {item}");
            }
            // What breaks a rule is reported and not changed.
            "refused" => assert!(!good || item["field"] != "name", "{row}: {item}"),
            other => panic!("{other}: {row}"),
        }
    }
    assert!(done["counts"]["added"].as_u64().unwrap() >= 5, "{done}");
    assert!(done["counts"]["refused"].as_u64().unwrap() >= 1, "{done}");
}
