//! A password that was right a moment ago, in every way in which it stops being so: refused at the
//! next request, by way of a hash, as if nothing were remembered.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    PASSWORD, add_user, check, hashes, login, quick, record, refusal, text, with_bob,
};

const OTHER: &str = "another password";

/// Logs in as often as it takes until the account is remembered, read and kept.
fn log_in(home: &mut TestDaemon, name: &str) {
    for _ in 0..3 {
        home.ok("auth.login", check(name, PASSWORD));
    }
    let before = hashes(home);
    home.ok("auth.login", check(name, PASSWORD));
    assert_eq!(hashes(home), before, "{name} is remembered");
}

/// Refused after a hash, with and without a session; the reason is on the record at once.
fn assert_refused(home: &mut TestDaemon, name: &str, reason: &str) {
    let expected = match reason {
        "passcode missing" => "passcode_required",
        _ => "invalid_credentials",
    };
    for args in [check(name, PASSWORD), login(name, PASSWORD)] {
        let before = hashes(home);
        assert_eq!(refusal(home, args), expected, "{reason}");
        assert_eq!(hashes(home) - before, 1, "{reason}");
        assert_eq!(record(home, name)["status"], reason);
    }
}

/// One that the daemon changes: the command, its arguments, and why the login is refused then.
type Change = (&'static str, Value, &'static str);

#[test]
fn changed_here_in_any_way_it_is_refused_at_the_next_request() {
    let past = "2020-01-01T00:00:00Z";
    let changes: [Change; 10] = [
        ("passwd.set", json!({"password": OTHER}), "wrong password"),
        ("users.mod", json!({"password": OTHER}), "wrong password"),
        ("passwd.remove", json!({}), "no password"),
        ("users.mod", json!({"expires_at": past}), "expired"),
        ("users.mod", json!({"can_login": false}), "login off"),
        ("users.mod", json!({"provider": "none"}), "disabled"),
        ("users.mod", json!({"provider": "ldap"}), "no password"),
        ("users.rm", json!({}), "deleted"),
        ("users.rename", json!({"name": "renamed"}), "unknown user"),
        ("users.reset", json!({}), "unknown user"),
    ];
    let mut home = quick().args(["--login-burst", "1000"]);
    home.start();
    for (number, (cmd, mut args, reason)) in changes.into_iter().enumerate() {
        let name = format!("user{number}");
        add_user(&mut home, &name);
        log_in(&mut home, &name);
        if cmd != "users.reset" {
            args["user"] = json!(name);
        }
        home.ok(cmd, args);
        assert_refused(&mut home, &name, reason);
    }
}

#[test]
fn a_second_factor_is_asked_for_at_the_next_request() {
    let mut home = quick().args(["--login-burst", "1000"]);
    home.start();
    add_user(&mut home, "bob");
    log_in(&mut home, "bob");
    let Some((_, recovery)) = crate::passcodes::enrolled(&mut home) else { return };
    assert_refused(&mut home, "bob", "passcode missing");
    let mut args = check("bob", PASSWORD);
    args["passcode"] = json!(recovery);
    home.ok("auth.login", args);
    log_in(&mut home, "bob");
}

#[test]
fn what_leaves_it_right_leaves_it_so_and_shows_in_the_answer() {
    let mut home = with_bob();
    log_in(&mut home, "bob");
    let before = hashes(&mut home);
    for (key, value) in [
        ("role", json!("viewer")),
        ("display_name", json!("Bobby")),
        ("email", json!("bob@example.com")),
        ("webdav", json!(true)),
        ("base_path", json!("bob")),
        ("role", json!("admin")),
        ("super_admin", json!(true)),
        ("can_login", json!(false)),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
    ] {
        let mut args = json!({"user": "bob"});
        args[key] = value;
        home.ok("users.mod", args);
        let mut shown = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
        let mut user = home.ok("auth.login", check("bob", PASSWORD))["user"].clone();
        assert!(user["login_at"].as_str() >= shown["login_at"].as_str(), "{user} {shown}");
        (user["login_at"], shown["login_at"]) = (Value::Null, Value::Null);
        assert_eq!(user, shown, "{key}");
    }
    home.ok("users.rename", json!({"user": "bob", "name": "rob"}));
    home.ok("auth.login", check("rob", PASSWORD));
    assert_eq!(hashes(&mut home), before, "the same account, by its new name");
}

#[test]
fn a_deleted_account_that_comes_back_and_a_restored_hash_are_as_they_were() {
    let mut home = with_bob();
    log_in(&mut home, "bob");
    home.ok("users.rm", json!({"user": "bob"}));
    assert_eq!(refusal(&mut home, check("bob", PASSWORD)), "invalid_credentials");
    home.ok("users.restore", json!({"user": "bob"}));
    log_in(&mut home, "bob");
    let file = text(&home.ok("backup.create", json!({}))["file"]);
    home.ok("passwd.set", json!({"user": "bob", "password": OTHER}));
    home.ok("auth.login", check("bob", OTHER));
    assert_eq!(refusal(&mut home, check("bob", PASSWORD)), "invalid_credentials");
    home.ok("backup.restore", json!({"file": file}));
    assert_eq!(refusal(&mut home, check("bob", OTHER)), "invalid_credentials");
    home.ok("auth.login", check("bob", PASSWORD));
}

