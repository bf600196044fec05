//! The rules of `users.add` hold whichever way an account's properties come, in both kinds of
//! database.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{home, photoprism, uid, warnings};
use crate::ways::{WAYS, Way, bring};

/// Properties that are refused, with code and field.
fn broken() -> Vec<(Value, &'static str, &'static str)> {
    let invalid = |given: Value, field| (given, "invalid_argument", field);
    vec![
        invalid(json!({"role": "boss"}), "role"),
        invalid(json!({"email": "bob.example.com"}), "email"),
        invalid(json!({"display_name": "a\u{202e}b"}), "display_name"),
        invalid(json!({"display_name": "a".repeat(201)}), "display_name"),
        invalid(json!({"display_name": "a\u{3164}"}), "display_name"),
        invalid(json!({"email": "b\u{fe0f}ob@example.com"}), "email"),
        invalid(json!({"provider": "ad"}), "provider"),
        invalid(json!({"provider": "oidc"}), "provider"),
        invalid(json!({"provider": "oidc", "auth_id": "abc"}), "auth_id"),
        invalid(json!({"auth_id": "a".repeat(256)}), "auth_id"),
        invalid(json!({"auth_issuer": "https://sso.example.com"}), "auth_issuer"),
        invalid(json!({"auth_id": "abcd", "auth_issuer": "a".repeat(256)}), "auth_issuer"),
        invalid(json!({"base_path": "a/../b"}), "base_path"),
        invalid(json!({"upload_path": "/a"}), "upload_path"),
        invalid(json!({"attr": "a".repeat(1025)}), "attr"),
        (json!({"auth_id": "taken"}), "exists", "auth_id"),
        (json!({"auth_id": "taken by one that is deleted"}), "exists", "auth_id"),
        (json!({"email": "taken@example.com"}), "exists", "email"),
        (json!({"email": "deleted@example.com"}), "exists", "email"),
    ]
}

/// The same, of values that no column of PhotoPrism's could hold.
fn broken_switches() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"super_admin": true, "role": "guest"}), "role"),
        (json!({"expires_at": "0001-01-01T00:00:00Z"}), "expires_at"),
        (json!({"expires_at": "9999-12-31T23:59:59Z"}), "expires_at"),
        (json!({"password": "longenough"}), "password"),
        (json!({"password": "short"}), "password"),
    ]
}

/// Those whose email addresses and auth ids others want.
fn owners(home: &mut TestDaemon) {
    for (name, auth_id, email) in [
        ("owner", "taken", "taken@example.com"),
        ("former", "taken by one that is deleted", "deleted@example.com"),
    ] {
        let args = json!({"name": name, "role": "guest", "provider": "ldap", "auth_id": auth_id,
            "email": email});
        home.ok("users.add", args);
    }
    home.ok("users.rm", json!({"user": "former"}));
}

#[test]
fn every_way_in_is_held_to_the_rules_of_add() {
    for mut home in [home(), TestDaemon::started()] {
        owners(&mut home);
        for way in WAYS {
            for (number, (given, code, field)) in broken().into_iter().enumerate() {
                let name = format!("{way:?}-{number}").to_lowercase();
                let came = bring(&mut home, way, (&name, &given));
                if way == Way::Database && given.get("auth_id").is_none() && field == "auth_issuer"
                {
                    // An issuer without a subject says nothing, and stays there.
                    assert_eq!(came, Ok(()));
                    continue;
                }
                assert_eq!(came, Err((code.into(), field.into())), "{way:?} {given}");
            }
            for (number, (given, field)) in broken_switches().into_iter().enumerate() {
                if way == Way::Database {
                    continue;
                }
                let name = format!("s-{way:?}-{number}").to_lowercase();
                let came = bring(&mut home, way, (&name, &given));
                let refused = Err(("invalid_argument".into(), field.into()));
                assert_eq!(came, refused, "{way:?} {given}");
            }
        }
    }
}

#[test]
fn an_auth_id_is_unique_for_its_provider() {
    for mut home in [home(), TestDaemon::started()] {
        owners(&mut home);
        // Another provider has other people, and a provider that changes brings the id along.
        let other = json!({"name": "other", "role": "guest", "provider": "oidc",
            "auth_id": "taken"});
        home.ok("users.add", other);
        let changed = json!({"user": "other", "provider": "ldap"});
        assert_eq!(home.fault("users.mod", changed), ("exists".into(), "auth_id".into()));
        // Nobody's is nobody's, and one's own is no other's.
        for name in ["none-1", "none-2"] {
            bring(&mut home, Way::Add, (name, &json!({"auth_id": ""}))).unwrap();
        }
        home.ok("users.mod", json!({"user": "owner", "auth_id": "taken", "attr": "x"}));
        // Two rows of one text: the first has it.
        let row = |name: &str| {
            json!({"name": name, "role": "guest", "provider": "ldap",
            "auth_id": "same"})
        };
        let text = format!("{}\n{}\n", row("first"), row("second"));
        let begun = home.ok("users.import", json!({"text": text}));
        let run = json!({"import": begun["import"], "run": true});
        let items = home.ok("users.import", run)["items"].clone();
        assert_eq!((&items[0]["outcome"], &items[1]["code"]), (&json!("added"), &json!("exists")));
    }
}

