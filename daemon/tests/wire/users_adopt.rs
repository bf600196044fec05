//! `users.adopt`: what an old PhotoPrism left becomes accounts.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// A hash in the form of those that PhotoPrism computes.
const BCRYPT: &str = "$2a$10$hVENFvLPfJtEDYcYpRkFr.SJHhDZCxJpA1x7n2r2aHqyLJUQh7U1q";

/// A daemon with a legacy table next to its own.
fn with_legacy(rows: &str) -> TestDaemon {
    let mut home = TestDaemon::started();
    let created = json!({"name": "old", "role": "user", "password": "mysecret"});
    let uid = home.ok("users.add", created)["user"]["uid"].as_str().unwrap().to_owned();
    home.offline(|database| {
        database
            .execute_batch(
                "DROP TABLE IF EXISTS users; CREATE TABLE users (id INTEGER PRIMARY KEY, user_uid VARBINARY(42),
                   full_name VARCHAR(99), user_name VARCHAR(99), primary_email VARCHAR(99), role_admin BOOL,
                   user_disabled BOOL, webdav BOOL, created_at DATETIME, deleted_at DATETIME);
                 INSERT INTO users VALUES
                   (-1, 'u000000000000001', 'Anonymous', '', '', 0, 1, 0, NULL, NULL),
                   (1, 'uqz1r5w1abcdefgh', 'Admin', 'admin', '', 1, 0, 0, NULL, NULL),
                   (5, 'uqz1r5w1jklmnopq', 'Grandma Käthe', 'Grandma', 'Kaethe@example.org', 0, 0, 1,
                     '2021-10-03 10:11:12+00:00', NULL),
                   (6, 'uqz1r5w1rstuvwxy', '', 'bob', NULL, 1, 1, 0, NULL, NULL),
                   (7, 'uqz1r5w1zzzzzzzz', 'Former', 'former', '', 0, 0, 0, NULL, '2021-12-03 10:11:12+00:00');",
            )
            .unwrap();
        if !rows.is_empty() {
            database.execute_batch(rows).unwrap();
        }
        // The hash of a password that is known, under the old UID.
        let copied = "INSERT INTO passwords (uid, hash, created_at)
            SELECT 'uqz1r5w1jklmnopq', hash, created_at FROM passwords WHERE uid = ?1";
        assert_eq!(database.execute(copied, [&uid]).unwrap(), 1);
    });
    home
}

fn adopt(home: &mut TestDaemon, args: Value) -> Vec<Value> {
    home.ok("users.adopt", args)["accounts"].as_array().unwrap().clone()
}

fn outcomes(accounts: &[Value]) -> Vec<(&str, &str)> {
    accounts
        .iter()
        .map(|account| (account["name"].as_str().unwrap(), account["outcome"].as_str().unwrap()))
        .collect()
}

#[test]
fn all_become_accounts_and_what_exists_is_left_alone() {
    let mut home = with_legacy("");
    let before = home.ok("users.show", json!({"user": "admin"}));
    let plan = home.ok("users.adopt", json!({"all": true, "dry_run": true}));
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 2, "a dry run creates nothing");
    let done = home.ok("users.adopt", json!({"all": true}));
    assert_eq!((&plan["dry_run"], &done["dry_run"]), (&json!(true), &json!(false)));
    assert_eq!((&plan["adopted"], &done["adopted"]), (&json!(2), &json!(2)));
    let (plan, done) = (plan["accounts"].as_array().unwrap(), done["accounts"].as_array().unwrap());
    let expected = [("admin", "exists"), ("Grandma", "adopted"), ("bob", "adopted")];
    assert_eq!((outcomes(plan), outcomes(done)), (expected.to_vec(), expected.to_vec()));
    for (plan, done) in plan.iter().zip(done) {
        let mut expected = plan.clone();
        if !done["user"].is_null() {
            for key in ["created_at", "updated_at"] {
                expected["user"][key] = done["user"][key].clone();
            }
        }
        assert_eq!(*done, expected, "the plan is what is done");
    }
    let grandma = home.ok("users.show", json!({"user": "grandma"}))["user"].clone();
    assert_eq!(grandma, done[1]["user"]);
    for (key, value) in [
        ("uid", json!("uqz1r5w1jklmnopq")),
        ("display_name", json!("Grandma Käthe")),
        ("email", json!("kaethe@example.org")),
        ("role", json!("user")),
        ("super_admin", json!(false)),
        ("provider", json!("local")),
        ("can_login", json!(true)),
        ("may_webdav", json!(true)),
        ("has_password", json!(true)),
    ] {
        assert_eq!(grandma[key], value, "{key}");
    }
    assert_eq!(done[1]["message"], Value::Null);
    let login = json!({"name": "grandma", "password": "mysecret", "client_ip": "::1"});
    assert_eq!(home.ok("auth.login", login)["user"]["uid"], grandma["uid"]);
    let bob = &done[2]["user"];
    assert_eq!((&bob["role"], &bob["display_name"]), (&json!("admin"), &json!("Bob")));
    assert_eq!((&bob["can_login"], &bob["has_password"]), (&json!(false), &json!(false)));
    assert!(done[2]["message"].as_str().unwrap().contains("photoprism passwd bob"));
    assert_eq!(home.ok("users.show", json!({"user": "admin"})), before);
    // A second run finds them all there.
    let again = adopt(&mut home, json!({"all": true}));
    assert!(again.iter().all(|account| account["outcome"] == "exists"), "{again:?}");
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 4);
    let record = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("users.adopt"), &json!("")));
}

