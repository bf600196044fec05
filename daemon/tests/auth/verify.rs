//! `auth.verify` and `auth.logout`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    active, add_user, app_password, await_that, items, login, quick, text, token, unix, with_bob,
};

fn is_active(home: &mut TestDaemon, args: Value) -> bool {
    home.ok("auth.verify", args)["active"] == true
}

#[test]
fn the_answer_is_that_of_rfc_7662() {
    let mut home = with_bob();
    let uid = text(&home.ok("users.show", json!({"user": "bob"}))["user"]["uid"]);
    let before = unix();
    let created = home.ok(
        "auth.add",
        json!({"name": "Phone", "scope": "web dav", "user": "bob", "expires_in": 1000}),
    );
    let answer = home.ok("auth.verify", json!({"token": created["secret"]}));
    let iat = answer["iat"].as_i64().unwrap();
    assert!((before..=unix()).contains(&iat));
    assert_eq!(
        answer,
        json!({"active": true, "scope": "dav web", "username": "bob", "sub": uid,
            "client_id": null, "client_name": "Phone", "exp": iat + 1000, "iat": iat,
            "session": created["session"]["id"], "role": "user", "email": null,
            "base_path": null})
    );
    let created = home.ok("auth.add", json!({"name": "M", "scope": "*", "expires_in": -1}));
    let answer = home.ok("auth.verify", json!({"token": created["secret"]}));
    assert_eq!(
        answer,
        json!({"active": true, "scope": "*", "username": null, "sub": null, "client_id": null,
            "client_name": "M", "exp": null, "iat": answer["iat"],
            "session": created["session"]["id"], "role": null, "email": null,
            "base_path": null})
    );
    let session = token(&mut home, "bob");
    let answer = home.ok("auth.verify", json!({"token": session}));
    assert_eq!((&answer["scope"], &answer["client_name"]), (&json!("*"), &Value::Null));
    home.ok(
        "users.mod",
        json!({"user": "bob", "role": "admin", "super_admin": true,
        "keep_sessions": true}),
    );
    assert_eq!(home.ok("auth.verify", json!({"token": session}))["role"], "admin");
    for (email, base_path) in
        [("bob@example.com", "users/bob"), ("bob@example.org", LONG), ("", "")]
    {
        let fields = json!({"user": "bob", "email": email, "base_path": base_path,
            "keep_sessions": true});
        home.ok("users.mod", fields);
        let answer = home.ok("auth.verify", json!({"token": session}));
        let shown = [&answer["email"], &answer["base_path"]];
        let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        assert_eq!(shown, [&text(email), &text(base_path)]);
    }
}

/// Longer than what is kept in memory of an account.
const LONG: &str = "users/bob/a-directory-with-a-name-that-nobody-would-type/and-one-more-below-it/\
                    which-is-nearly-as-long-as-that";

#[test]
fn scope_and_name_must_both_be_held() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "dav web");
    let all = app_password(&mut home, "bob", "*");
    let session = token(&mut home, "bob");
    let access = text(&home.ok("auth.add", json!({"name": "M", "scope": "metrics"}))["secret"]);
    for (token, rest, expected) in [
        (&app, json!({"scope": "web"}), true),
        (&app, json!({"scope": "WEB,dav"}), true),
        (&app, json!({"scope": "web photos"}), false),
        (&app, json!({"scope": "*"}), false),
        (&app, json!({"name": " BOB"}), true),
        (&app, json!({"name": "eve"}), false),
        (&app, json!({"name": ""}), false),
        (&app, json!({"name": "bob", "scope": "photos"}), false),
        (&all, json!({"scope": "anything *".replace(" *", "")}), true),
        (&all, json!({"scope": "*"}), true),
        (&session, json!({"scope": "a b c", "name": "bob"}), true),
        (&access, json!({"scope": "metrics"}), true),
        (&access, json!({"name": "bob"}), false),
        (&access, json!({"name": ""}), false),
    ] {
        let mut args = rest.clone();
        args["token"] = json!(token);
        assert_eq!(is_active(&mut home, args), expected, "{rest}");
    }
    for (field, value) in
        [("scope", ""), ("scope", " "), ("scope", "a/b"), ("client_ip", "x"), ("client_ip", "")]
    {
        let mut args = json!({"token": app});
        args[field] = json!(value);
        let fault = home.fault("auth.verify", args);
        assert_eq!(fault, ("invalid_argument".to_owned(), field.to_owned()), "{value:?}");
    }
    let id = home.ok("auth.show", json!({"session": app}))["session"]["id"].clone();
    for token in [json!(""), json!("x"), id, json!("0".repeat(48)), json!("0".repeat(64))] {
        assert_eq!(
            home.ok("auth.verify", json!({"token": token})),
            json!({"active": false}),
            "{token}"
        );
    }
    assert_eq!(home.fault("auth.verify", json!({})).0, "bad_request");
    // A failed check does not count as a use.
    assert!(items(&mut home, "auth.ls", json!({"search": "M"})).len() == 1);
}

