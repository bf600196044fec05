//! Secrets of sessions: in one reply, and nowhere else.

use std::path::Path;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{add_user, app_password, holding, login, text};

#[test]
fn only_the_hash_of_a_secret_is_stored_and_nothing_is_logged() {
    let mut home = TestDaemon::new().args(["--refusal-floor", "0", "--log-level", "trace"]);
    home.start();
    add_user(&mut home, "bob");
    let mut secrets = vec![
        app_password(&mut home, "bob", "sessions"),
        text(&home.ok("auth.add", json!({"name": "x", "scope": "a"}))["secret"]),
        text(&home.ok("auth.login", login("bob", crate::setup::PASSWORD))["secret"]),
    ];
    let child = home.ok("auth.login", login("bob", &secrets[0]))["secret"].clone();
    secrets.push(text(&child));
    let enrolled = home.ok("users.2fa.enroll", json!({"user": "bob"}));
    let key = text(&enrolled["key"]);
    let mut replies = String::new();
    for secret in &secrets {
        for (cmd, args) in [
            ("auth.show", json!({"session": secret})),
            ("auth.ls", json!({"search": secret})),
            ("auth.verify", json!({"token": secret})),
        ] {
            replies += &home.ok(cmd, args).to_string();
        }
        home.call("auth.login", login(secret, secret));
        home.call("auth.show", json!({"session": secret[1..]}));
        home.call("users.show", json!({"user": secret}));
    }
    for secret in &secrets[..3] {
        home.ok("auth.rm", json!({"session": secret}));
    }
    replies += &home.ok("audit.ls", json!({})).to_string();
    replies += &home.ok("users.show", json!({"user": "bob"})).to_string();
    replies += &home.ok("users.why", json!({"user": "bob"})).to_string();
    replies += &home.ok("users.2fa.show", json!({"user": "bob"})).to_string();
    for secret in secrets.iter().chain([&key]) {
        assert!(!replies.contains(secret.as_str()), "{secret} in {replies}");
    }
    let path = home.root().to_owned();
    let log = home.stop();
    assert!(!holding(&path, &key).is_empty(), "a key that is stored is found");
    assert!(!log.contains(&key) && !log.contains("otpauth"), "{log}");
    // A name is recorded and logged as it was typed, so that its owner can see the slip.
    let log: Vec<&str> = log.lines().filter(|line| !line.contains("login refused")).collect();
    for secret in &secrets {
        let lines: Vec<_> = log.iter().filter(|line| line.contains(secret.as_str())).collect();
        assert!(lines.is_empty(), "{lines:?}");
    }
}

#[test]
fn the_files_of_the_daemon_hold_no_secret() {
    let mut home = TestDaemon::new().args(["--refusal-floor", "0"]);
    home.start();
    add_user(&mut home, "bob");
    let app = app_password(&mut home, "bob", "sessions");
    let token = text(&home.ok("auth.login", login("bob", &app))["secret"]);
    let line = json!({"cmd": "auth.add", "key": "a-key-of-mine", "args":
        {"name": "x", "scope": "a"}});
    let keyed = text(&home.ask(&line.to_string())["result"]["secret"]);
    let root = home.root().to_owned();
    for secret in [&app, &token, &keyed] {
        assert_eq!(holding(&root, secret), Vec::<String>::new(), "while it runs");
    }
    let backup = home.ok("auth.reset", json!({}))["backup"].clone();
    assert!(std::fs::exists(text(&backup)).unwrap());
    home.stop();
    for secret in [&app, &token, &keyed] {
        assert_eq!(holding(&root, secret), Vec::<String>::new(), "after the stop");
    }
    assert!(!holding(&root, "mixed").is_empty() || !holding(&root, "bob").is_empty());
}

/// What SQLite deletes without overwriting it stays in the pages of the file.
#[test]
fn a_key_and_a_hash_that_were_removed_are_in_no_file() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    for photoprism in [false, true] {
        let mut home = TestDaemon::new().args(["--refusal-floor", "0"]);
        if photoprism {
            home = home.with_database(Path::new(fixture));
        }
        home.start();
        let mut secrets = Vec::new();
        for user in ["zoe", "yan", "xia"] {
            add_user(&mut home, user);
            let args = json!({"user": user, "password": "another1", "show_hash": true});
            secrets.push(text(&home.ok("passwd.set", args)["hash"]));
            let enrolled = home.ok("users.2fa.enroll", json!({"user": user}));
            secrets.push(text(&enrolled["key"]));
        }
        home.stop();
        let root = home.data();
        for secret in &secrets {
            assert!(!holding(&root, secret).is_empty(), "what is stored is found");
        }
        home.start();
        for user in ["zoe", "yan", "xia"] {
            home.ok("users.2fa.disable", json!({"user": user}));
            home.ok("passwd.remove", json!({"user": user}));
        }
        home.stop();
        for secret in &secrets {
            assert_eq!(holding(&root, secret), Vec::<String>::new(), "{photoprism}");
        }
        let database = rusqlite::Connection::open(home.database()).unwrap();
        let removed = "PRAGMA secure_delete = 0;
            INSERT INTO passwords (uid, hash) VALUES ('u', 'a hash that stays');
            DELETE FROM passwords WHERE uid = 'u'";
        database.execute_batch(removed).unwrap();
        drop(database);
        assert!(!holding(&root, "a hash that stays").is_empty(), "without overwriting it");
    }
}
