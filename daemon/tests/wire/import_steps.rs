//! `users.import` step by step: out of place, in several answers, once.

use std::collections::BTreeMap;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::users_import::{names, sent};

#[test]
fn steps_out_of_place_are_refused() {
    let mut home = TestDaemon::started();
    let id = sent(&mut home, "name;role\nbob;user\n");
    for (args, code, field) in [
        (json!({}), "invalid_argument", "run"),
        (json!({"text": "x", "run": true}), "invalid_argument", "run"),
        (json!({"run": true}), "invalid_argument", "import"),
        (json!({"import": id, "run": false}), "invalid_argument", "run"),
        (json!({"import": id, "text": "x", "update": true}), "invalid_argument", "update"),
        (json!({"import": id, "cursor": "0"}), "conflict", ""),
        (json!({"import": "unknown", "run": true}), "not_found", ""),
        (json!({"import": id, "file": "x", "password": 1}), "bad_request", "password"),
        (json!({"import": id, "file": "x"}), "invalid_argument", "password"),
        (json!({"import": id, "run": true, "password": "x"}), "invalid_argument", "password"),
    ] {
        assert_eq!(home.fault("users.import", args.clone()), (code.into(), field.into()), "{args}");
    }
    home.ok("users.import", json!({"import": id, "text": "eve;user\n"}));
    // More rows than a reply holds, so that the import is not forgotten at once.
    for begin in [0, 600] {
        let rows: Vec<String> = (begin..begin + 600).map(|n| format!("u{n};guest\n")).collect();
        let part = rows.concat();
        home.ok("users.import", json!({"import": id, "text": part}));
    }
    let result = home.ok("users.import", json!({"import": id, "run": true, "dry_run": true}));
    assert!(result["done"] == true && result["next"].is_string(), "{result}");
    for (args, code, field) in [
        (json!({"import": id, "text": "x"}), "conflict", ""),
        (json!({"import": id, "cursor": "99999"}), "invalid_argument", "cursor"),
        (json!({"import": id, "cursor": "x"}), "invalid_argument", "cursor"),
    ] {
        assert_eq!(home.fault("users.import", args.clone()), (code.into(), field.into()), "{args}");
    }
    for text in ["SQLite format 3\u{0}", "hello\nworld\n", "[[user]]\nname='x'\n"] {
        let id = sent(&mut home, text);
        let fault = home.fault("users.import", json!({"import": id, "run": true}));
        assert_eq!(fault, ("invalid_argument".into(), "text".into()), "{text}");
    }
    // What was invalid is forgotten; one waits with results, and there is room for one more.
    home.ok("users.import", json!({"text": "x"}));
    assert_eq!(home.fault("users.import", json!({"text": "x"})).0, "busy");
}

#[test]
fn many_passwords_are_hashed_in_several_steps() {
    let mut home = TestDaemon::new().args(["--argon2", "m=65536,t=10,p=1"]);
    home.start();
    let row = |n: usize| format!("{{\"name\":\"u{n}\",\"password\":\"correct horse\"}}\n");
    let text: Vec<String> = (0..500).map(row).collect();
    let id = sent(&mut home, &text.concat());
    let run = json!({"import": id, "run": true});
    let mut prepared = 0;
    for _ in 0..2 {
        let step = home.ok("users.import", run.clone());
        assert_eq!((&step["done"], &step["rows"]), (&json!(false), &json!(500)), "{step}");
        assert!(step["prepared"].as_u64().unwrap() > prepared, "{step}");
        prepared = step["prepared"].as_u64().unwrap();
        assert_eq!(names(&home), ["admin"], "nothing before all of it");
    }
    let other = json!({"import": id, "run": true, "update": true});
    assert_eq!(home.fault("users.import", other), ("invalid_argument".into(), "run".into()));
}

#[test]
fn a_key_carries_an_import_out_once() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let id = sent(&mut client, "name;role\nbob;user\n");
    let line =
        json!({"cmd": "users.import", "key": "import-4711", "args": {"import": id, "run": true}});
    let first = client.ask(line.to_string());
    assert_eq!(first["result"]["counts"]["added"], 1, "{first}");
    let again = client.ask(line.to_string());
    let counts: BTreeMap<String, u64> =
        serde_json::from_value(again["result"]["counts"].clone()).unwrap();
    assert_eq!((counts["added"], &again["result"]["replayed"]), (1, &json!(true)));
}
