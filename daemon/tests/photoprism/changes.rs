//! Only the columns that change are written, and what PhotoPrism does not know is said.

use rusqlite::types::Value;
use serde_json::json;

use crate::common::json::{Ask, fault};
use crate::setup::{altered, differing, home, number, photoprism, row, warnings};

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn a_change_writes_its_columns_and_no_others() {
    for (args, columns) in [
        (json!({"display_name": "Rob"}), &["display_name"][..]),
        (json!({"email": "rob@example.com"}), &["user_email"]),
        (json!({"role": "guest"}), &["user_role"]),
        (json!({"webdav": false, "can_login": false}), &["can_login", "webdav"]),
        (json!({"base_path": "a", "upload_path": "b/c"}), &["base_path", "upload_path"]),
        (json!({"attr": "x", "expires_at": "2030-01-02T03:04:05Z"}), &["expires_at", "user_attr"]),
        (json!({"provider": "oidc", "auth_id": "abcd-1234"}), &["auth_id", "auth_provider"]),
        (json!({"role": "admin"}), &[]),
    ] {
        let mut home = home();
        let conn = photoprism(&home);
        let before = row(&conn, "auth_users", "id = 2");
        let mut args = args;
        args["user"] = json!("bob");
        home.ok("users.mod", args.clone());
        let mut changed = differing(&before, &row(&conn, "auth_users", "id = 2"));
        changed.retain(|column| column != "updated_at");
        assert_eq!(changed, columns, "{args}");
    }
}

#[test]
fn a_password_is_one_row_and_a_deletion_one_column() {
    let mut home = home();
    let conn = photoprism(&home);
    let before = row(&conn, "auth_users", "id = 2");
    let uid = crate::setup::uid(&mut home, "bob");
    let hash = row(&conn, "passwords", &format!("uid = '{uid}'"));
    home.ok("passwd.set", json!({"user": "bob", "password": "new enough"}));
    assert_eq!(differing(&before, &row(&conn, "auth_users", "id = 2")), Vec::<String>::new());
    let changed = differing(&hash, &row(&conn, "passwords", &format!("uid = '{uid}'")));
    assert_eq!(changed, ["hash", "updated_at"]);
    home.ok("users.rm", json!({"user": "bob"}));
    let deleted = row(&conn, "auth_users", "id = 2");
    assert_eq!(differing(&before, &deleted), ["deleted_at", "updated_at"]);
    assert_eq!(deleted["deleted_at"], deleted["updated_at"]);
    home.ok("users.restore", json!({"user": "bob"}));
    assert_eq!(differing(&before, &row(&conn, "auth_users", "id = 2")), ["updated_at"]);
    let sessions = format!("SELECT count(*) FROM auth_sessions WHERE user_uid = '{uid}'");
    assert_eq!(number(&conn, &sessions), 0);
}

#[test]
fn a_text_that_would_come_back_as_a_number_is_refused() {
    let mut home = home();
    for (field, value) in [
        ("auth_id", "0071"),
        ("auth_id", "1234567890123456789"),
        ("auth_id", "12e45"),
        ("auth_id", "12.50"),
        ("base_path", "007"),
        ("upload_path", "1e3"),
        ("upload_path", "2024.10"),
    ] {
        let mut args = json!({"user": "olga"});
        args[field] = json!(value);
        let refused = home.refused("users.mod", args.clone());
        assert_eq!(fault(&refused), ("invalid_argument".into(), field.into()), "{args}");
        let mut args = json!({"name": "new", "role": "admin", "provider": "oidc",
            "auth_id": "abcd-1234"});
        args[field] = json!(value);
        assert_eq!(home.fault("users.add", args), ("invalid_argument".into(), field.into()));
    }
    // What survives is stored, and comes back as it was.
    let args = json!({"user": "olga", "auth_id": "123456789012345678", "base_path": "2024"});
    let olga = home.ok("users.mod", args)["user"].clone();
    assert_eq!(
        (&olga["auth_id"], &olga["base_path"]),
        (&json!("123456789012345678"), &json!("2024"))
    );
}

