//! The limiter: whom it binds, for how long, and what lifts it.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{PASSWORD, add_user, await_that, items, login_from, refusal};

const WRONG: &str = "wrong password";

/// Three places; one comes back after an hour.
fn started() -> TestDaemon {
    let mut home = TestDaemon::new().args([
        "--refusal-floor",
        "0",
        "--login-burst",
        "3",
        "--login-refill",
        "3600",
    ]);
    home.start();
    add_user(&mut home, "bob");
    add_user(&mut home, "eve");
    home
}

fn guess(home: &mut TestDaemon, ip: &str, name: &str) -> String {
    refusal(home, login_from(ip, name, WRONG))
}

fn use_up(home: &mut TestDaemon, ip: &str, name: &str) {
    for _ in 0..3 {
        assert_eq!(guess(home, ip, name), "invalid_credentials");
    }
    assert_eq!(guess(home, ip, name), "rate_limited");
}

fn is_let_in(home: &mut TestDaemon, ip: &str, name: &str) -> bool {
    let reply = home.call("auth.login", login_from(ip, name, PASSWORD));
    assert!(reply["ok"] == true || reply["error"]["code"] == "rate_limited", "{reply}");
    reply["ok"] == true
}

#[test]
fn the_owner_gets_in_from_its_own_address() {
    let mut home = started();
    assert!(is_let_in(&mut home, "192.0.2.1", "bob"));
    assert!(is_let_in(&mut home, "2001:db8:0:7::1", "bob"));
    use_up(&mut home, "198.51.100.1", "bob");
    assert!(!is_let_in(&mut home, "198.51.100.2", "bob"), "the account's places are gone");
    for restarted in [false, true] {
        assert!(is_let_in(&mut home, "192.0.2.1", "bob"), "restarted: {restarted}");
        assert!(is_let_in(&mut home, "2001:db8:0:7:ffff::2", "bob"), "its /64");
        assert!(!is_let_in(&mut home, "2001:db8:0:8::1", "bob"), "another /64");
        assert!(!is_let_in(&mut home, "198.51.100.2", "bob"));
        assert!(is_let_in(&mut home, "198.51.100.2", "eve"), "another account");
        home.restart();
    }
    // The address's own places bind its owner as well.
    use_up(&mut home, "192.0.2.1", "nobody");
    assert!(!is_let_in(&mut home, "192.0.2.1", "bob"));
}

#[test]
fn an_address_has_places_over_all_names() {
    let mut home = started();
    for name in ["a", "b", "c"] {
        assert_eq!(guess(&mut home, "192.0.2.1", name), "invalid_credentials");
    }
    assert!(!is_let_in(&mut home, "192.0.2.1", "bob"));
    assert!(!is_let_in(&mut home, "::ffff:192.0.2.1", "bob"), "the same address");
    assert!(is_let_in(&mut home, "192.0.2.2", "bob"));
    for end in ["1", "2", "ffff:ffff:ffff:ffff"] {
        let ip = format!("2001:db8::{end}");
        assert_eq!(guess(&mut home, &ip, "d"), "invalid_credentials");
    }
    assert!(!is_let_in(&mut home, "2001:db8::9", "eve"), "its /64");
    assert!(is_let_in(&mut home, "2001:db8:0:1::9", "eve"));
}

#[test]
fn an_unknown_name_behaves_like_a_known_one() {
    let mut home = started();
    for name in ["bob", "nobody"] {
        for n in 0..3 {
            let ip = format!("198.51.100.{n}");
            assert_eq!(guess(&mut home, &ip, &name.to_uppercase()), "invalid_credentials");
        }
        assert_eq!(guess(&mut home, "198.51.100.9", name), "rate_limited", "{name}");
        home.restart();
        assert_eq!(guess(&mut home, "198.51.100.9", name), "rate_limited", "{name}");
        home.ok("logins.clear", json!({"client_ip": "198.51.100.0"}));
        home.ok("logins.clear", json!({"client_ip": "198.51.100.1"}));
        home.ok("logins.clear", json!({"client_ip": "198.51.100.2"}));
    }
}

