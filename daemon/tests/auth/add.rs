//! `auth.add`, `auth.show`, `auth.rm`, `auth.reset`.

use photoprism_protocol::token::{is_access_token, is_app_password};
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{PASSWORD, active, add_user, app_password, login, text, token, unix, with_bob};

fn fault(home: &mut TestDaemon, args: Value) -> (String, String) {
    home.fault("auth.add", args)
}

fn bad(field: &str) -> (String, String) {
    ("invalid_argument".into(), field.into())
}

#[test]
fn an_app_password_and_an_access_token_are_shown_whole() {
    let mut home = with_bob();
    let bob = text(&home.ok("users.show", json!({"user": "bob"}))["user"]["uid"]);
    let added = home.ok("auth.add", json!({"name": "Phone", "scope": "webdav", "user": " BOB "}));
    let secret = text(&added["secret"]);
    assert!(is_app_password(&secret), "{secret}");
    let session = added["session"].clone();
    let created = session["created_at"].clone();
    assert!(text(&created).ends_with('Z'));
    assert_eq!(
        session,
        json!({"id": session["id"], "user": {"uid": bob, "name": "bob"}, "client_name": "Phone",
            "client_uid": "", "provider": "application", "method": "default", "grant": "cli",
            "scope": "webdav", "login_ip": "", "client_ip": "", "user_agent": "",
            "last_active": null, "login_at": null, "created_at": created,
            "expires_at": session["expires_at"], "idle_timeout_s": null, "expired": false})
    );
    assert!(text(&session["id"]).starts_with("sess") && text(&session["id"]).len() == 12);
    assert_eq!(added.as_object().unwrap().len(), 2);

    let added = home.ok("auth.add", json!({"name": "Metrics", "scope": "*", "expires_in": -1}));
    let secret = text(&added["secret"]);
    assert!(is_access_token(&secret), "{secret}");
    let session = &added["session"];
    assert_eq!(
        (&session["user"], &session["provider"], &session["method"], &session["expires_at"]),
        (&Value::Null, &json!("access_token"), &json!("oauth2"), &Value::Null)
    );
    assert_eq!((&session["grant"], &session["scope"]), (&json!("cli"), &json!("*")));
}

#[test]
fn scopes_are_brought_into_their_form_or_refused() {
    let mut home = with_bob();
    let thousand = format!("{} ", "a".repeat(1024));
    for (scope, stored) in [
        ("webdav", "webdav"),
        ("WebDAV", "webdav"),
        ("web, dav,web  dav", "dav web"),
        (" photos,albums ", "albums photos"),
        ("a:b-c_d 0", "0 a:b-c_d"),
        ("*", "*"),
        (",*, ", "*"),
        ("* *", "*"),
        (&thousand, thousand.trim()),
    ] {
        let added = home.ok("auth.add", json!({"name": "x", "scope": scope}));
        assert_eq!(added["session"]["scope"], stored, "{scope}");
    }
    let long = "a".repeat(1025);
    for scope in [
        "", " ", ",", "* webdav", "web*", "web/dav", "wéb", "a.b", "a\tb", "a\nb", "a\u{0}b", &long,
    ] {
        assert_eq!(
            fault(&mut home, json!({"name": "x", "scope": scope})),
            bad("scope"),
            "{scope:?}"
        );
    }
}

#[test]
fn lifetimes_have_bounds() {
    let mut home = with_bob();
    for (given, expected) in [
        (json!(1), Some(1)),
        (json!(3_153_600_000_i64), Some(3_153_600_000)),
        (json!(-1), None),
        (Value::Null, Some(31_536_000)),
    ] {
        let mut args = json!({"name": "x", "scope": "a"});
        if !given.is_null() {
            args["expires_in"] = given;
        }
        let before = unix();
        let added = home.ok("auth.add", args);
        let after = unix();
        let token = text(&added["secret"]);
        let exp = home.ok("auth.verify", json!({"token": token}))["exp"].clone();
        match expected {
            None => assert_eq!(exp, Value::Null),
            // A second may have ended the shortest.
            Some(1) => assert!(added["session"]["expires_at"].is_string()),
            Some(seconds) => {
                let exp = exp.as_i64().unwrap();
                assert!((before + seconds..=after + seconds).contains(&exp), "{exp}");
            }
        }
    }
    for given in [json!(0), json!(-2), json!(3_153_600_001_i64), json!(i64::MIN), json!(i64::MAX)] {
        let args = json!({"name": "x", "scope": "a", "expires_in": given});
        assert_eq!(fault(&mut home, args), bad("expires_in"), "{given}");
    }
    for given in ["1.5", "1e3", "\"1\"", "18446744073709551616", "true", "null"] {
        let line = format!(
            r#"{{"cmd":"auth.add","args":{{"name":"x","scope":"a","expires_in":{given}}}}}"#
        );
        let error = home.ask(&line)["error"].clone();
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("bad_request"), &json!("expires_in")),
            "{given}"
        );
    }
}