#[test]
fn bcrypt_s_limit_holds() {
    let mut home = home();
    let refused = |home: &mut crate::common::test_daemon::TestDaemon, password: String| {
        home.confirmed("passwd.set", json!({"user": "bob", "password": password}))
    };
    assert_eq!(refused(&mut home, "x".repeat(72))["ok"], true);
    let long = refused(&mut home, "ö".repeat(37));
    assert_eq!(fault(&long["error"]), ("invalid_argument".into(), "password".into()));
}

#[test]
fn a_role_that_the_edition_does_not_know_is_warned_of() {
    let mut home = home();
    let add = |home: &mut crate::common::test_daemon::TestDaemon, name: &str, role: &str| {
        home.call("users.add", json!({"name": name, "role": role, "password": "longenough"}))
    };
    for role in ["user", "viewer"] {
        let reply = add(&mut home, role, role);
        // `user` and `viewer` are good names as well.
        let [warning] = &warnings(&reply)[..] else { panic!("{reply}") };
        assert!(warning.contains("community edition") && warning.contains(role), "{warning}");
        assert_eq!(reply["result"]["user"]["may_login"], false);
    }
    assert_eq!(warnings(&add(&mut home, "gus", "guest")), Vec::<String>::new());
    let reply = home.call("users.mod", json!({"user": "bob", "role": "viewer"}));
    assert!(warnings(&reply).iter().any(|warning| warning.contains("viewer")), "{reply}");
    let mut home = altered("UPDATE versions SET edition = 'plus'");
    assert_eq!(warnings(&add(&mut home, "val", "viewer")), Vec::<String>::new());
}

#[test]
fn what_ends_may_live_on_in_a_running_photoprism() {
    let cases = [
        ("users.mod", json!({"user": "bob", "attr": "x"})),
        ("passwd.set", json!({"user": "bob", "password": "longenough"})),
        ("passwd.remove", json!({"user": "bob"})),
        ("users.rm", json!({"user": "bob"})),
        ("users.2fa.disable", json!({"user": "dave"})),
        ("auth.rm", json!({"session": "sessqf0mn4tk"})),
        ("auth.logout", json!({"token": "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87"})),
        ("auth.reset", json!({})),
        ("users.reset", json!({})),
    ];
    for (cmd, args) in cases {
        let mut home = home();
        let reply = home.confirmed(cmd, args);
        assert_eq!(reply["result"]["effective_within_s"], 900, "{cmd} {reply}");
        assert!(warnings(&reply).iter().any(|text| text.contains("15 minutes")), "{cmd} {reply}");
    }
    // Nothing ended, nothing to wait for.
    let mut home = home();
    for (cmd, args) in [
        ("users.mod", json!({"user": "bob", "display_name": "Rob"})),
        ("users.mod", json!({"user": "bob", "attr": "x", "keep_sessions": true})),
        ("passwd.remove", json!({"user": "olga"})),
    ] {
        let reply = home.confirmed(cmd, args);
        assert_eq!(reply["ok"], true, "{reply}");
        assert!(reply["result"].get("effective_within_s").is_none(), "{cmd} {reply}");
    }
}

#[test]
fn a_reset_leaves_what_a_first_start_leaves() {
    let mut home = home();
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", "a new beginning");
    home.restart();
    let conn = photoprism(&home);
    conn.execute("INSERT INTO passwords (uid, hash) VALUES ('cabc', 'client')", []).unwrap();
    let clients = number(&conn, "SELECT count(*) FROM auth_clients");
    let result = home.ok("users.reset", json!({}));
    assert_eq!(result["removed"], json!({"users": 11, "sessions": 14}));
    assert!(std::path::Path::new(result["backup"].as_str().unwrap()).is_file());
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_users WHERE id IN (-2, -1, 1)"), 3);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_users"), 3);
    assert_eq!(number(&conn, "SELECT count(*) FROM passwords WHERE uid NOT GLOB 'u*'"), 1);
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_clients"), clients);
    assert_eq!(row(&conn, "auth_users", "id = 1")["user_name"], text("admin"));
    let login = json!({"name": "admin", "password": "a new beginning", "client_ip": "192.0.2.1"});
    home.ok("auth.login", login);
}

#[test]
fn a_start_never_sets_a_password_there() {
    let mut home = home();
    home.ok("users.reset", json!({}));
    home.set_env("PHOTOPRISM_ADMIN_PASSWORD", "too late for this");
    home.restart();
    assert_eq!(home.ok("users.show", json!({"user": "admin"}))["user"]["has_password"], false);
}
