//! Logins that succeed, and what they leave.

use std::time::Duration;

use photoprism_protocol::token::is_access_token;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    IP, PASSWORD, active, add_user, app_password, await_that, holding, items, login, login_from,
    quick, record, refusal, text, timed, token, with_bob,
};

#[test]
fn a_login_creates_a_session_with_all_that_was_given() {
    let mut home = with_bob();
    let mut args = login_from("::ffff:192.0.2.9", " BoB\t", PASSWORD);
    args["realm"] = json!("webdav");
    args["user_agent"] = json!("Agent/1");
    args["client_name"] = json!("Gate");
    args["passcode"] = json!("ignored without two-factor authentication");
    args["scope"] = json!("photos");
    let created = home.ok("auth.login", args);
    assert_eq!(created.as_object().unwrap().len(), 3);
    let secret = text(&created["secret"]);
    assert!(is_access_token(&secret), "{secret}");
    let (session, user) = (&created["session"], &created["user"]);
    assert_eq!(user["name"], "bob");
    assert!(user["login_at"].is_string(), "{user}");
    assert_eq!(
        *session,
        json!({"id": session["id"], "user": {"uid": user["uid"], "name": "bob"},
            "client_name": "Gate", "client_uid": "", "provider": "local", "method": "default",
            "grant": "password", "scope": "", "login_ip": "192.0.2.9", "client_ip": "192.0.2.9",
            "user_agent": "Agent/1", "last_active": session["last_active"],
            "login_at": session["created_at"], "created_at": session["created_at"],
            "expires_at": session["expires_at"], "idle_timeout_s": 604_800, "expired": false})
    );
    let active = home.ok("auth.verify", json!({"token": secret}));
    let lifetime = active["exp"].as_i64().unwrap() - active["iat"].as_i64().unwrap();
    assert_eq!((lifetime, &active["scope"]), (1_209_600, &json!("*")));
    let record = record(&mut home, "bob");
    assert_eq!(
        (&record["realm"], &record["user_agent"], &record["client_ip"], &record["status"]),
        (&json!("webdav"), &json!("Agent/1"), &json!("192.0.2.9"), &json!("OK"))
    );
}

#[test]
fn a_check_creates_no_session() {
    let mut home = with_bob();
    let mut args = login("bob", PASSWORD);
    args["session"] = json!(false);
    let checked = home.ok("auth.login", args.clone());
    assert_eq!((&checked["session"], &checked["secret"]), (&Value::Null, &Value::Null));
    assert_eq!(checked["user"]["name"], "bob");
    assert!(items(&mut home, "auth.ls", json!({})).is_empty());
    assert_eq!(record(&mut home, "bob")["status"], "OK");
    args["scope"] = json!("anything");
    home.ok("auth.login", args);
}

#[test]
fn an_app_password_needs_its_scope() {
    let mut home = with_bob();
    for (held, session, scope, let_in) in [
        ("sessions", true, None, true),
        ("*", true, None, true),
        ("webdav", true, None, false),
        ("webdav", true, Some("webdav"), false),
        ("sessions", true, Some("webdav"), true),
        ("webdav", false, Some("webdav"), true),
        ("webdav", false, Some("WebDAV, webdav"), true),
        ("webdav", false, Some("webdav photos"), false),
        ("photos webdav", false, Some("webdav photos"), true),
        ("*", false, Some("webdav"), true),
        ("sessions", false, Some("webdav"), false),
        ("webdav", false, Some("*"), false),
        ("webdav", false, None, false),
        ("sessions", false, None, true),
    ] {
        let app = app_password(&mut home, "bob", held);
        let mut args = login("bob", &app);
        args["session"] = json!(session);
        if let Some(scope) = scope {
            args["scope"] = json!(scope);
        }
        let reply = home.call("auth.login", args.clone());
        assert_eq!(reply["ok"], let_in, "{held} {args} {reply}");
        if let_in {
            assert_eq!(reply["result"]["session"].is_object(), session);
        } else {
            assert_eq!(record(&mut home, "bob")["status"], "scope");
        }
        home.ok("logins.clear", json!({}));
    }
}