#[test]
fn who_comes_back_must_have_an_auth_id_of_its_own() {
    let mut home = home();
    owners(&mut home);
    // Another program gave it to somebody else meanwhile.
    let taken = "UPDATE auth_users SET auth_id = 'taken by one that is deleted'
        WHERE user_name = 'owner'";
    assert_eq!(photoprism(&home).execute(taken, []).unwrap(), 1);
    let exists = ("exists".to_owned(), "auth_id".to_owned());
    let back = json!({"name": "former", "restore": true});
    assert_eq!(home.fault("users.restore", json!({"user": "former"})), exists);
    assert_eq!(home.fault("users.add", back), exists);
    assert_ne!(home.ok("users.show", json!({"user": "former"}))["user"]["deleted_at"], json!(null));
    let back = json!({"name": "former", "restore": true, "auth_id": "another"});
    assert_eq!(home.ok("users.add", back)["user"]["auth_id"], "another");
    // One that is not deleted stays as it is.
    home.ok("users.restore", json!({"user": "owner"}));
}

#[test]
fn an_issuer_goes_with_its_auth_id() {
    for mut home in [home(), TestDaemon::started()] {
        for (number, way) in WAYS.into_iter().enumerate() {
            let name = format!("issued-{number}");
            let given = json!({"auth_id": format!("subject-{number}"),
                "auth_issuer": " https://sso.example.com "});
            bring(&mut home, way, (&name, &given)).unwrap();
            let user = home.ok("users.show", json!({"user": name}))["user"].clone();
            assert_eq!(user["auth_issuer"], "https://sso.example.com", "{way:?}");
            // Another subject of the same issuer, then none.
            let other = json!({"user": name, "auth_id": format!("other-{number}")});
            let changed = home.ok("users.mod", other);
            assert_eq!(changed["changed"], json!(["auth_id"]));
            assert_eq!(changed["user"]["auth_issuer"], "https://sso.example.com");
            let cleared = [Way::Mod, Way::Update, Way::AddRestore][number % 3];
            bring(&mut home, cleared, (&name, &json!({"auth_id": ""}))).unwrap();
            let user = home.ok("users.show", json!({"user": name}))["user"].clone();
            assert_eq!((&user["auth_id"], &user["auth_issuer"]), (&json!(""), &json!("")));
        }
    }
}

#[test]
fn photoprism_takes_no_brackets_in_a_subject_and_no_long_names() {
    let (mut attached, mut own) = (home(), TestDaemon::started());
    let long = "ä".repeat(33);
    for (number, way) in WAYS.into_iter().enumerate() {
        let name = format!("n-{number}");
        let given = json!({"provider": "oidc", "auth_id": format!("<{number}>abc")});
        let refused = |field: &str| Err(("invalid_argument".to_owned(), field.to_owned()));
        assert_eq!(bring(&mut attached, way, (&name, &given)), refused("auth_id"), "{way:?}");
        assert_eq!(bring(&mut own, way, (&name, &given)), Ok(()), "{way:?}");
        // Other providers' are kept as they are.
        let given = json!({"auth_id": format!("<{number}>abc")});
        bring(&mut attached, way, (&format!("m-{number}"), &given)).unwrap();
        if matches!(way, Way::AddRestore | Way::Mod | Way::Update) {
            // These need an account of that name first.
            continue;
        }
        let fits = "ä".repeat(31) + &number.to_string();
        let longer = format!("{long}{number}");
        assert_eq!(bring(&mut attached, way, (&longer, &json!({}))), refused("name"), "{way:?}");
        assert_eq!(bring(&mut attached, way, (&fits, &json!({}))), Ok(()), "{way:?}");
        assert_eq!(bring(&mut own, way, (&longer, &json!({}))), Ok(()), "{way:?}");
    }
    let renamed = json!({"user": "n-1", "name": long});
    own.ok("users.rename", renamed.clone());
    assert_eq!(attached.fault("users.rename", renamed), ("invalid_argument".into(), "name".into()));
    // A legacy account of such a name is not adopted.
    let rows = format!(
        "UPDATE users SET user_name = '{long}' WHERE id = (SELECT max(id) FROM users
           WHERE id > 0 AND deleted_at IS NULL)"
    );
    assert_eq!(photoprism(&attached).execute(&rows, []).unwrap(), 1);
    let reported = attached.ok("users.adopt", json!({"names": [long]}))["accounts"][0].clone();
    assert_eq!(reported["outcome"], "refused", "{reported}");
    assert!(reported["message"].as_str().unwrap().contains("64 bytes"), "{reported}");
    // One that PhotoPrism stored is found and changed under its name.
    let stored = format!("UPDATE auth_users SET user_name = '{long}' WHERE user_name = 'alice'");
    assert_eq!(photoprism(&attached).execute(&stored, []).unwrap(), 1);
    attached.ok("users.mod", json!({"user": long, "attr": "x"}));
}