#[test]
fn an_account_that_is_disabled_has_no_active_token() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "*");
    let access = text(&home.ok("auth.add", json!({"name": "M", "scope": "a"}))["secret"]);
    for (change, back) in [
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), json!({"expires_at": "never"})),
        (json!({"provider": "none"}), json!({"provider": "local"})),
    ] {
        for (with, expected) in [(change, false), (back, true)] {
            let mut args = with.clone();
            args["user"] = json!("bob");
            home.ok("users.mod", args);
            assert_eq!(active(&mut home, &app), expected, "{with}");
            home.restart();
            assert_eq!(active(&mut home, &app), expected, "{with} after a restart");
            assert!(active(&mut home, &access));
        }
    }
    home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    assert_eq!(home.ok("auth.verify", json!({"token": app}))["role"], "guest");
    let webdav = json!({"token": app, "scope": "webdav"});
    for (change, expected) in [
        (json!({"can_login": false}), false),
        (json!({"webdav": true}), false),
        (json!({"role": "user"}), true),
        (json!({"webdav": false}), false),
        (json!({"webdav": true}), true),
    ] {
        let mut args = change.clone();
        args["user"] = json!("bob");
        home.ok("users.mod", args);
        for _ in 0..2 {
            assert!(!active(&mut home, &app), "{change}");
            let answer = home.ok("auth.verify", webdav.clone());
            let scope = if expected { json!("webdav") } else { Value::Null };
            assert_eq!(
                (&answer["active"], &answer["scope"]),
                (&json!(expected), &scope),
                "{change}"
            );
            home.restart();
        }
        assert!(active(&mut home, &access));
    }
    home.ok("users.mod", json!({"user": "bob", "role": "admin", "super_admin": true}));
    home.ok("users.mod", json!({"user": "bob", "expires_at": "2020-01-01T00:00:00Z"}));
    assert!(active(&mut home, &app), "a super admin does not expire");
    // It expires between two checks.
    add_user(&mut home, "eve");
    let soon = app_password(&mut home, "eve", "*");
    let at = rfc_3339(unix() + 2);
    home.ok("users.mod", json!({"user": "eve", "expires_at": at}));
    await_that("the end of the account", || {
        if active(&mut home, &soon) { Err("active".into()) } else { Ok(()) }
    });
}

fn rfc_3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