#[test]
fn names_are_found_in_every_spelling_and_emails_are_not() {
    let mut home = quick();
    home.start();
    let args = json!({"name": "zoë", "role": "user", "password": PASSWORD,
        "email": "zoe@example.org"});
    home.ok("users.add", args);
    for name in ["zoë", "ZOË", " Zoë\n", "zoe\u{308}"] {
        home.ok("auth.login", login(name, PASSWORD));
    }
    for name in ["zoe@example.org", "zoe", "zo"] {
        assert_eq!(refusal(&mut home, login(name, PASSWORD)), "invalid_credentials", "{name}");
    }
    let found = items(&mut home, "logins.ls", json!({"search": "zo"}));
    let names: Vec<_> = found.iter().map(|item| text(&item["name"])).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn refusals_leave_no_sooner_than_the_floor() {
    let mut home = TestDaemon::new().args(["--refusal-floor", "700", "--login-burst", "2"]);
    home.start();
    add_user(&mut home, "bob");
    for (args, code) in [
        (login("bob", "wrong password"), "invalid_credentials"),
        (login("nobody", "wrong password"), "invalid_credentials"),
        (login("nobody", "wrong password"), "rate_limited"),
    ] {
        let (error, took) = timed(|| refusal(&mut home, args));
        assert_eq!(error, code);
        assert!(took >= Duration::from_millis(700), "{code} after {took:?}");
    }
}

/// An administrator works while refused logins wait for the floor.
#[test]
fn waiting_for_the_floor_holds_nobody_up() {
    let mut home = TestDaemon::new().args(["--refusal-floor", "5000"]);
    home.start();
    let mut waiting: Vec<Client> = (0..8).map(|_| home.connect()).collect();
    for client in &mut waiting {
        let line = json!({"cmd": "auth.login", "args": login("nobody", "wrong password")});
        client.send(format!("{line}\n"));
    }
    let ((), took) = timed(|| drop(home.ok("users.ls", json!({}))));
    assert!(took < Duration::from_secs(4), "{took:?}");
    for client in &mut waiting {
        assert_eq!(client.reply()["error"]["code"], "invalid_credentials");
    }
}

#[test]
fn a_hash_of_another_scheme_is_upgraded_once_the_password_is_known() {
    let mut home = with_bob();
    // bcrypt of `mysecret2`, cost 4.
    let old = bcrypt_of_password();
    let stored = |home: &mut TestDaemon| -> String {
        home.offline(|database| {
            let statement = "SELECT hash FROM passwords WHERE uid =
                 (SELECT user_uid FROM auth_users WHERE user_name = 'bob')";
            database.query_row(statement, [], |row| row.get(0)).unwrap()
        })
    };
    home.offline(|database| {
        let statement = "UPDATE passwords SET hash = ?1 WHERE uid =
             (SELECT user_uid FROM auth_users WHERE user_name = 'bob')";
        assert_eq!(database.execute(statement, [&old]).unwrap(), 1);
        // Nothing is left of the one before.
        database.execute_batch("VACUUM").unwrap();
    });
    assert!(holding(&home.data(), "$argon2id$").is_empty());
    assert_eq!(refusal(&mut home, login("bob", "wrong password")), "invalid_credentials");
    assert_eq!(stored(&mut home), old, "nobody proved to know it");
    let session = token(&mut home, "bob");
    let data = home.data();
    await_that("a better hash", || {
        if holding(&data, "$argon2id$").is_empty() { Err("none yet".into()) } else { Ok(()) }
    });
    let hash = stored(&mut home);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(active(&mut home, &session), "no session ends for it");
    assert_eq!(refusal(&mut home, login("bob", "wrong password")), "invalid_credentials");
    token(&mut home, "bob");
    assert_eq!(stored(&mut home), hash, "it is good now");
}

fn bcrypt_of_password() -> String {
    bcrypt::hash(PASSWORD, 4).unwrap()
}

#[test]
fn absurd_hashes_are_wrong_passwords_at_once() {
    let mut home = with_bob();
    for hash in [
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE",
        "$argon2id$v=19$m=19456,t=11,p=1$c29tZXNhbHRzb21lc2FsdA$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE",
        "$2a$31$abcdefghijklmnopqrstuuO0k5Q9n3r7i9nYk3pHSHuL6lqWVQb1e",
        "nonsense",
    ] {
        home.offline(|database| {
            let statement = "UPDATE passwords SET hash = ?1 WHERE uid =
                 (SELECT user_uid FROM auth_users WHERE user_name = 'bob')";
            assert_eq!(database.execute(statement, [hash]).unwrap(), 1);
        });
        assert_eq!(refusal(&mut home, login("bob", PASSWORD)), "invalid_credentials");
        assert_eq!(record(&mut home, "bob")["status"], "wrong password", "{hash}");
    }
}

/// All of them in as few seconds as they take: the newest is never the one that goes.
#[test]
fn an_account_has_at_most_a_thousand_live_logins() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "sessions");
    let line = format!("{}\n", json!({"cmd": "auth.login", "args": login("bob", &app)}));
    let mut clients: Vec<Client> = (0..16).map(|_| home.connect()).collect();
    for _ in 0..63 {
        for client in &mut clients {
            client.send(&line);
        }
        for client in &mut clients {
            assert_eq!(client.reply()["ok"], true);
        }
    }
    let logins = |home: &mut TestDaemon| home.ok("status", json!({}))["counts"]["sessions"].clone();
    assert_eq!(logins(&mut home), 1001, "the app password is none of them");
    for _ in 0..50 {
        let newest = text(&clients[0].ok("auth.login", login("bob", &app))["secret"]);
        assert!(active(&mut home, &newest), "the oldest goes, not the newest");
    }
    assert_eq!(logins(&mut home), 1001);
    add_user(&mut home, "eve");
    token(&mut home, "eve");
    assert_eq!(logins(&mut home), 1002, "another account");
    assert!(active(&mut home, &app));
    assert_eq!(record(&mut home, "bob")["client_ip"], IP);
}

