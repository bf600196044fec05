//! The first admin and its configured password.

use std::fs;

use serde_json::json;

use crate::bare::End;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const PASSWORD: &str = "PHOTOPRISM_ADMIN_PASSWORD";
const FILE: &str = "PHOTOPRISM_ADMIN_PASSWORD_FILE";

/// A hash of `mysecret`, computed by another program.
const BCRYPT: &str = "$2b$04$jzuZbZ4Zx2HXxA8VuTNqXOAKI4rWGPRPQCqSg0kxnZlbXUfwCqLZy";

/// The stored hash of the first admin.
fn stored(home: &TestDaemon) -> Option<String> {
    let statement =
        "SELECT hash FROM passwords p JOIN auth_users u ON p.uid = u.user_uid WHERE u.id = 1";
    home.open_database().query_row(statement, [], |row| row.get(0)).ok()
}

/// What a first start with this password stores.
fn first_start(home: TestDaemon) -> (TestDaemon, Option<String>, String) {
    let mut home = home;
    home.start();
    let log = home.stop();
    let hash = stored(&home);
    (home, hash, log)
}

/// Computed here, not by the daemon's own code: its salt and tag are base 64 without padding.
fn fits(password: &str, hash: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    assert_eq!(parts[1..4], ["argon2id", "v=19", "m=19456,t=2,p=1"]);
    let bytes = |text: &str| data_encoding::BASE64_NOPAD.decode(text.as_bytes()).unwrap();
    let (salt, tag) = (bytes(parts[4]), bytes(parts[5]));
    let mut computed = vec![0; tag.len()];
    argon2::Argon2::default()
        .hash_password_into(password.as_bytes(), &salt, &mut computed)
        .unwrap();
    computed == tag
}

#[test]
fn without_a_password_the_account_waits_and_the_log_says_what_to_do() {
    let (mut home, hash, log) =
        first_start(TestDaemon::new().env("PHOTOPRISM_ADMIN_USER", "Root.User"));
    assert_eq!(hash, None);
    assert!(log.contains("photoprism passwd root.user"), "{log}");
    home.start();
    let user = home.ok("users.show", json!({"user": "root.user"}))["user"].clone();
    assert_eq!((&user["super_admin"], &user["provider"]), (&json!(true), &json!("local")));
    assert_eq!((&user["webdav"], &user["has_password"]), (&json!(true), &json!(false)));
    assert_eq!(user["display_name"], "Root User");
    let status = home.confirmed("status", json!({}));
    assert!(status["warnings"][0].as_str().unwrap().contains("root.user"), "{status}");
}

#[test]
fn a_plain_one_is_hashed_and_works() {
    let (mut home, hash, log) = first_start(TestDaemon::new().env(PASSWORD, "correct horse"));
    assert!(fits("correct horse", &hash.unwrap()));
    assert!(!log.contains("correct horse"), "{log}");
    home.start();
    assert!(home.confirmed("status", json!({})).get("warnings").is_none());
}

#[test]
fn the_file_wins_and_loses_one_newline() {
    let home = TestDaemon::new();
    let file = home.root().join("password");
    fs::write(&file, "from the file\n").unwrap();
    let (_home, hash, _) = first_start(home.env(PASSWORD, "from the variable").env(FILE, &file));
    assert!(fits("from the file", &hash.unwrap()));
}

#[test]
fn a_hash_is_stored_as_it_is() {
    let (_home, argon, _) = first_start(TestDaemon::new().env(PASSWORD, "some password"));
    let argon = argon.unwrap();
    for hash in [BCRYPT, &argon] {
        let (_home, stored, _) = first_start(TestDaemon::new().env(PASSWORD, hash));
        assert_eq!(stored.as_deref(), Some(hash));
    }
}

#[test]
fn one_that_breaks_a_rule_is_2_and_is_not_shown() {
    for (password, word) in [
        ("short-1", "8"),
        (" leading-space", "white space"),
        ("$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA", ""),
    ] {
        let home = TestDaemon::new().env(PASSWORD, password);
        let end = End::from(home.ends());
        end.assert(2, &["admin-password", PASSWORD, word]);
        assert!(!end.said.contains(password), "{}", end.said);
        assert!(!home.socket().exists());
        assert!(!home.database().exists(), "its first name would stay");
        // The next start with a good one begins as if this one had never been.
        let (_home, hash, _) = first_start(home.env(PASSWORD, "a better one"));
        assert!(fits("a better one", &hash.unwrap()));
    }
}