#[test]
fn sessions_end_by_age_and_by_idling() {
    let mut home = quick().args(["--session-maxage", "3", "--session-timeout", "-1"]);
    home.start();
    add_user(&mut home, "bob");
    let aged = token(&mut home, "bob");
    let created = unix();
    await_that("the end by age", || {
        if active(&mut home, &aged) { Err("active".into()) } else { Ok(()) }
    });
    assert!((2..=5).contains(&(unix() - created)), "{}", unix() - created);
    let shown = home.ok("auth.show", json!({"session": aged}))["session"].clone();
    assert_eq!((&shown["expired"], &shown["idle_timeout_s"]), (&json!(true), &Value::Null));
    assert_eq!(items(&mut home, "auth.ls", json!({"search": "expired"})).len(), 1);

    let mut home = quick().args(["--session-maxage", "-1", "--session-timeout", "3"]);
    home.start();
    add_user(&mut home, "bob");
    let idle = token(&mut home, "bob");
    let used = token(&mut home, "bob");
    let begun = unix();
    await_that("the end by idling", || {
        assert!(active(&mut home, &used), "it is used all the time");
        let shown = home.ok("auth.show", json!({"session": idle}))["session"].clone();
        assert_eq!((&shown["expires_at"], &shown["idle_timeout_s"]), (&Value::Null, &json!(3)));
        if shown["expired"] == true { Ok(()) } else { Err(shown.to_string()) }
    });
    assert!((2..=5).contains(&(unix() - begun)));
    assert!(!active(&mut home, &idle));
    let expired = items(&mut home, "auth.ls", json!({"search": "expired"}));
    assert_eq!(expired.len(), 1, "what is used has not ended: {expired:?}");
}

#[test]
fn logging_out_ends_what_a_login_created() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "sessions");
    let access = text(&home.ok("auth.add", json!({"name": "M", "scope": "a"}))["secret"]);
    let session = token(&mut home, "bob");
    let child = text(&home.ok("auth.login", login("bob", &app))["secret"]);
    let id = text(&home.ok("auth.show", json!({"session": session}))["session"]["id"]);
    let mut logout = |token: &str| home.ok("auth.logout", json!({"token": token}));
    for token in [&app, &access, &id, "", "x", &"0".repeat(48)] {
        assert_eq!(logout(token), json!({"removed": false}), "{token}");
    }
    for token in [&session, &child] {
        assert_eq!(logout(token), json!({"removed": true}));
        assert_eq!(logout(token), json!({"removed": false}));
    }
    for (token, expected) in [(&app, true), (&access, true), (&session, false), (&child, false)] {
        assert_eq!(active(&mut home, token), expected);
    }
    home.restart();
    for (token, expected) in [(&app, true), (&access, true), (&session, false), (&child, false)] {
        assert_eq!(active(&mut home, token), expected);
    }
    let trail = items(&mut home, "audit.ls", json!({}));
    let commands: Vec<_> = trail.iter().map(|item| text(&item["command"])).collect();
    assert!(
        !commands.iter().any(|cmd| cmd == "auth.logout" || cmd == "auth.verify"),
        "{commands:?}"
    );
}

/// 10,000 rounds: while others ask for it all the time, a token is never active after its
/// revocation was acknowledged.
#[test]
fn a_revoked_token_is_never_active() {
    const ROUNDS: usize = 10_000;
    let home = with_bob();
    let mut admin = home.connect();
    let stop = AtomicBool::new(false);
    let (revoked, seen) = (std::sync::Mutex::new(String::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut client: Client = home.connect();
            let (stop, revoked, seen) = (&stop, &revoked, &seen);
            scope.spawn(move || {
                while !stop.load(Ordering::Acquire) {
                    let token = revoked.lock().unwrap().clone();
                    assert!(!active(&mut client, &token), "active after its revocation");
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut second = home.connect();
        for round in 0..ROUNDS {
            let created = admin.ok("auth.add", json!({"name": "x", "scope": "a", "user": "bob"}));
            let secret = text(&created["secret"]);
            // Asked for while it ends: that may go either way.
            let line = json!({"cmd": "auth.verify", "args": {"token": secret}});
            second.send(format!("{line}\n"));
            let end =
                if round % 2 == 0 { &secret } else { created["session"]["id"].as_str().unwrap() };
            assert_eq!(admin.ok("auth.rm", json!({"session": end}))["removed"], 1);
            assert!(!active(&mut admin, &secret), "round {round}");
            second.reply();
            assert!(!active(&mut second, &secret), "round {round}");
            *revoked.lock().unwrap() = secret;
        }
        stop.store(true, Ordering::Release);
    });
    assert!(seen.into_inner() > ROUNDS / 10);
}
