//! `auth.verify` until the session index is full: the database is read, and nothing else differs.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{active, add_user, app_password, items, login, quick, text, token};

/// A daemon that never fills its index.
fn unfilled() -> TestDaemon {
    let mut home = quick().faulty("never-fill-index");
    home.start();
    add_user(&mut home, "bob");
    home
}

#[test]
fn tokens_are_checked_and_end_as_with_a_full_index() {
    let mut home = unfilled();
    let app = app_password(&mut home, "bob", "dav sessions");
    let access = text(&home.ok("auth.add", json!({"name": "M", "scope": "a"}))["secret"]);
    let session = token(&mut home, "bob");
    let child = text(&home.ok("auth.login", login("bob", &app))["secret"]);
    let is_active =
        |home: &mut TestDaemon| [&app, &access, &session, &child].map(|token| active(home, token));
    assert_eq!(is_active(&mut home), [true; 4]);
    home.restart();
    assert_eq!(is_active(&mut home), [true; 4]);
    let of_app = home.ok("auth.verify", json!({"token": app, "scope": "dav", "name": "bob"}));
    assert_eq!((&of_app["username"], &of_app["scope"]), (&json!("bob"), &json!("dav sessions")));
    for wrong in [json!({"scope": "photos"}), json!({"name": "eve"})] {
        let mut args = wrong.clone();
        args["token"] = json!(app);
        assert_eq!(home.ok("auth.verify", args), json!({"active": false}), "{wrong}");
    }
    home.ok("users.mod", json!({"user": "bob", "expires_at": "2020-01-01T00:00:00Z"}));
    assert_eq!(is_active(&mut home), [false, true, false, false]);
    home.ok("users.mod", json!({"user": "bob", "expires_at": "never"}));
    // What the change ended stays ended.
    assert_eq!(is_active(&mut home)[..2], [true, true]);
    let child = text(&home.ok("auth.login", login("bob", &app))["secret"]);
    assert!(active(&mut home, &child));
    home.ok("auth.rm", json!({"session": app}));
    assert!(!active(&mut home, &app) && !active(&mut home, &child));
    home.ok("users.rm", json!({"user": "bob"}));
    home.ok("auth.reset", json!({}));
    assert!(!active(&mut home, &access));
}

#[test]
fn a_use_is_shown_at_once_and_written_at_the_end() {
    let mut home = unfilled();
    let app = app_password(&mut home, "bob", "dav");
    let last_use = |home: &mut TestDaemon| {
        let shown = home.ok("auth.show", json!({"session": app}))["session"].clone();
        (shown["last_active"].clone(), shown["client_ip"].clone())
    };
    assert_eq!(last_use(&mut home).0, Value::Null);
    let check = json!({"token": app, "client_ip": "192.0.2.9"});
    assert_eq!(home.ok("auth.verify", check)["active"], true);
    let shown = last_use(&mut home);
    assert!(shown.0 != Value::Null && shown.1 == "192.0.2.9", "{shown:?}");
    home.restart();
    assert_eq!(last_use(&mut home), shown);
}

/// The token of a session that [`many_sessions`] creates.
fn token_of(number: usize) -> String {
    format!("{number:048x}")
}

/// Sessions of Bob, as many that filling the index takes a while.
fn many_sessions(home: &mut TestDaemon, uid: &str, count: usize) {
    home.stop();
    let database = home.open_database();
    database.execute_batch("BEGIN").unwrap();
    for number in 0..count {
        let id = data_encoding::HEXLOWER.encode(&Sha256::digest(token_of(number)));
        let statement = "INSERT INTO auth_sessions (id, ref_id, user_uid, user_name, auth_provider,
               auth_method, grant_type, created_at)
             VALUES (?1, ?2, ?3, 'bob', 'local', 'default', 'password', '2026-11-24 08:00:00')";
        database.execute(statement, [&id, &format!("sess{number:08}"), uid]).unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
}

#[test]
fn while_it_is_filled_no_token_is_active_after_its_revocation() {
    const SESSIONS: usize = 20_000;
    let mut home = quick();
    home.start();
    let uid = add_user(&mut home, "bob");
    many_sessions(&mut home, &uid, SESSIONS);
    home.start();
    let mut client = home.connect();
    // Ended while filling is on its way to them, or past them; every other one stays.
    for number in (0..SESSIONS).step_by(40) {
        let token = token_of(number);
        assert!(active(&mut client, &token), "{number}");
        assert_eq!(client.ok("auth.rm", json!({"session": token}))["removed"], 1);
        assert!(!active(&mut client, &token), "{number}");
        assert!(active(&mut client, &token_of(number + 1)), "{number}");
        let created = client.ok("auth.add", json!({"name": "x", "scope": "a", "user": "bob"}));
        let secret = text(&created["secret"]);
        assert!(active(&mut client, &secret));
        if number % 80 == 0 {
            client.ok("auth.rm", json!({"session": secret}));
            assert!(!active(&mut client, &secret));
        }
    }
    for number in 0..SESSIONS {
        assert_eq!(active(&mut client, &token_of(number)), number % 40 != 0, "{number}");
    }
    client.ok("users.mod", json!({"user": "bob", "provider": "none"}));
    for number in 0..SESSIONS {
        assert!(!active(&mut client, &token_of(number)), "{number}");
    }
}

#[test]
fn after_a_restore_the_sessions_of_the_backup_are_active_at_once() {
    const SESSIONS: usize = 2_000;
    let mut home = quick();
    home.start();
    let uid = add_user(&mut home, "bob");
    many_sessions(&mut home, &uid, SESSIONS);
    home.start();
    let backup = text(&home.ok("backup.create", json!({}))["file"]);
    let later = app_password(&mut home, "bob", "*");
    assert!(active(&mut home, &later));
    for _ in 0..3 {
        home.ok("auth.rm", json!({"session": token_of(1)}));
        assert!(!active(&mut home, &token_of(1)));
        let args = json!({"file": backup, "with_sessions": true});
        home.ok("backup.restore", args);
        for number in [0, 1, SESSIONS / 2, SESSIONS - 1] {
            assert!(active(&mut home, &token_of(number)), "{number}");
        }
        assert!(!active(&mut home, &later), "it was created after the backup");
        home.ok("auth.rm", json!({"session": token_of(0)}));
        assert!(!active(&mut home, &token_of(0)));
    }
    home.ok("backup.restore", json!({"file": backup}));
    for number in 0..SESSIONS {
        assert!(!active(&mut home, &token_of(number)), "{number}");
    }
    assert!(items(&mut home, "auth.ls", json!({})).is_empty());
}