#[test]
fn the_name_of_the_account_is_not_a_password() {
    let home = TestDaemon::new().env("PHOTOPRISM_ADMIN_USER", "somebody").env(PASSWORD, "SomeBody");
    End::from(home.ends()).assert(2, &["own name"]);
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    let home = TestDaemon::new();
    let file = home.root().join("password");
    for text in ["", "\n", "\u{feff}\r\n"] {
        fs::write(&file, text).unwrap();
        let home = TestDaemon::new().env(FILE, &file);
        End::from(home.ends()).assert(2, &["admin-password-file", "is empty"]);
        assert!(!home.database().exists());
    }
}

#[test]
fn what_is_not_used_any_more_is_said_once_a_start() {
    let home = TestDaemon::new().env("PHOTOPRISM_ADMIN_USER", "one").env(PASSWORD, "the first one");
    let (mut home, _, log) = first_start(home);
    assert!(!log.contains("not used"), "{log}");
    home.set_env(PASSWORD, "another one");
    home.set_env("PHOTOPRISM_ADMIN_USER", "Tw\u{1b}o");
    End::from(home.ends()).assert(2, &["admin-user"]);
    home.set_env("PHOTOPRISM_ADMIN_USER", "Two");
    let (password, name) = ("password of the first admin is not used", "called one");
    let mut check = home.command();
    let said = crate::common::run_to_end(check.arg("--check"));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(password) && said.contains(name), "{said}");
    home.start();
    let log = home.stop();
    assert_eq!((log.matches(password).count(), log.matches(name).count()), (1, 1), "{log}");
    assert!(!log.contains("another one"), "{log}");
    home.set_env("PHOTOPRISM_ADMIN_USER", " ONE");
    home.start();
    assert!(!home.stop().contains("called"));
}

#[test]
fn one_that_everybody_knows_is_a_warning() {
    let (_home, hash, log) = first_start(TestDaemon::new().env(PASSWORD, "qwertyuiop"));
    assert!(fits("qwertyuiop", &hash.unwrap()));
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("password")), "{log}");
    assert!(!log.contains("qwertyuiop"), "{log}");
}

#[test]
fn it_is_set_once_and_never_again() {
    let (mut home, hash, _) = first_start(TestDaemon::new().env(PASSWORD, "the first one"));
    home.set_env(PASSWORD, "another one");
    home.start();
    home.stop();
    assert_eq!(stored(&home), hash);
    // A bad value is not even read any more.
    home.set_env(PASSWORD, "bad");
    home.start();
    home.stop();
}

#[test]
fn a_later_start_gives_it_where_the_account_has_never_had_one() {
    let (home, hash, _) = first_start(TestDaemon::new());
    assert_eq!(hash, None);
    let (_home, hash, _) = first_start(home.env(PASSWORD, "given later"));
    assert!(fits("given later", &hash.unwrap()));
}

#[test]
fn one_that_was_set_by_hand_or_removed_stays_so() {
    let (mut home, ..) = first_start(TestDaemon::new());
    home.start();
    home.ok(
        "users.add",
        json!({"name": "eve", "role": "admin", "super_admin": true, "password": "eves-secret"}),
    );
    home.ok("passwd.set", json!({"user": "admin", "password": "set by hand"}));
    home.ok("passwd.remove", json!({"user": "admin"}));
    home.stop();
    home.set_env(PASSWORD, "configured now");
    home.start();
    home.stop();
    assert_eq!(stored(&home), None);
}

#[test]
fn a_reset_begins_anew_and_leaves_a_bad_one_out_with_a_warning() {
    let mut home = TestDaemon::new().env(PASSWORD, "the first one");
    home.start();
    home.ok(
        "users.add",
        json!({"name": "eve", "role": "admin", "super_admin": true, "password": "eves-secret"}),
    );
    home.ok("passwd.remove", json!({"user": "admin"}));
    home.ok("users.reset", json!({}));
    home.stop();
    assert!(fits("the first one", &stored(&home).unwrap()));
    home.set_env(PASSWORD, "bad");
    home.start();
    let reply = home.confirmed("users.reset", json!({}));
    assert!(reply["ok"] == true && !reply["warnings"].as_array().unwrap().is_empty(), "{reply}");
    assert!(!reply["warnings"].to_string().contains("\"bad\""), "{reply}");
    home.stop();
    assert_eq!(stored(&home), None);
    home.set_env(PASSWORD, "good again");
    home.start();
    home.stop();
    assert!(fits("good again", &stored(&home).unwrap()));
}

#[test]
fn the_name_is_used_by_the_first_start_only() {
    let (mut home, ..) = first_start(TestDaemon::new().env("PHOTOPRISM_ADMIN_USER", "one"));
    home.set_env("PHOTOPRISM_ADMIN_USER", "two");
    home.start();
    assert_eq!(home.fault("users.show", json!({"user": "two"})).0, "not_found");
    home.ok("users.show", json!({"user": "one"}));
    home.stop();
    let conn = home.open_database();
    let count: u32 =
        conn.query_row("SELECT count(*) FROM auth_users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
}