#[test]
fn names_of_clients_and_owners_are_checked() {
    let mut home = with_bob();
    let longest = "é".repeat(200);
    home.ok("auth.add", json!({"name": longest, "scope": "a", "user": "bob"}));
    for name in ["", "a\u{0}", "a\nb", "\u{1b}[31m", "a\u{202e}b", &"é".repeat(201)] {
        assert_eq!(fault(&mut home, json!({"name": name, "scope": "a"})), bad("name"), "{name:?}");
    }
    let owner = |user: &str| json!({"name": "x", "scope": "a", "user": user});
    for (user, code) in [
        ("nobody", "not_found"),
        ("", "not_found"),
        ("u000000000000001", "conflict"),
        ("u000000000000002", "conflict"),
    ] {
        assert_eq!(fault(&mut home, owner(user)).0, code, "{user}");
    }
    for (cmd, args, code) in [
        ("users.mod", json!({"user": "bob", "expires_at": "2020-01-01T00:00:00Z"}), "conflict"),
        (
            "users.mod",
            json!({"user": "bob", "expires_at": "never", "provider": "none"}),
            "conflict",
        ),
        ("users.rm", json!({"user": "bob"}), "not_found"),
    ] {
        home.ok(cmd, args.clone());
        let error = home.refused("auth.add", owner("bob"));
        assert_eq!(error["code"], code, "{args}");
        assert_eq!(error["hint"].is_string(), code == "not_found", "{error}");
    }
    // `can_login` is about the password alone; an expired super admin is not disabled.
    add_user(&mut home, "eve");
    home.ok("users.mod", json!({"user": "eve", "can_login": false}));
    app_password(&mut home, "eve", "*");
    home.ok("users.mod", json!({"user": "eve", "role": "admin", "super_admin": true}));
    home.ok("users.mod", json!({"user": "eve", "expires_at": "2020-01-01T00:00:00Z"}));
    app_password(&mut home, "eve", "*");
    for args in [json!({"name": "x"}), json!({"scope": "a"}), json!({"name": 1, "scope": "a"})] {
        assert_eq!(fault(&mut home, args).0, "bad_request");
    }
}

#[test]
fn replays_of_a_key_hold_no_secret() {
    let mut home = with_bob();
    let line = json!({"cmd": "auth.add", "key": "a-key-of-mine",
        "args": {"name": "x", "scope": "b a", "user": "bob"}});
    let first = home.ask(&line.to_string())["result"].clone();
    assert!(first["secret"].is_string() && first.get("replayed").is_none());
    let again = home.ask(&line.to_string())["result"].clone();
    assert_eq!(again["session"], first["session"]);
    assert_eq!((&again["secret"], &again["replayed"]), (&Value::Null, &json!(true)));
    let mut other = line;
    other["args"]["scope"] = json!("c");
    assert_eq!(home.ask(&other.to_string())["error"]["code"], "conflict");
    assert_eq!(crate::setup::items(&mut home, "auth.ls", json!({})).len(), 1);
}

#[test]
fn each_way_to_name_a_session_finds_it() {
    let mut home = with_bob();
    let added = home.ok("auth.add", json!({"name": "x", "scope": "a", "user": "bob"}));
    let (id, secret) = (text(&added["session"]["id"]), text(&added["secret"]));
    let hash = data_encoding::HEXLOWER.encode(&sha2_of(&secret));
    for named in [&id, &secret, &hash] {
        assert_eq!(home.ok("auth.show", json!({"session": named}))["session"], added["session"]);
    }
    for (named, code) in [
        ("sess00000000", "not_found"),
        ("HY8fxO-8hvNqB-43UV4q-1AZ0vu", "not_found"),
        (&"0".repeat(64), "not_found"),
        (&"0".repeat(48), "not_found"),
        ("", "invalid_argument"),
        ("bob", "invalid_argument"),
        ("HY8fxO-8hvNqB-43UV4q-1AZ0vv", "invalid_argument"),
        ("a\u{0}", "invalid_argument"),
    ] {
        for cmd in ["auth.show", "auth.rm"] {
            let error = home.refused(cmd, json!({"session": named}));
            assert_eq!(error["code"], code, "{cmd} {named}");
            let message = error.to_string();
            assert!(named.len() < 12 || !message.contains(named), "{message}");
        }
    }
    let line = json!({"cmd": "auth.rm", "args": {"session": id}}).to_string();
    assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    assert_eq!(home.ok("auth.rm", json!({"session": secret})), json!({"removed": 1}));
    assert_eq!(home.refused("auth.show", json!({"session": id}))["code"], "not_found");
    assert!(!active(&mut home, &secret));
}

