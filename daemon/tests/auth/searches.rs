//! `auth.ls`: what is found, in which order, page by page.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{active, add_user, app_password, items, text, token, with_bob};

fn ids(home: &mut TestDaemon, args: Value) -> Vec<String> {
    items(home, "auth.ls", args).iter().map(|item| text(&item["id"])).collect()
}

fn fixture() -> TestDaemon {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(file);
    home.start();
    home
}

/// What PhotoPrism's own `auth ls` prints of it, in its order.
const GOLDEN: [&str; 14] = [
    "sessqf0mn4tk",
    "sess5pvdhx0z",
    "sessux37544g",
    "sessweraou94",
    "sessofsjeny6",
    "sessxipuw5k0",
    "sessbo4hwg3t",
    "sessmgqottu5",
    "sessw1s2ji2c",
    "sessv23lcekg",
    "sess5l9c8mg0",
    "sess1ux07a2v",
    "sess25nmvccv",
    "sessmzrs3t42",
];

#[test]
fn the_order_is_that_of_a_real_photoprism() {
    let mut home = fixture();
    assert_eq!(ids(&mut home, json!({})), GOLDEN);
    for limit in [1, 3, 13, 14] {
        let mut found = Vec::new();
        let mut args = json!({"limit": limit});
        loop {
            let page = home.ok("auth.ls", args.clone());
            let page_ids = page["items"].as_array().unwrap().iter().map(|item| text(&item["id"]));
            found.extend(page_ids);
            match &page["next"] {
                Value::Null => break,
                next => args["cursor"] = next.clone(),
            }
        }
        assert_eq!(found, GOLDEN, "{limit}");
    }
}

#[test]
fn searches_of_a_real_database() {
    let mut home = fixture();
    for (search, expected) in [
        ("expired", &["sessweraou94", "sessmgqottu5"][..]),
        ("sessofsjeny6", &["sessofsjeny6"]),
        ("c6e20ef12dcb3654a14cd024ab2b9a40a21438ef3f144510", &["sessofsjeny6"]),
        ("kgMjhk-3rsJtX-rEamyg-aWDYtO", &["sessxipuw5k0"]),
        ("metr", &["sessofsjeny6"]),
        ("METR", &["sessofsjeny6"]),
        ("access", &["sessofsjeny6"]),
        ("dave", &["sess5pvdhx0z"]),
        ("Dave", &["sess5pvdhx0z"]),
        ("ave", &[]),
        ("%", &[]),
        ("bo_", &[]),
        ("sess00000000", &[]),
        ("HY8fxO-8hvNqB-43UV4q-1AZ0vu", &[]),
        ("mixed.", &["sessw1s2ji2c", "sess1ux07a2v"]),
    ] {
        assert_eq!(ids(&mut home, json!({"search": search})), expected, "{search}");
    }
    let bob = text(&home.ok("users.show", json!({"user": "bob"}))["user"]["uid"]);
    let by_uid = ids(&mut home, json!({"search": bob}));
    assert_eq!(by_uid, ids(&mut home, json!({"search": "bob"})));
    assert_eq!(by_uid.len(), 5);
    // Tokens that PhotoPrism created are known here.
    assert!(active(&mut home, "c6e20ef12dcb3654a14cd024ab2b9a40a21438ef3f144510"));
    assert!(!active(&mut home, "lOXLXj-NDS0NN-Hi5BkQ-8pv2zZ"), "expired");
    let sync = json!({"token": "kgMjhk-3rsJtX-rEamyg-aWDYtO", "scope": "webdav", "name": "Admin"});
    assert_eq!(home.ok("auth.verify", sync)["role"], "admin");
}

#[test]
fn one_that_was_used_comes_first_at_once() {
    let mut home = with_bob();
    add_user(&mut home, "eve");
    let old = app_password(&mut home, "bob", "a");
    let new = app_password(&mut home, "eve", "a");
    let used = |home: &mut TestDaemon, token: &str| {
        let args = json!({"token": token, "client_ip": "::ffff:192.0.2.77"});
        assert_eq!(home.ok("auth.verify", args)["active"], true);
        items(home, "auth.ls", json!({}))[0].clone()
    };
    for token in [&old, &new] {
        let first = used(&mut home, token);
        if token == &old {
            assert_eq!(first["user"]["name"], "bob");
        }
        assert_eq!(first["client_ip"], "192.0.2.77");
        assert!(first["last_active"].is_string() && first["login_ip"] == "");
    }
    let shown = home.ok("auth.show", json!({"session": old}))["session"].clone();
    assert!(shown["last_active"].is_string());
    home.restart();
    let again = home.ok("auth.show", json!({"session": old}))["session"].clone();
    assert_eq!(again, shown, "written at the stop");
}