#[test]
fn names_are_found_as_everywhere() {
    let mut home = with_legacy("");
    let accounts = adopt(
        &mut home,
        json!({"names": [" GRANDMA ", "uqz1r5w1rstuvwxy", "former", "nobody", "grandma", ""]}),
    );
    let expected = [
        (" GRANDMA ", "adopted"),
        ("uqz1r5w1rstuvwxy", "adopted"),
        ("former", "not_found"),
        ("nobody", "not_found"),
        ("grandma", "exists"),
        ("", "not_found"),
    ];
    assert_eq!(outcomes(&accounts), expected);
    let one = adopt(&mut home, json!({"names": ["bob"]}));
    assert_eq!(outcomes(&one), [("bob", "exists")]);
}

#[test]
fn what_breaks_a_rule_is_reported_and_never_changed() {
    let rows = format!(
        "INSERT INTO users VALUES
           (10, 'uqz1r5w1aaaaaaaa', 'A', 'a b', '', 0, 0, 0, NULL, NULL),
           (11, 'uqz1r5w1bbbbbbbb', 'B', 'b', 'no address', 0, 0, 0, NULL, NULL),
           (12, 'uqz1r5w1cccccccc', 'C\u{202e}', 'c', '', 0, 0, 0, NULL, NULL),
           (13, 'uqz1r5w1dddddddd', 'D', 'd', 'kaethe@example.org', 0, 0, 0, NULL, NULL),
           (14, 'uqz1r5w1eeeeeeee', 'E', '', '', 0, 0, 0, NULL, NULL),
           (15, 'short', 'F', 'f', '', 0, 0, 0, NULL, NULL),
           (16, 'uqz1r5w1gggggggg', 'G', 'F', '', 0, 0, 0, NULL, NULL),
           (17, NULL, 'H', 'h', '', 0, 0, 0, NULL, NULL),
           (18, 'short', 'I', 'i', '', 0, 0, 0, NULL, NULL);
         INSERT INTO passwords (uid, hash) VALUES ('short', '{BCRYPT}');
         INSERT INTO auth_users (user_uid, user_name, deleted_at)
           VALUES ('uqz1r5w1rstuvwxy', 'renamed', '2026-01-01 00:00:00+00:00');"
    );
    let mut home = with_legacy(&rows);
    for dry_run in [true, false] {
        let accounts = adopt(&mut home, json!({"all": true, "dry_run": dry_run}));
        let expected = [
            ("admin", "exists", "of that name"),
            ("Grandma", "adopted", ""),
            ("bob", "exists", "UID"),
            ("a b", "refused", "white space"),
            ("b", "refused", "email"),
            ("c", "refused", "display name"),
            ("d", "refused", "belongs to another"),
            ("", "refused", "empty"),
            ("f", "adopted", ""),
            ("F", "exists", "f that name"),
            ("h", "adopted", "no password"),
            ("i", "exists", "of that UID"),
        ];
        for (account, (name, outcome, why)) in accounts.iter().zip(expected) {
            assert_eq!((&account["name"], &account["outcome"]), (&json!(name), &json!(outcome)));
            let message = account["message"].as_str().unwrap_or_default();
            assert!(message.contains(why), "{account}");
            assert_eq!(account["user"].is_null(), outcome != "adopted", "{account}");
        }
        assert_eq!(accounts.len(), expected.len());
    }
    // A UID of another form is not kept; the password goes with the account.
    let f = home.ok("users.show", json!({"user": "f"}))["user"].clone();
    assert_eq!((f["uid"].as_str().unwrap().len(), &f["has_password"]), (16, &json!(true)));
    home.offline(|database| {
        let statement = "SELECT count(*) FROM passwords WHERE hash = ?1 AND uid IN ('short', ?2)";
        let count: i64 = database
            .query_row(statement, [BCRYPT, f["uid"].as_str().unwrap()], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 2);
    });
}