#[test]
fn an_import_warns_of_roles_as_add_does() {
    let mut home = home();
    let text = "name;role;provider\na1;viewer;none\na2;viewer;none\na3;guest;none\nbob;admin;\n";
    let run = |home: &mut TestDaemon, options: Value| {
        let mut args = options;
        args["import"] = home.ok("users.import", json!({"text": text}))["import"].clone();
        args["run"] = json!(true);
        warnings(&home.call("users.import", args))
    };
    for options in [json!({"dry_run": true}), json!({})] {
        let warned = run(&mut home, options);
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert!(
            warned[0].contains("community edition") && warned[0].contains("viewer"),
            "{warned:?}"
        );
    }
    // They are what they are already.
    assert_eq!(run(&mut home, json!({"update": true})), Vec::<String>::new());
}

#[test]
fn a_row_that_is_refused_late_leaves_nothing() {
    let mut home = home();
    let path = home.root().join("other.db");
    std::fs::copy(crate::setup::fixture(), &path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let bob = uid(&mut home, "bob");
    // An app password under a reference that no column here would keep.
    other
        .execute_batch(&format!(
            "UPDATE auth_users SET user_name = 'late', user_email = '' WHERE user_uid = '{bob}';
             UPDATE auth_users SET user_name = 'fine', user_email = '' WHERE user_name = 'alice';
             UPDATE auth_sessions SET id = 'f' || substr(id, 2), ref_id = CAST('0007' AS BLOB)
               WHERE user_uid = '{bob}' AND auth_provider = 'application'"
        ))
        .unwrap();
    drop(other);
    let begun = home.ok("users.import", json!({"database": path}));
    let run = json!({"import": begun["import"], "run": true});
    let done = home.ok("users.import", run);
    let item = |name: &str| {
        done["items"].as_array().unwrap().iter().find(|item| item["name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&item("late")["outcome"], &item("fine")["outcome"]),
        (&json!("refused"), &json!("added"))
    );
    assert_eq!(item("late")["field"], "ref_id");
    assert_eq!(home.call("users.show", json!({"user": "late"}))["error"]["code"], "not_found");
    assert_eq!(home.ok("users.show", json!({"user": "fine"}))["user"]["has_password"], true);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn a_stored_name_that_no_login_takes_is_reported() {
    let (long, fits) = ("\u{e4}".repeat(33), "\u{e4}".repeat(32));
    let mut home = crate::setup::altered(&format!(
        "UPDATE auth_users SET user_name = '{long}' WHERE user_name = 'alice';
         UPDATE auth_users SET user_name = '{fits}' WHERE user_name = 'bob';"
    ));
    let codes = |home: &mut TestDaemon, user: &str| {
        let answer = home.ok("users.why", json!({"user": user}));
        let codes = answer["reasons"].as_array().unwrap().iter().map(|r| r["code"].clone());
        (codes.collect::<Vec<_>>(), answer["can_log_in"].clone())
    };
    assert_eq!(codes(&mut home, &fits), (vec![], json!(true)));
    assert_eq!(codes(&mut home, &long), (vec![json!("name_too_long")], json!(false)));
    let doctor = |home: &mut TestDaemon| {
        let checks = home.ok("doctor", json!({}))["checks"].clone();
        let all = checks.as_array().unwrap().clone();
        all.into_iter().find(|check| check["check"] == "account names")
    };
    let found = doctor(&mut home).expect("a row").to_string();
    assert!(found.contains(&long) && !found.contains(&format!("{fits},")), "{found}");
    home.ok("users.rename", json!({"user": long, "name": "alice"}));
    assert_eq!((codes(&mut home, "alice").1, doctor(&mut home)), (json!(true), None));
}