#[test]
fn names_and_ids_order_what_was_created_in_one_second() {
    let mut home = with_bob();
    for name in ["cleo", "abe", "ädam"] {
        add_user(&mut home, name);
    }
    for name in ["cleo", "abe", "bob", "ädam", "cleo", "abe"] {
        app_password(&mut home, name, "a");
    }
    home.offline(|database| {
        let statement = "UPDATE auth_sessions SET created_at = '2026-11-01 00:00:00+00:00'";
        assert_eq!(database.execute(statement, []).unwrap(), 6);
    });
    let found = items(&mut home, "auth.ls", json!({}));
    let names: Vec<_> = found.iter().map(|item| text(&item["user"]["name"])).collect();
    // By their bytes, whatever the collation of the column is.
    assert_eq!(names, ["abe", "abe", "bob", "cleo", "cleo", "ädam"]);
    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let mut args = json!({"limit": 2});
        if let Some(cursor) = cursor {
            args["cursor"] = cursor;
        }
        let page = home.ok("auth.ls", args);
        paged.extend(page["items"].as_array().unwrap().clone());
        cursor = Some(page["next"].clone()).filter(|next| !next.is_null());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, found);
    let next = home.ok("auth.ls", json!({"limit": 2}))["next"].clone();
    for args in [json!({"cursor": next, "search": "a"}), json!({"cursor": "x"})] {
        assert_eq!(
            home.fault("auth.ls", args),
            ("invalid_argument".to_owned(), "cursor".to_owned())
        );
    }
    let logins = home.fault("logins.ls", json!({"cursor": next}));
    assert_eq!(logins, ("invalid_argument".to_owned(), "cursor".to_owned()), "another command's");
}

#[test]
fn what_has_ended_is_listed_and_swept_at_the_start() {
    let mut home = with_bob();
    let secret = app_password(&mut home, "bob", "a");
    home.ok("auth.add", json!({"name": "older", "scope": "a", "user": "bob"}));
    token(&mut home, "bob");
    home.offline(|database| {
        let statement = "UPDATE auth_sessions SET sess_expires = unixepoch() - ?1
             WHERE auth_provider = 'application' AND client_name = ?2";
        for (ago, name) in [(30 * 86_400 - 3600, "app"), (30 * 86_400 + 1, "older")] {
            assert_eq!(database.execute(statement, (ago, name)).unwrap(), 1);
        }
    });
    assert!(!active(&mut home, &secret));
    home.running().wait_for_log("deleted swept=1");
    assert_eq!(items(&mut home, "auth.ls", json!({})).len(), 2);
    let expired = items(&mut home, "auth.ls", json!({"search": "expired"}));
    assert_eq!(expired.len(), 1, "kept and listed for 30 days: {expired:?}");
}

/// PhotoPrism's database is read at each check: what it commits holds at once.
#[test]
fn what_photoprism_changes_holds_at_once() {
    const METRICS: &str = "c6e20ef12dcb3654a14cd024ab2b9a40a21438ef3f144510";
    const SYNC: &str = "kgMjhk-3rsJtX-rEamyg-aWDYtO";
    let mut home = fixture();
    assert!(active(&mut home, METRICS) && active(&mut home, SYNC));
    let other = home.outside();
    other.execute("DELETE FROM auth_sessions WHERE ref_id = 'sessofsjeny6'", []).unwrap();
    assert!(!active(&mut home, METRICS));
    let deleted = "UPDATE auth_users SET deleted_at = '2026-11-24 00:00:00+00:00' WHERE id = 1";
    other.execute(deleted, []).unwrap();
    assert!(!active(&mut home, SYNC));
    other.execute("UPDATE auth_users SET deleted_at = NULL WHERE id = 1", []).unwrap();
    assert!(active(&mut home, SYNC));
    for provider in ["none", "local"] {
        let statement = "UPDATE auth_users SET auth_provider = ?1 WHERE id = 1";
        other.execute(statement, [provider]).unwrap();
        assert_eq!(active(&mut home, SYNC), provider == "local");
    }
}

#[test]
fn names_of_the_form_of_an_identifier_are_found() {
    let mut home = TestDaemon::started();
    let (hex, token) = ("deadbeef".repeat(8), "cafe".repeat(12));
    for name in ["christophermaier", "uschipartenkirch", "sessionmaker", &hex, &token] {
        add_user(&mut home, name);
        app_password(&mut home, name, "*");
        let found = items(&mut home, "auth.ls", json!({"search": name}));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0]["user"]["name"], name);
    }
    // What is somebody's is that alone, though it begins a name as well.
    add_user(&mut home, "bob");
    app_password(&mut home, "bob", "*");
    let all = items(&mut home, "auth.ls", json!({"search": "bob"}));
    let (id, uid) = (text(&all[0]["id"]), text(&all[0]["user"]["uid"]));
    for search in [&id, &uid] {
        let client = json!({"name": format!("{search} etc"), "scope": "*"});
        home.ok("auth.add", client);
        assert_eq!(ids(&mut home, json!({"search": search})), std::slice::from_ref(&id));
    }
}
