//! New rows are of the form that PhotoPrism's own have, column by column.

use std::process::Command;

use rusqlite::types::Type;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::skipped;
use crate::setup::{Row, home, photoprism, row, uid};

/// The columns whose storage class differs, with both.
fn unlike(theirs: &Row, ours: &Row) -> Vec<(String, Type, Type)> {
    assert!(theirs.keys().eq(ours.keys()));
    let pairs = theirs.iter().zip(ours.values());
    let unlike = |((name, theirs), ours): ((&String, &rusqlite::types::Value), _)| {
        let (a, b) = (theirs.data_type(), rusqlite::types::Value::data_type(ours));
        (a != b).then(|| (name.clone(), a, b))
    };
    pairs.filter_map(unlike).collect()
}

#[test]
fn an_account_is_like_one_of_theirs() {
    let mut home = home();
    home.ok("users.add", json!({"name": "nina", "role": "admin", "password": "longenough"}));
    let nina = uid(&mut home, "nina");
    let conn = photoprism(&home);
    let mallory = row(&conn, "auth_users", "user_name = 'mallory'");
    let new = row(&conn, "auth_users", "user_name = 'nina'");
    assert_eq!(unlike(&mallory, &new), []);
    for (column, text) in
        [("auth_provider", "default"), ("display_name", "Nina"), ("user_role", "admin")]
    {
        assert_eq!(new[column], rusqlite::types::Value::Text(text.into()), "{column}");
    }
    let theirs = format!("user_uid = '{}'", uid(&mut home, "mallory"));
    let ours = format!("user_uid = '{nina}'");
    for table in ["auth_users_details", "auth_users_settings"] {
        // Settings of theirs exist for bob alone: the others' stand under empty keys.
        let like = if table == "auth_users_settings" {
            format!("user_uid = '{}'", uid(&mut home, "bob"))
        } else {
            theirs.clone()
        };
        assert_eq!(unlike(&row(&conn, table, &like), &row(&conn, table, &ours)), [], "{table}");
    }
    let zz = row(&conn, "auth_users_details", &ours);
    assert_eq!(zz["place_id"], rusqlite::types::Value::Text("zz".into()));
    let [theirs, ours] = [uid(&mut home, "mallory"), nina].map(|uid| format!("uid = '{uid}'"));
    let (theirs, ours) = (row(&conn, "passwords", &theirs), row(&conn, "passwords", &ours));
    assert_eq!(unlike(&theirs, &ours), []);
    let rusqlite::types::Value::Text(hash) = &ours["hash"] else { panic!("{ours:?}") };
    assert!(
        ["$2a$12$", "$2b$12$", "$2y$12$"].iter().any(|begin| hash.starts_with(begin)),
        "{hash}"
    );
}

/// Who never logged in has NULL there from us and Go's zero time from PhotoPrism: never a zero
/// date of ours.
fn but_for_login_at(mut found: Vec<(String, Type, Type)>) -> Vec<(String, Type, Type)> {
    found.retain(|(name, theirs, ours)| {
        name != "login_at" || (*theirs, *ours) != (Type::Text, Type::Null)
    });
    found
}

#[test]
fn an_app_password_and_a_token_are_like_theirs() {
    let mut home = home();
    let app = home.ok("auth.add", json!({"name": "New", "scope": "dav web", "user": "bob"}));
    let token = home.ok("auth.add", json!({"name": "Newer", "scope": "metrics"}));
    let conn = photoprism(&home);
    for (theirs, ours) in [("X", &app), ("Metrics", &token)] {
        let ours = format!("ref_id = '{}'", ours["session"]["id"].as_str().unwrap());
        let theirs = row(&conn, "auth_sessions", &format!("client_name = '{theirs}'"));
        let ours = row(&conn, "auth_sessions", &ours);
        assert_eq!(but_for_login_at(unlike(&theirs, &ours)), []);
        for column in
            ["auth_provider", "auth_method", "grant_type", "preview_token", "download_token"]
        {
            assert_eq!(theirs[column], ours[column], "{column}");
        }
    }
}

#[test]
fn sessions_of_logins_are_like_theirs() {
    let mut home = home();
    let login = |home: &mut crate::common::test_daemon::TestDaemon, name: &str, password: &str| {
        let args = json!({"name": name, "password": password, "client_ip": "192.0.2.7",
            "user_agent": "curl/8.9.1"});
        let session = home.ok("auth.login", args)["session"]["id"].clone();
        format!("ref_id = '{}'", session.as_str().unwrap())
    };
    let password = login(&mut home, "bob", "mysecret");
    let app = home.ok("auth.add", json!({"name": "All", "scope": "*", "user": "bob"}));
    let child = login(&mut home, "bob", app["secret"].as_str().unwrap());
    let conn = photoprism(&home);
    let theirs = row(&conn, "auth_sessions", "ref_id = 'sessqf0mn4tk'");
    assert_eq!(unlike(&theirs, &row(&conn, "auth_sessions", &password)), []);
    let theirs = row(&conn, "auth_sessions", "ref_id = 'sessmgqottu5'");
    let ours = row(&conn, "auth_sessions", &child);
    assert_eq!(unlike(&theirs, &ours), []);
    for column in ["auth_issuer", "auth_provider", "auth_method", "auth_scope", "grant_type"] {
        assert_eq!(theirs[column], ours[column], "{column}");
    }
}

#[test]
fn a_two_factor_key_is_like_theirs() {
    let mut home = home();
    let enrolled = home.ok("users.2fa.enroll", json!({"user": "bob"}));
    let url = enrolled["url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/PhotoPrism:bob?algorithm=SHA1&digits=6&"), "{url}");
    let key = enrolled["key"].as_str().unwrap();
    let Ok(output) = Command::new("oathtool").args(["--totp", "-b", key]).output() else {
        return skipped("no oathtool here");
    };
    let code = String::from_utf8(output.stdout).unwrap();
    home.ok("users.2fa.confirm", json!({"user": "bob", "passcode": code.trim()}));
    let [dave, bob] = ["dave", "bob"].map(|name| format!("uid = '{}'", uid(&mut home, name)));
    let conn = photoprism(&home);
    let (theirs, ours) = (row(&conn, "passcodes", &dave), row(&conn, "passcodes", &bob));
    assert_eq!(unlike(&theirs, &ours), []);
    assert_eq!(theirs["key_type"], ours["key_type"]);
    let method = |name: &str| row(&conn, "auth_users", &format!("user_name = '{name}'"));
    assert_eq!(method("dave")["auth_method"], method("bob")["auth_method"]);
}
