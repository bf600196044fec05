//! Databases of an older and of a newer PhotoPrism.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::{TestDaemon, on_mariadb};
use crate::setup::{altered, assert_sound, number, photoprism, row};

/// What versions before had not.
const OLDER: &str = "
    DROP INDEX idx_auth_users_born_at; DROP INDEX idx_auth_users_thumb;
    DROP INDEX idx_auth_sessions_client_ip; DROP INDEX idx_auth_users_user_uuid;
    ALTER TABLE auth_users DROP COLUMN auth_issuer; ALTER TABLE auth_users DROP COLUMN born_at;
    ALTER TABLE auth_users DROP COLUMN thumb; ALTER TABLE auth_users DROP COLUMN thumb_src;
    ALTER TABLE auth_users DROP COLUMN consent_at; ALTER TABLE auth_users DROP COLUMN user_uuid;
    ALTER TABLE auth_users DROP COLUMN base_path; ALTER TABLE auth_users DROP COLUMN login_at;
    ALTER TABLE auth_users DROP COLUMN preview_token; ALTER TABLE auth_users DROP COLUMN ref_id;
    ALTER TABLE auth_sessions DROP COLUMN auth_issuer;
    ALTER TABLE auth_sessions DROP COLUMN grant_type;
    ALTER TABLE auth_sessions DROP COLUMN client_ip; ALTER TABLE auth_sessions DROP COLUMN login_ip;
    ALTER TABLE auth_sessions DROP COLUMN login_at;
    ALTER TABLE auth_users_details DROP COLUMN user_bio;
    ALTER TABLE auth_users_settings DROP COLUMN default_page;
    DROP TABLE passcodes; DROP TABLE auth_users_shares;";

/// What a version to come may add.
const NEWER: &str = "
    ALTER TABLE auth_users ADD COLUMN user_scope VARCHAR(1024) NOT NULL DEFAULT '*';
    ALTER TABLE auth_users ADD COLUMN shoe_size INTEGER;
    ALTER TABLE auth_sessions ADD COLUMN device_uid VARBINARY(42) NOT NULL DEFAULT 'none';
    ALTER TABLE auth_users_settings ADD COLUMN ui_start_page VARBINARY(64) DEFAULT 'default';
    ALTER TABLE passwords ADD COLUMN pepper INTEGER DEFAULT 7;
    CREATE TABLE auth_groups (id INTEGER PRIMARY KEY, name VARCHAR(64));";

/// Adds, changes, logs in, deletes, restores and resets.
fn every_way(home: &mut TestDaemon) {
    let add = json!({"name": "nina", "role": "admin", "password": "longenough", "webdav": true,
        "email": "nina@example.com", "attr": "x", "upload_path": "up"});
    assert_eq!(home.ok("users.add", add)["user"]["upload_path"], "up");
    home.ok("users.mod", json!({"user": "nina", "display_name": "N", "base_path": "b"}));
    let login = json!({"name": "nina", "password": "longenough", "client_ip": "192.0.2.1"});
    let token = home.ok("auth.login", login)["secret"].clone();
    let verify = json!({"token": token, "client_ip": "192.0.2.2"});
    assert_eq!(home.ok("auth.verify", verify)["active"], true);
    let app = home.ok("auth.add", json!({"name": "App", "scope": "*", "user": "nina"}));
    assert_eq!(home.ok("auth.verify", json!({"token": app["secret"]}))["active"], true);
    assert!(!home.ok("auth.ls", json!({"search": "nina"}))["items"].as_array().unwrap().is_empty());
    home.ok("auth.show", json!({"session": token}));
    home.ok("passwd.set", json!({"user": "nina", "password": "longer enough"}));
    home.ok("users.2fa.show", json!({"user": "nina"}));
    home.ok("users.why", json!({"user": "nina"}));
    home.ok("users.rm", json!({"user": "nina"}));
    home.ok("users.restore", json!({"user": "nina"}));
    home.ok("auth.rm", json!({"session": "sessxipuw5k0"}));
    home.restart();
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    home.ok("auth.reset", json!({}));
    home.ok("users.reset", json!({}));
    let names = home.ok("users.ls", json!({}))["items"].clone();
    assert_eq!(names.as_array().unwrap().len(), 1);
}

#[test]
fn an_older_shape_is_read_and_written_as_far_as_it_goes() {
    // The server drops an index with its only column.
    let is_for_all = |statement: &&str| !on_mariadb() || !statement.contains("DROP INDEX");
    let statements: Vec<&str> = OLDER.split_inclusive(';').filter(is_for_all).collect();
    let mut home = altered(&statements.concat());
    let conn = photoprism(&home);
    assert_eq!(home.fault("users.2fa.enroll", json!({"user": "bob"})).0, "conflict");
    every_way(&mut home);
    assert_sound(&conn);
}

#[test]
fn what_a_newer_shape_adds_is_left_alone() {
    let mut home = altered(NEWER);
    let conn = photoprism(&home);
    home.ok("users.mod", json!({"user": "bob", "attr": "x"}));
    home.ok("users.add", json!({"name": "new", "role": "admin", "password": "longenough"}));
    let new = row(&conn, "auth_users", "user_name = 'new'");
    assert_eq!(new["user_scope"], rusqlite::types::Value::Text("*".into()));
    assert_eq!(new["shoe_size"], rusqlite::types::Value::Null);
    every_way(&mut home);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_groups"), 0);
    assert_sound(&conn);
}

#[test]
fn columns_that_come_and_go_while_it_runs_are_followed() {
    let mut home = crate::setup::home();
    let conn = photoprism(&home);
    let mut change = |attr: &str| {
        home.ok("users.mod", json!({"user": "bob", "attr": attr, "base_path": attr}))["user"]
            .clone()
    };
    assert_eq!(change("a")["base_path"], "a");
    conn.execute("ALTER TABLE auth_users DROP COLUMN base_path", []).unwrap();
    assert_eq!(change("b")["base_path"], "");
    if on_mariadb() {
        // One that is added is found within a minute, by the newest row of `versions`.
        return;
    }
    conn.execute("ALTER TABLE auth_users ADD COLUMN base_path VARBINARY(1024)", []).unwrap();
    assert_eq!(change("c")["base_path"], "c");
}

#[test]
fn rows_with_an_empty_uid_are_left_alone() {
    let statements = "INSERT INTO auth_users (id, user_uid, user_name, display_name, user_role)
         VALUES (40, '', 'blank', 'Blank', 'admin');";
    let mut home = altered(statements);
    let listed = home.ok("users.ls", json!({"search": "blank"}))["items"].clone();
    assert_eq!(listed[0]["name"], "blank");
    let conn = photoprism(&home);
    let quirks =
        "SELECT count(*) FROM auth_users_settings WHERE ifnull(user_uid, '') NOT GLOB 'u*'";
    let before = number(&conn, quirks);
    home.ok("users.add", json!({"name": "new", "role": "admin", "password": "longenough"}));
    home.ok("users.mod", json!({"user": "bob", "attr": "x"}));
    assert_eq!(number(&conn, quirks), before);
}
