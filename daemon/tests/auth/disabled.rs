//! `PHOTOPRISM_DISABLE_FEATURES` with app passwords in it: none is created, and none is accepted.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    PASSWORD, active, app_password, login, quick, record, refusal, text, token, with_bob,
};

/// An account with an app password, a session that was created from it, and an ordinary login.
struct Before {
    home: TestDaemon,
    app: String,
    child: String,
    session: String,
    access: String,
}

fn before() -> Before {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "*");
    let child = text(&home.ok("auth.login", login("bob", &app))["secret"]);
    let session = token(&mut home, "bob");
    let access = text(&home.ok("auth.add", json!({"name": "x", "scope": "*"}))["secret"]);
    Before { home, app, child, session, access }
}

/// The same daemon, started again with that list, and without it.
fn disabled(home: &mut TestDaemon, list: &str) {
    home.set_env("PHOTOPRISM_DISABLE_FEATURES", list);
    home.restart();
}

#[test]
fn none_is_created_and_the_message_says_what_to_do() {
    let Before { mut home, .. } = before();
    disabled(&mut home, "upload app-passwords");
    let asked = |user: &str| json!({"name": "x", "scope": "a", "user": user});
    let refused = home.refused("auth.add", asked("bob"));
    assert_eq!(refused["code"], "conflict");
    assert_eq!(
        refused["message"],
        "app passwords are disabled (PHOTOPRISM_DISABLE_FEATURES), one would not work; take \
         app-passwords out of that setting of the daemon and of PhotoPrism, and restart both"
    );
    assert_eq!(home.refused("auth.add", asked("nobody"))["code"], "not_found");
    assert_eq!(home.refused("auth.add", asked("u000000000000001"))["code"], "conflict");
    // An access token belongs to nobody.
    let access = home.ok("auth.add", json!({"name": "x", "scope": "a"}));
    assert!(active(&mut home, &text(&access["secret"])));
}

#[test]
fn none_is_active_nor_what_was_created_from_one() {
    let Before { mut home, app, child, session, access } = before();
    for (list, accepted) in [("app-passwords", false), ("upload", true), ("App_Password", false)] {
        disabled(&mut home, list);
        for secret in [&app, &child] {
            assert_eq!(active(&mut home, secret), accepted, "{list}");
            let webdav = json!({"token": secret, "scope": "webdav", "name": "bob"});
            assert_eq!(home.ok("auth.verify", webdav)["active"], accepted, "{list}");
        }
        for secret in [&session, &access] {
            assert!(active(&mut home, secret), "{list}");
        }
    }
    // Its rows are there all the same.
    let shown = home.ok("auth.show", json!({"session": app}))["session"].clone();
    assert_eq!((&shown["provider"], &shown["expired"]), (&json!("application"), &json!(false)));
}

#[test]
fn none_logs_in_and_each_costs_what_a_wrong_password_costs() {
    let Before { mut home, app, .. } = before();
    let ways = |app: &str| {
        let mut alone = login("bob", app);
        alone["session"] = json!(false);
        let mut webdav = alone.clone();
        webdav["scope"] = json!("webdav");
        [login("bob", app), alone, webdav]
    };
    disabled(&mut home, "app-passwords");
    for args in ways(&app) {
        assert_eq!(refusal(&mut home, args.clone()), "invalid_credentials", "{args}");
        assert_eq!(record(&mut home, "bob")["status"], "wrong password");
    }
    home.ok("auth.login", login("bob", PASSWORD));
    // They count as guesses do: ten places, three of which were taken.
    let refused: Vec<String> = (0..8).map(|_| refusal(&mut home, login("bob", &app))).collect();
    assert_eq!(refused.iter().filter(|code| *code == "invalid_credentials").count(), 7);
    assert_eq!(refused.last().unwrap(), "rate_limited");
    home.ok("logins.clear", json!({"name": "bob"}));
    home.ok("logins.clear", json!({"client_ip": "192.0.2.1"}));
    home.ok("passwd.remove", json!({"user": "bob"}));
    assert_eq!(refusal(&mut home, login("bob", &app)), "invalid_credentials");
    assert_eq!(record(&mut home, "bob")["status"], "no password");
    home.set_env("PHOTOPRISM_DISABLE_FEATURES", "");
    home.restart();
    for args in ways(&app) {
        home.ok("auth.login", args);
    }
}

#[test]
fn why_does_not_point_to_one() {
    let mut home = quick();
    home.start();
    let bob = json!({"name": "bob", "role": "guest", "provider": "ldap"});
    home.ok("users.add", bob);
    let message = |home: &mut TestDaemon| {
        let answer: Value = home.ok("users.why", json!({"user": "bob"}));
        text(&answer["reasons"][0]["message"])
    };
    let found = message(&mut home);
    assert!(found.ends_with("only app passwords work"), "{found}");
    disabled(&mut home, "app-passwords");
    let found = message(&mut home);
    assert!(
        found.ends_with("and app passwords are disabled (PHOTOPRISM_DISABLE_FEATURES)"),
        "{found}"
    );
}
