//! Backups whose rows no restore could take, or after which the daemon could not serve.

use std::fs;

use rusqlite::Connection;
use serde_json::json;

use crate::backup::{create, directory, populated};
use crate::common::json::Ask;

/// What somebody does to the file, and what is said of it.
const OWN: [(&str, &str); 15] = [
    (
        "UPDATE auth_users SET id = 9223372036854775807 WHERE user_name = 'bob'",
        "the id 9223372036854775807",
    ),
    ("UPDATE auth_users SET id = 'first' WHERE user_name = 'bob'", "the id first"),
    ("UPDATE auth_users SET id = NULL WHERE user_name = 'bob'", "the id NULL"),
    (
        "UPDATE auth_users SET id = 1 WHERE user_name = 'bob'",
        "two rows of auth_users have the id 1",
    ),
    ("UPDATE auth_users SET user_uid = 'usame' WHERE id > 0", "have the user_uid usame"),
    (
        "UPDATE auth_users SET user_uid = x'7573616d65' WHERE id = 1",
        "a row of auth_users has no text as its user_uid",
    ),
    (
        "UPDATE auth_users SET user_name = 'admin' WHERE user_name = 'bob'",
        "two accounts of the name admin",
    ),
    (
        "UPDATE auth_users SET user_email = NULL WHERE id = 1",
        "a row of auth_users has no text as its user_email",
    ),
    (
        "UPDATE auth_sessions SET client_name = NULL",
        "a row of auth_sessions has no text as its client_name",
    ),
    (
        "INSERT INTO auth_sessions SELECT * FROM auth_sessions",
        "two rows of auth_sessions have the id",
    ),
    ("INSERT INTO passwords SELECT * FROM passwords", "two rows of passwords have the uid"),
    ("UPDATE passwords SET hash = NULL", "a row of passwords has no text as its hash"),
    ("DELETE FROM auth_users WHERE id = -1", "the system account u000000000000001"),
    ("UPDATE auth_users SET id = -3 WHERE id = -2", "the system account u000000000000002"),
    ("DELETE FROM auth_users", "the system account u000000000000001"),
];

#[test]
fn rows_that_no_restore_could_take_are_found_by_verify() {
    let mut home = populated();
    let (_, path) = create(&mut home);
    let bad = directory(&home).join("bad.db");
    let before = home.ok("users.ls", json!({"deleted": true}));
    for (change, why) in OWN {
        fs::copy(&path, &bad).unwrap();
        Connection::open(&bad).unwrap().execute_batch(change).unwrap();
        let found = home.ok("backup.verify", json!({"file": "bad.db"}));
        let error = found["backups"][0]["error"].as_str().unwrap_or_default().to_owned();
        assert!(found["ok"] == false && error.contains(why), "{change}: {found}");
        let refused = home.confirmed("backup.restore", json!({"file": "bad.db"}));
        let message = refused["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(refused["error"]["code"], "invalid_argument", "{change}: {refused}");
        assert!(message.contains(&error), "{message}");
    }
    assert_eq!(home.ok("users.ls", json!({"deleted": true})), before);
    home.ok("users.add", json!({"name": "next", "role": "user", "password": "mysecret"}));
}

/// A name of any length does not fill the message.
#[test]
fn a_value_in_a_message_has_a_bound() {
    let mut home = populated();
    let (_, path) = create(&mut home);
    let conn = Connection::open(&path).unwrap();
    let long =
        "UPDATE auth_users SET user_name = replace(hex(zeroblob(50000)), '0', 'ä') WHERE id > 0";
    conn.execute_batch(long).unwrap();
    drop(conn);
    let found = home.ok("backup.verify", json!({}));
    let error = found["backups"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("two accounts of the name ää") && error.chars().count() < 200,
        "{error}"
    );
}