/// What PhotoPrism does to an account, and how it undoes it.
struct Photoprism {
    change: &'static str,
    undo: &'static str,
    reason: &'static str,
}

const fn photoprism(change: &'static str, undo: &'static str, reason: &'static str) -> Photoprism {
    Photoprism { change, undo, reason }
}

const BOB: &str = "user_name = 'bob'";
const HASH: &str = "uid = (SELECT user_uid FROM auth_users WHERE id = 2)";

/// A daemon on PhotoPrism's database that remembers the password of `bob`.
fn on_photoprisms_database() -> TestDaemon {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home =
        quick().with_database(file).args(["--login-burst", "1000", "--password-hash", "argon2id"]);
    home.start();
    home.ok("passwd.set", json!({"user": "bob", "password": PASSWORD}));
    log_in(&mut home, "bob");
    home
}

/// Each statement is PhotoPrism's own, on its SQLite file or in MariaDB.
#[test]
fn changed_by_photoprism_in_any_way_it_is_refused_at_the_next_request() {
    let mut home = on_photoprisms_database();
    let past = "'2020-01-01 00:00:00'";
    for Photoprism { change, undo, reason } in [
        photoprism("hash = concat('x', hash)", "hash = substr(hash, 2)", "wrong password"),
        photoprism("hash = ''", "hash = 'KEPT'", "no password"),
        photoprism("expires_at = PAST", "expires_at = NULL", "expired"),
        photoprism("deleted_at = PAST", "deleted_at = NULL", "deleted"),
        photoprism("can_login = 0", "can_login = 1", "login off"),
        photoprism("user_role = 'visitor'", "user_role = 'admin'", "login off"),
        photoprism("user_role = 'viewer'", "user_role = 'admin'", "login off"),
        photoprism("auth_provider = 'none'", "auth_provider = 'default'", "disabled"),
        photoprism("auth_provider = 'oidc'", "auth_provider = 'default'", "no password"),
    ] {
        let kept = hash(&home.outside());
        let statement = |set: &str| {
            let set = set.replace("PAST", past).replace("KEPT", &kept);
            let set = set.replace("concat('x', hash)", "'x' || hash");
            if set.starts_with("hash") {
                format!("UPDATE passwords SET {set} WHERE {HASH}")
            } else {
                format!("UPDATE auth_users SET {set} WHERE {BOB}")
            }
        };
        assert_eq!(home.outside().execute(&statement(change), []).unwrap(), 1, "{change}");
        assert_refused(&mut home, "bob", reason);
        assert_eq!(home.outside().execute(&statement(undo), []).unwrap(), 1, "{undo}");
        // The row is again what the password was right for.
        log_in(&mut home, "bob");
    }
}

fn hash(database: &Database) -> String {
    let statement = format!("SELECT hash FROM passwords WHERE {HASH}");
    database.query_row(&statement, [], |row| row.get::<_, String>(0)).unwrap()
}

fn execute(home: &TestDaemon, statement: &str) -> usize {
    home.outside().execute(statement, []).unwrap()
}

#[test]
fn a_second_factor_and_another_name_of_photoprism_hold_at_once() {
    let mut home = on_photoprisms_database();
    // That of another account, which has one.
    let moved = |from: u32, to: u32| {
        let uid = |id| format!("(SELECT user_uid FROM auth_users WHERE id = {id})");
        format!("UPDATE passcodes SET uid = {} WHERE uid = {}", uid(to), uid(from))
    };
    assert_eq!(execute(&home, "UPDATE auth_users SET auth_method = '2fa' WHERE id = 2"), 1);
    assert_eq!(execute(&home, &moved(4, 2)), 1);
    assert_refused(&mut home, "bob", "passcode missing");
    assert_eq!(execute(&home, &moved(2, 4)), 1);
    log_in(&mut home, "bob");
    assert_eq!(execute(&home, "UPDATE auth_users SET user_name = 'rob' WHERE id = 2"), 1);
    assert_refused(&mut home, "bob", "unknown user");
    home.ok("auth.login", check("rob", PASSWORD));
    // Another account of that name has a password of its own.
    assert_eq!(execute(&home, "UPDATE auth_users SET user_name = 'bob' WHERE id = 3"), 1);
    assert_refused(&mut home, "bob", "wrong password");
}

/// Ends the thread of a test that fails, too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn nobody_gets_in_with_the_old_password_after_the_answer() {
    let mut home = quick().args(["--login-burst", "1000"]);
    home.start();
    add_user(&mut home, "bob");
    let (stop, socket) = (AtomicBool::new(false), home.socket());
    let log_in_all_the_time = || {
        let mut client = Client::connect(&socket);
        while !stop.load(Ordering::Relaxed) {
            client.call("auth.login", check("bob", PASSWORD));
        }
    };
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(log_in_all_the_time);
        for round in 0..40 {
            home.ok("passwd.set", json!({"user": "bob", "password": PASSWORD}));
            for _ in 0..3 {
                home.ok("auth.login", check("bob", PASSWORD));
            }
            home.ok("passwd.set", json!({"user": "bob", "password": OTHER}));
            let reply = home.call("auth.login", check("bob", PASSWORD));
            assert_eq!(reply["error"]["code"], "invalid_credentials", "{round}: {reply}");
        }
    });
}