#[test]
fn a_password_is_the_same_composed_or_not() {
    let (composed, not) = ("Gr\u{fc}\u{df}e-\u{e4}\u{f6}", "Gru\u{308}\u{df}e-a\u{308}o\u{308}");
    let mut home = quick();
    home.start();
    for (name, password) in [("bob", composed), ("eve", not)] {
        let args = json!({"name": name, "role": "user", "password": password});
        home.ok("users.add", args);
        for typed in [composed, not] {
            home.ok("auth.login", login(name, typed));
        }
        assert_eq!(
            refusal(&mut home, login(name, "Gr\u{fc}\u{df}e-\u{e4}o")),
            "invalid_credentials"
        );
    }
    // It is counted as it is composed: four characters.
    let short = json!({"user": "bob", "password": "a\u{308}".repeat(4)});
    assert_eq!(home.refused("passwd.set", short)["field"], "password");
    // An older hash of what was typed holds, computed by the C library.
    let old = "$2b$04$abcdefghijklmnopqrstuuIKwmyWxlcYceEBGyvPaTXFgUkmDtUc6";
    let row = json!({"name": "old", "role": "user", "password_hash": old});
    let begun = home.ok("users.import", json!({"text": row.to_string()}));
    home.ok("users.import", json!({"import": begun["import"], "run": true}));
    assert_eq!(refusal(&mut home, login("old", composed)), "invalid_credentials");
    home.ok("auth.login", login("old", not));
}

#[test]
fn in_photoprisms_database_a_password_is_what_is_typed() {
    let file =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(file);
    home.start();
    let (composed, not) = ("Gr\u{fc}\u{df}e-und", "Gru\u{308}\u{df}e-und");
    home.ok("passwd.set", json!({"user": "bob", "password": not}));
    home.ok("auth.login", login("bob", not));
    assert_eq!(refusal(&mut home, login("bob", composed)), "invalid_credentials");
}
