//! `passwd.set` and `passwd.remove`: what is stored, what is refused, who sees a hash.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

const SECRET: &str = "correct horse Battery";

fn with_bob(mut home: TestDaemon) -> (TestDaemon, String) {
    home.start();
    let bob = json!({"name": "bob", "role": "user", "password": "mysecret"});
    let uid = home.ok("users.add", bob)["user"]["uid"].as_str().unwrap().to_owned();
    (home, uid)
}

fn stored_hash(home: &mut TestDaemon, uid: &str) -> Option<String> {
    home.offline(|database| {
        database
            .query_row("SELECT hash FROM passwords WHERE uid = ?1", [uid], |row| row.get(0))
            .ok()
    })
}

/// Whether the PHC string is one of Argon2id with the default parameters over that password.
fn is_argon2_of(hash: &str, password: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    let ["", "argon2id", "v=19", "m=19456,t=2,p=1", salt, tag] = parts[..] else {
        panic!("not the defaults: {hash}")
    };
    let salt = BASE64_NOPAD.decode(salt.as_bytes()).unwrap();
    let tag = BASE64_NOPAD.decode(tag.as_bytes()).unwrap();
    assert_eq!((salt.len(), tag.len()), (16, 32), "{hash}");
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut computed = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), &salt, &mut computed)
        .unwrap();
    computed[..] == tag[..]
}

#[test]
fn a_hash_is_argon2id_with_the_default_parameters() {
    let (mut home, uid) = with_bob(TestDaemon::new());
    let hash = stored_hash(&mut home, &uid).unwrap();
    assert!(is_argon2_of(&hash, "mysecret") && !is_argon2_of(&hash, "Mysecret"));
    let set = json!({"user": "BOB", "password": SECRET, "show_hash": true});
    let result = home.ok("passwd.set", set);
    let shown = result["hash"].as_str().unwrap();
    assert!(is_argon2_of(shown, SECRET));
    assert_eq!(stored_hash(&mut home, &uid).as_deref(), Some(shown));
    let set = json!({"user": uid, "password": SECRET});
    assert_eq!(home.ok("passwd.set", set), json!({"sessions_revoked": 0}));
    let again = stored_hash(&mut home, &uid).unwrap();
    assert!(again != shown && is_argon2_of(&again, SECRET), "a salt of its own");
}

#[test]
fn bcrypt_on_request_takes_72_bytes() {
    let home = TestDaemon::new().env("PHOTOPRISM_PASSWORD_HASH", "bcrypt");
    let (mut home, uid) = with_bob(home);
    for password in ["a1".repeat(36), "a1".repeat(35) + "b", "😀".repeat(18)] {
        let set = json!({"user": "bob", "password": password, "show_hash": true});
        let hash = home.ok("passwd.set", set)["hash"].clone();
        let hash = hash.as_str().unwrap();
        assert!(hash.starts_with("$2") && &hash[4..7] == "12$", "{hash}");
        assert!(bcrypt::verify(&password, hash).unwrap(), "{} bytes", password.len());
    }
    for password in ["a1".repeat(36) + "b", "😀".repeat(18) + "a", "ä".repeat(37)] {
        let error = home.fault("passwd.set", json!({"user": "bob", "password": password}));
        assert_eq!(error, ("invalid_argument".into(), "password".into()));
        let error = home.fault("users.mod", json!({"user": "bob", "password": password}));
        assert_eq!(error, ("invalid_argument".into(), "password".into()));
    }
    assert!(bcrypt::verify("😀".repeat(18), &stored_hash(&mut home, &uid).unwrap()).unwrap());
}

#[test]
fn argon2_takes_72_characters_of_any_kind() {
    let (mut home, _) = with_bob(TestDaemon::new());
    for password in ["x7x7x7x7".to_owned(), "😀".repeat(72), "ä".repeat(8), "p a\ts s w".into()]
    {
        let set = json!({"user": "bob", "password": password, "show_hash": true});
        let hash = home.ok("passwd.set", set)["hash"].clone();
        assert!(is_argon2_of(hash.as_str().unwrap(), &password), "{password}");
    }
    for password in [
        "x".repeat(73),
        "ä".repeat(73),
        "x7x7x7x".into(),
        "ä".repeat(7),
        " mysecret".into(),
        "mysecret\t".into(),
        "mysecret\u{a0}".into(),
        "pass\0word1".into(),
        "Password".into(),
        "QwErTyUiOp".into(),
    ] {
        let error = home.fault("passwd.set", json!({"user": "bob", "password": password}));
        assert_eq!(error, ("invalid_argument".into(), "password".into()), "{password}");
    }
    for password in ["mysecret", "insecure", "photoprism"] {
        home.ok("passwd.set", json!({"user": "bob", "password": password}));
    }
}