fn sha2_of(secret: &str) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(secret).to_vec()
}

#[test]
fn children_end_with_their_parent_and_not_the_other_way_round() {
    let mut home = with_bob();
    let parent = app_password(&mut home, "bob", "sessions webdav");
    let child =
        |home: &mut TestDaemon| text(&home.ok("auth.login", login("bob", &parent))["secret"]);
    let (one, two, three) = (child(&mut home), child(&mut home), child(&mut home));
    let session = home.ok("auth.show", json!({"session": one}))["session"].clone();
    assert_eq!(
        (&session["provider"], &session["method"], &session["scope"], &session["grant"]),
        (&json!("application"), &json!("session"), &json!("sessions webdav"), &json!("password"))
    );
    let own = home.ok("auth.show", json!({"session": parent}))["session"].clone();
    assert_eq!(session["expires_at"], own["expires_at"]);
    assert_eq!(home.ok("auth.rm", json!({"session": one}))["removed"], 1);
    assert!(active(&mut home, &parent) && active(&mut home, &two));
    assert_eq!(home.ok("auth.logout", json!({"token": three})), json!({"removed": true}));
    assert_eq!(home.ok("auth.rm", json!({"session": parent}))["removed"], 2);
    for token in [&parent, &one, &two, &three] {
        assert!(!active(&mut home, token));
    }
}

#[test]
fn changes_of_the_account_end_what_they_must() {
    let mut home = with_bob();
    let parent = app_password(&mut home, "bob", "*");
    let access = text(&home.ok("auth.add", json!({"name": "x", "scope": "a"}))["secret"]);
    let child = text(&home.ok("auth.login", login("bob", &parent))["secret"]);
    let session = token(&mut home, "bob");
    let changed = home.ok("users.mod", json!({"user": "bob", "webdav": true}));
    assert_eq!(changed["sessions_revoked"], 2);
    let state =
        |home: &mut TestDaemon| [&parent, &access, &child, &session].map(|t| active(home, t));
    assert_eq!(state(&mut home), [true, true, false, false]);
    let session = token(&mut home, "bob");
    home.ok("passwd.set", json!({"user": "bob", "password": "another1", "keep_sessions": true}));
    assert!(active(&mut home, &session));
    home.ok("passwd.set", json!({"user": "bob", "password": PASSWORD}));
    assert!(!active(&mut home, &session) && active(&mut home, &parent));
    home.ok("users.rm", json!({"user": "bob"}));
    assert!(!active(&mut home, &parent) && active(&mut home, &access));
    home.ok("users.restore", json!({"user": "bob"}));
    assert!(!active(&mut home, &parent), "it ended for good");
}

#[test]
fn a_reset_ends_all_and_keeps_a_backup() {
    let mut home = with_bob();
    let tokens = [app_password(&mut home, "bob", "a"), token(&mut home, "bob")];
    let line = json!({"cmd": "auth.reset"}).to_string();
    assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    let gone = home.ok("auth.reset", json!({}));
    assert_eq!(gone["removed"], 2);
    let path = std::path::PathBuf::from(text(&gone["backup"]));
    assert!(path.starts_with(home.data().join("backups")), "{path:?}");
    let backup = rusqlite::Connection::open(&path).unwrap();
    let count = |table: &str| -> i64 {
        let statement = format!("SELECT count(*) FROM {table}");
        backup.query_row(&statement, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("auth_sessions"), count("auth_users")), (2, 4));
    for token in &tokens {
        assert!(!active(&mut home, token));
    }
    home.restart();
    assert!(!active(&mut home, &tokens[0]));
    assert_eq!(home.ok("auth.reset", json!({}))["removed"], 0);
}