#[test]
fn right_passwords_give_their_places_back() {
    let mut home = started();
    home.ok("users.mod", json!({"user": "eve", "can_login": false}));
    for _ in 0..5 {
        assert!(is_let_in(&mut home, "192.0.2.1", "bob"));
        let args = login_from("192.0.2.1", "eve", PASSWORD);
        assert_eq!(refusal(&mut home, args), "invalid_credentials", "login off");
    }
    use_up(&mut home, "192.0.2.1", "bob");
}

#[test]
fn the_right_password_of_a_deleted_account_is_limited_as_a_wrong_one() {
    let mut home = started();
    home.ok("users.rm", json!({"user": "eve"}));
    let mut args = login_from("192.0.2.1", "eve", PASSWORD);
    let mut refusals = 0;
    while refusal(&mut home, args.clone()) == "invalid_credentials" {
        refusals += 1;
        assert!(refusals <= 10, "it is never limited");
    }
    args["client_ip"] = json!("192.0.2.2");
    assert_eq!(refusal(&mut home, args), "rate_limited", "nor from elsewhere");
}

#[test]
fn clearing_lifts_what_it_names() {
    let mut home = started();
    for (args, removed, bob, elsewhere, other) in [
        (json!({"name": "eve"}), 0, false, false, false),
        (json!({"name": "BOB"}), 1, false, true, false),
        (json!({"client_ip": "::ffff:198.51.100.1"}), 2, false, false, true),
        (json!({"name": "bob", "client_ip": "198.51.100.1"}), 1, true, true, true),
        (json!({"client_ip": "198.51.100.77"}), 0, false, false, false),
        (json!({}), 2, true, true, true),
    ] {
        use_up(&mut home, "198.51.100.1", "bob");
        await_that("the refusals", || {
            guess(&mut home, "198.51.100.1", "eve");
            let found = items(&mut home, "logins.ls", json!({}));
            if found.len() == 2 { Ok(()) } else { Err(format!("{found:?}")) }
        });
        assert_eq!(home.ok("logins.clear", args.clone())["removed"], removed, "{args}");
        assert_eq!(is_let_in(&mut home, "198.51.100.1", "bob"), bob, "{args}: both");
        assert_eq!(is_let_in(&mut home, "198.51.100.2", "bob"), elsewhere, "{args}: account");
        assert_eq!(is_let_in(&mut home, "198.51.100.1", "eve"), other, "{args}: address");
        home.restart();
        assert_eq!(is_let_in(&mut home, "198.51.100.1", "eve"), other, "{args}: restarted");
        home = started();
    }
    let line = json!({"cmd": "logins.clear", "args": {}}).to_string();
    assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    let bad = home.fault("logins.clear", json!({"client_ip": "x"}));
    assert_eq!(bad, ("invalid_argument".to_owned(), "client_ip".to_owned()));
}