#[test]
fn the_shortest_length_and_the_cost_are_settings() {
    let home = TestDaemon::new().args(["--password-length", "12", "--argon2", "m=20000,t=3,p=1"]);
    let mut home = home;
    home.start();
    let add = |password: &str| json!({"name": "bob", "role": "user", "password": password});
    let error = home.fault("users.add", add("elevenchars"));
    assert_eq!(error, ("invalid_argument".into(), "password".into()));
    home.ok("users.add", add("twelve chars"));
    let set = json!({"user": "bob", "password": "twelve chars", "show_hash": true});
    let hash = home.ok("passwd.set", set)["hash"].as_str().unwrap().to_owned();
    assert!(hash.starts_with("$argon2id$v=19$m=20000,t=3,p=1$"), "{hash}");
}

#[test]
fn the_own_name_and_other_providers_are_refused() {
    let (mut home, _) = with_bob(TestDaemon::new());
    home.ok("users.add", json!({"name": "josé.garcía", "role": "user", "password": "mysecret"}));
    for password in ["josé.garcía", "JOSÉ.GARCÍA", "jose\u{301}.garci\u{301}a"] {
        let error = home.fault("passwd.set", json!({"user": "josé.garcía", "password": password}));
        assert_eq!(error, ("invalid_argument".into(), "password".into()), "{password}");
    }
    for (name, more) in [
        ("l", json!({"provider": "ldap"})),
        ("n", json!({"provider": "none"})),
        ("o", json!({"provider": "oidc", "auth_id": "subject"})),
    ] {
        let mut args = json!({"name": name, "role": "user"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        home.ok("users.add", args);
        let error = home.fault("passwd.set", json!({"user": name, "password": "mysecret"}));
        assert_eq!(error, ("invalid_argument".into(), "password".into()), "{name}");
    }
    // A provider that changes leaves the hash where it is.
    let args = json!({"user": "bob", "provider": "oidc", "auth_id": "another subject"});
    assert_eq!(home.ok("users.mod", args)["user"]["has_password"], true);
    let back = home.ok("users.mod", json!({"user": "bob", "provider": "local"}));
    assert_eq!(back["user"]["has_password"], true);
}

#[test]
fn a_password_is_removed_once() {
    let (mut home, uid) = with_bob(TestDaemon::new());
    assert_eq!(
        home.ask(r#"{"cmd":"passwd.remove","args":{"user":"bob"}}"#)["error"]["code"],
        "confirm_required"
    );
    home.offline(|database| super::users_mod::insert_sessions(database, &uid));
    let removed = home.ok("passwd.remove", json!({"user": "bob"}));
    assert_eq!(removed, json!({"removed": true, "sessions_revoked": 2}));
    assert_eq!(home.offline(|database| super::users_mod::sessions(database)), ["app", "other"]);
    assert_eq!(stored_hash(&mut home, &uid), None);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["has_password"], false);
    home.offline(|database| super::users_mod::insert_sessions(database, &uid));
    let removed = home.ok("passwd.remove", json!({"user": "bob"}));
    assert_eq!(removed, json!({"removed": false, "sessions_revoked": 0}));
}

#[test]
fn sessions_end_unless_they_are_kept() {
    let (mut home, uid) = with_bob(TestDaemon::new());
    for (keep, ended) in [(json!(true), 0), (json!(false), 2), (Value::Null, 2)] {
        home.offline(|database| super::users_mod::insert_sessions(database, &uid));
        let mut set = json!({"user": "bob", "password": "longenough"});
        if keep.is_boolean() {
            set["keep_sessions"] = keep;
        }
        assert_eq!(home.ok("passwd.set", set), json!({"sessions_revoked": ended}));
    }
}

#[test]
fn only_an_administrator_sees_a_hash() {
    if !is_root() {
        return skipped("needs root");
    }
    let args = ["--socket-group", "54321", "--allow", "write=uid:54001"];
    let (home, _) = with_bob(TestDaemon::new().args(args));
    open_to_all(&home.socket());
    let mut writer = Peer::connect(&home.socket(), Who { uid: 54_001, gid: 54_001, groups: &[] });
    let set = |show| json!({"user": "bob", "password": "longenough", "show_hash": show});
    let error = writer.refused("passwd.set", set(true));
    assert_eq!((&error["code"], &error["field"]), (&json!("forbidden"), &json!("show_hash")));
    let result = writer.ok("passwd.set", set(false));
    assert_eq!(result, json!({"sessions_revoked": 0}));
    let member = Who { uid: 54_002, gid: 54_002, groups: &[54_321] };
    let mut member = Peer::connect(&home.socket(), member);
    assert!(member.ok("passwd.set", set(true))["hash"].is_string());
}
