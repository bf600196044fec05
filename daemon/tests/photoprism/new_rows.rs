//! New rows are of the form that PhotoPrism's own have, column by column.

use std::process::Command;

use rusqlite::types::Type;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::skipped;
use crate::setup::{Row, home, photoprism, row, uid};

/// The columns whose storage class differs, with both.
fn unlike(reference: &Row, own: &Row) -> Vec<(String, Type, Type)> {
    assert!(reference.keys().eq(own.keys()));
    let pairs = reference.iter().zip(own.values());
    let unlike = |((name, reference), own): ((&String, &rusqlite::types::Value), _)| {
        let (a, b) = (reference.data_type(), rusqlite::types::Value::data_type(own));
        (a != b).then(|| (name.clone(), a, b))
    };
    pairs.filter_map(unlike).collect()
}

#[test]
fn an_account_is_like_one_of_photoprism() {
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
    let reference = format!("user_uid = '{}'", uid(&mut home, "mallory"));
    let own = format!("user_uid = '{nina}'");
    for table in ["auth_users_details", "auth_users_settings"] {
        // PhotoPrism has settings of bob alone: the others' have empty keys.
        let like = if table == "auth_users_settings" {
            format!("user_uid = '{}'", uid(&mut home, "bob"))
        } else {
            reference.clone()
        };
        assert_eq!(unlike(&row(&conn, table, &like), &row(&conn, table, &own)), [], "{table}");
    }
    let zz = row(&conn, "auth_users_details", &own);
    assert_eq!(zz["place_id"], rusqlite::types::Value::Text("zz".into()));
    let [reference, own] = [uid(&mut home, "mallory"), nina].map(|uid| format!("uid = '{uid}'"));
    let (reference, own) = (row(&conn, "passwords", &reference), row(&conn, "passwords", &own));
    assert_eq!(unlike(&reference, &own), []);
    let rusqlite::types::Value::Text(hash) = &own["hash"] else { panic!("{own:?}") };
    assert!(
        ["$2a$12$", "$2b$12$", "$2y$12$"].iter().any(|begin| hash.starts_with(begin)),
        "{hash}"
    );
}

/// An account that never logged in has NULL there from the daemon and Go's zero time from
/// PhotoPrism: the daemon never writes a zero date.
fn but_for_login_at(mut found: Vec<(String, Type, Type)>) -> Vec<(String, Type, Type)> {
    found.retain(|(name, reference, own)| {
        name != "login_at" || (*reference, *own) != (Type::Text, Type::Null)
    });
    found
}

#[test]
fn an_app_password_and_a_token_are_like_those_of_photoprism() {
    let mut home = home();
    let app = home.ok("auth.add", json!({"name": "New", "scope": "dav web", "user": "bob"}));
    let token = home.ok("auth.add", json!({"name": "Newer", "scope": "metrics"}));
    let conn = photoprism(&home);
    for (reference, own) in [("X", &app), ("Metrics", &token)] {
        let own = format!("ref_id = '{}'", own["session"]["id"].as_str().unwrap());
        let reference = row(&conn, "auth_sessions", &format!("client_name = '{reference}'"));
        let own = row(&conn, "auth_sessions", &own);
        assert_eq!(but_for_login_at(unlike(&reference, &own)), []);
        for column in
            ["auth_provider", "auth_method", "grant_type", "preview_token", "download_token"]
        {
            assert_eq!(reference[column], own[column], "{column}");
        }
    }
}

#[test]
fn sessions_of_logins_are_like_those_of_photoprism() {
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
    let reference = row(&conn, "auth_sessions", "ref_id = 'sessqf0mn4tk'");
    assert_eq!(unlike(&reference, &row(&conn, "auth_sessions", &password)), []);
    let reference = row(&conn, "auth_sessions", "ref_id = 'sessmgqottu5'");
    let own = row(&conn, "auth_sessions", &child);
    assert_eq!(unlike(&reference, &own), []);
    for column in ["auth_issuer", "auth_provider", "auth_method", "auth_scope", "grant_type"] {
        assert_eq!(reference[column], own[column], "{column}");
    }
}

#[test]
fn a_two_factor_key_is_like_one_of_photoprism() {
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
    let (reference, own) = (row(&conn, "passcodes", &dave), row(&conn, "passcodes", &bob));
    assert_eq!(unlike(&reference, &own), []);
    assert_eq!(reference["key_type"], own["key_type"]);
    let method = |name: &str| row(&conn, "auth_users", &format!("user_name = '{name}'"));
    assert_eq!(method("dave")["auth_method"], method("bob")["auth_method"]);
}