fn only_row(home: &mut TestDaemon) -> Value {
    let found = items(home, "logins.ls", json!({}));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// Whatever waits to be written: what came later counts.
#[test]
fn a_success_after_refusals_is_what_is_kept() {
    let mut home = started();
    use_up(&mut home, "192.0.2.1", "bob");
    let row = await_that("the ban", || {
        let row = only_row(&mut home);
        if row["banned_at"].is_string() { Ok(row) } else { Err(row.to_string()) }
    });
    assert_eq!((&row["status"], &row["repeated"]), (&json!("rate limited"), &json!(4)));
    assert_eq!(guess(&mut home, "192.0.2.1", "bob"), "rate_limited");
    home.offline(|database| database.execute("DELETE FROM admin_limits", []).unwrap());
    assert_eq!(only_row(&mut home)["repeated"], 5, "written at the stop");
    use_up(&mut home, "192.0.2.9", "eve");
    // Its refusals may still wait to be written.
    home.offline(|database| database.execute("DELETE FROM admin_limits", []).unwrap());
    assert!(is_let_in(&mut home, "192.0.2.1", "bob"));
    let row = items(&mut home, "logins.ls", json!({"name": "bob"}))[0].clone();
    assert_eq!(
        (&row["status"], &row["repeated"], &row["banned_at"]),
        (&json!("OK"), &json!(0), &Value::Null)
    );
}

/// Refusals that wait to be written do not come back after they were cleared, nor after a success.
#[test]
fn refusals_that_wait_are_part_of_what_is_cleared() {
    for (args, left) in [(json!({}), 0), (json!({"name": "bob"}), 0)] {
        let mut home = started();
        use_up(&mut home, "198.51.100.1", "bob");
        home.ok("logins.clear", args.clone());
        assert!(items(&mut home, "logins.ls", json!({})).len() == left, "{args}");
        home.stop();
        let database = home.open_database();
        let rows: i64 =
            database.query_row("SELECT count(*) FROM audit_logins", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{args}");
    }
    let mut home = started();
    assert!(is_let_in(&mut home, "192.0.2.1", "bob"));
    use_up(&mut home, "192.0.2.7", "bob");
    assert_eq!(guess(&mut home, "192.0.2.1", "bob"), "invalid_credentials");
    assert_eq!(guess(&mut home, "192.0.2.1", "bob"), "invalid_credentials");
    assert_eq!(guess(&mut home, "192.0.2.1", "bob"), "invalid_credentials");
    assert_eq!(guess(&mut home, "192.0.2.1", "bob"), "rate_limited");
    home.ok("logins.clear", json!({"client_ip": "192.0.2.8"}));
    home.ok("logins.clear", json!({"client_ip": "192.0.2.1", "name": "eve"}));
    assert!(is_let_in(&mut home, "192.0.2.1", "bob"), "the address was cleared");
    home.restart();
    let row = items(&mut home, "logins.ls", json!({"client_ip": "192.0.2.1"}))[0].clone();
    assert_eq!((&row["status"], &row["repeated"]), (&json!("OK"), &json!(0)), "{row}");
    assert_eq!(row["banned_at"], Value::Null);
}

/// The limiter knows no realms, and neither does the ban.
#[test]
fn a_success_in_another_realm_ends_the_ban() {
    let mut home = started();
    use_up(&mut home, "192.0.2.1", "bob");
    await_that("the ban", || {
        let row = only_row(&mut home);
        if row["banned_at"].is_string() { Ok(()) } else { Err(row.to_string()) }
    });
    home.offline(|database| database.execute("DELETE FROM admin_limits", []).unwrap());
    let mut args = login_from("192.0.2.1", "bob", PASSWORD);
    args["realm"] = json!("webdav");
    home.ok("auth.login", args);
    let rows = items(&mut home, "logins.ls", json!({"name": "bob"}));
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["banned_at"].is_null()), "{rows:?}");
}

#[test]
fn places_come_back_one_by_one() {
    let mut home = TestDaemon::new().args([
        "--refusal-floor",
        "0",
        "--login-burst",
        "2",
        "--login-refill",
        "2",
    ]);
    home.start();
    add_user(&mut home, "bob");
    let outcomes: Vec<String> = (0..40).map(|_| guess(&mut home, "192.0.2.1", "bob")).collect();
    assert!(outcomes.contains(&"rate_limited".to_owned()));
    let error = await_that("a refusal", || {
        let error = home.refused("auth.login", login_from("192.0.2.1", "bob", WRONG));
        if error["code"] == "rate_limited" { Ok(error) } else { Err(error.to_string()) }
    });
    assert!((1..=2).contains(&error["retry_after_s"].as_i64().unwrap()), "{error}");
    await_that("a place", || {
        if is_let_in(&mut home, "192.0.2.1", "bob") { Ok(()) } else { Err("refused".into()) }
    });
}