#[test]
fn arguments_are_names_or_all() {
    let mut home = with_legacy("");
    let many: Vec<String> = (0..1001).map(|n| format!("n{n}")).collect();
    for (args, code, field) in [
        (json!({}), "invalid_argument", "names"),
        (json!({"names": []}), "invalid_argument", "names"),
        (json!({"all": false}), "invalid_argument", "names"),
        (json!({"all": true, "names": ["bob"]}), "invalid_argument", "names"),
        (json!({"names": many}), "invalid_argument", "names"),
        (json!({"names": ["a\0b"]}), "invalid_argument", "names"),
        (json!({"names": "bob"}), "bad_request", "names"),
        (json!({"names": [null]}), "bad_request", "names"),
        (json!({"names": [1]}), "bad_request", "names"),
        (json!({"all": "yes"}), "bad_request", "all"),
    ] {
        assert_eq!(home.fault("users.adopt", args.clone()), (code.into(), field.into()), "{args}");
    }
    home.offline(|database| {
        let rows =
            "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
            INSERT INTO users (id, user_name) SELECT i, 'n' || i FROM n";
        database.execute_batch(rows).unwrap();
    });
    let fault = home.fault("users.adopt", json!({"all": true}));
    assert_eq!(fault, ("invalid_argument".into(), "all".into()));
    assert_eq!(outcomes(&adopt(&mut home, json!({"names": ["n1100"]}))), [("n1100", "adopted")]);
}

#[test]
fn a_key_adopts_once() {
    let home = with_legacy("");
    let line = r#"{"cmd":"users.adopt","args":{"names":["bob"]},"key":"adopt-bob-1"}"#;
    assert_eq!(home.ask(line)["result"]["adopted"], 1);
    let again = home.ask(line);
    assert_eq!(
        (&again["result"]["adopted"], &again["result"]["replayed"]),
        (&json!(1), &json!(true))
    );
}

#[test]
fn without_a_legacy_table_there_is_nothing_to_adopt() {
    let mut home = TestDaemon::started();
    for dry_run in [true, false] {
        let reply = home.call("users.adopt", json!({"all": true, "dry_run": dry_run}));
        assert_eq!(reply["result"]["accounts"], json!([]), "{reply}");
        assert!(reply["warnings"][0].as_str().unwrap().contains("nothing to adopt"), "{reply}");
        let reply = home.call("users.adopt", json!({"names": ["bob"], "dry_run": dry_run}));
        assert_eq!(reply["result"]["accounts"][0]["outcome"], "not_found", "{reply}");
        assert!(reply["warnings"][0].as_str().unwrap().contains("nothing to adopt"), "{reply}");
    }
}

#[test]
fn the_community_edition_gets_guests() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(Path::new(fixture));
    home.start();
    let accounts = adopt(&mut home, json!({"all": true, "dry_run": true}));
    assert_eq!(
        outcomes(&accounts),
        [("admin", "exists"), ("grandma", "adopted"), ("bob", "exists")]
    );
    let grandma = &accounts[1]["user"];
    assert_eq!((&grandma["role"], &grandma["may_login"]), (&json!("guest"), &json!(true)));
    assert_eq!(grandma["email"], "kaethe@example.org");
}
