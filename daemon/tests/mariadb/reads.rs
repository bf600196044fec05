//! Every read answers as it does with a file, and changes nothing.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::refused;
use crate::server::{PASSWORD, shared};

#[test]
fn every_read_is_answered_and_changes_nothing() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("reading");
    let before = schema.checksums();
    let mut home = schema.started();
    let status = home.ok("status", json!({}));
    let version = status["database"]["server"].as_str().unwrap().to_owned();
    assert!(version.contains("MariaDB"), "{version}");
    assert_eq!(
        status["database"],
        json!({"kind": "photoprism", "engine": "mariadb", "server": version, "path": schema.url(),
            "schema": null, "photoprism_version": "development", "edition": "ce"})
    );
    assert_eq!(status["counts"], json!({"users": 10, "deleted": 1, "sessions": 13, "logins": 0}));
    for page in ["users.ls", "auth.ls", "users.legacy", "users.export", "logins.ls", "audit.ls"] {
        home.ok(page, json!({}));
    }
    let users = home.ok("users.ls", json!({"deleted": true, "search": "all"}))["items"].clone();
    for user in users.as_array().unwrap() {
        let shown = home.ok("users.show", json!({"user": user["uid"]}))["user"].clone();
        assert_eq!(shown["name"], user["name"]);
    }
    let sessions = home.ok("auth.ls", json!({}))["items"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 13);
    for session in sessions.as_array().unwrap() {
        let shown = home.ok("auth.show", json!({"session": session["id"]}))["session"].clone();
        assert_eq!(shown["id"], session["id"]);
    }
    let metrics = home.ok("metrics", json!({}));
    assert!(metrics.to_string().contains("photoprismd_users"), "{metrics}");
    let log = home.stop();
    assert!(!log.contains(PASSWORD), "{log}");
    assert_eq!(schema.checksums(), before);
}

#[test]
fn tokens_are_checked() {
    let Some(server) = shared() else { return };
    let mut home = server.photoprism("tokens").started();
    let mut check = |token: &str| home.ok("auth.verify", json!({"token": token}));
    for (token, name, scope) in [
        ("fU9Scc-rmfs8t-J5lBjO-K5ySmB", json!("admin"), "webdav"),
        ("02hjzP-gJ5FPA-ELwdaM-g6jR1c", json!("alice"), "albums"),
        ("QgygBW-coZrrb-GsHupc-oHjFmg", json!("bob"), "dav web"),
        ("d255a0e73a6f84c6a0a412af45a90e79f3279b75916c7ea9", json!("bob"), "*"),
        ("772bb226a2d299145105c9f591fd16ae16bc50f9920d40a8", Value::Null, "albums metrics photos"),
    ] {
        let found = check(token);
        assert_eq!(found["active"], true, "{token}: {found}");
        assert_eq!((&found["username"], found["scope"].as_str()), (&name, Some(scope)), "{token}");
    }
    for token in ["5XBlOb-VXkFiC-hszFZD-muiKSj", "fU9Scc-rmfs8t-J5lBjO-K5ySmC"] {
        assert_eq!(check(token), json!({"active": false}), "{token}");
    }
}

/// The column's collation takes all of these for `bob`.
#[test]
fn names_are_looked_up_exactly() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("exactly");
    let mut home = schema.started();
    let lookalikes = "SELECT count(*) FROM auth_users
         WHERE user_name = 'böb' OR user_email = 'BOB@example.com' OR user_name = 'bob '";
    let found: Option<u32> =
        mysql::prelude::Queryable::query_first(&mut server.root(Some("exactly")), lookalikes)
            .unwrap();
    assert_eq!(found, Some(1), "the collation is not the one that this is about");
    for name in ["böb", "bo\u{301}b", "bób"] {
        refused(&mut home, "users.show", json!({"user": name}), "not_found");
        let found = home.ok("users.ls", json!({"search": name}));
        assert_eq!(found["items"], json!([]), "{name}");
    }
    for name in ["bob", "BOB", " bob "] {
        assert_eq!(home.ok("users.show", json!({"user": name}))["user"]["name"], "bob");
    }
    schema.run(
        "INSERT INTO auth_users (user_uid, user_name, user_role, can_login) VALUES
        ('utp9999999999999', 'böb', 'admin', 1)",
    );
    let other = home.ok("users.show", json!({"user": "böb"}));
    assert_eq!(other["user"]["uid"], "utp9999999999999");
    assert_ne!(home.ok("users.show", json!({"user": "bob"}))["user"]["uid"], other["user"]["uid"]);
    let items = home.ok("users.ls", json!({"search": "bö"}))["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
}
