//! `users.import` out of PhotoPrism's `index.db`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::json::{Ask, fault};
use crate::common::test_daemon::TestDaemon;

/// A copy of a database that a real PhotoPrism created.
fn index_db(home: &TestDaemon) -> PathBuf {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let path = home.root().join("index.db");
    std::fs::copy(fixture, &path).unwrap();
    path
}

fn begin(home: &mut TestDaemon, path: &Path) -> Value {
    home.ok("users.import", json!({"database": path}))
}

fn run(home: &mut TestDaemon, path: &Path, options: Value) -> Value {
    let begun = begin(home, path);
    let mut args = options;
    args["import"] = begun["import"].clone();
    args["run"] = json!(true);
    home.ok("users.import", args)
}

fn outcomes(done: &Value) -> Vec<(&str, &str)> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned().leak() as &str;
    done["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (text(i, "name"), text(i, "outcome")))
        .collect()
}

#[test]
fn accounts_come_with_all_that_they_need() {
    let mut home = TestDaemon::started();
    let path = index_db(&home);
    let bytes = std::fs::read(&path).unwrap();
    let tried = run(&mut home, &path, json!({"dry_run": true}));
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 1, "a dry run creates nothing");
    let done = run(&mut home, &path, json!({}));
    let expected = [
        ("admin", "unchanged"),
        ("bob", "added"),
        ("alice", "added"),
        ("dave", "added"),
        ("erin", "added"),
        ("nologin", "added"),
        ("olga", "added"),
        ("we irdname", "refused"),
        ("mixed.case", "added"),
        ("mallory", "added"),
    ];
    assert_eq!(outcomes(&done), expected);
    assert_eq!(outcomes(&tried), expected);
    assert_eq!(done["items"][7]["field"], "name", "a blank is not bent");
    let login = |home: &mut TestDaemon, args: Value| {
        let mut args = args;
        args["client_ip"] = json!("192.0.2.1");
        home.call("auth.login", args)
    };
    let bob = login(&mut home, json!({"name": "bob", "password": "mysecret"}));
    assert_eq!(bob["ok"], true, "{bob}");
    let dave = login(&mut home, json!({"name": "dave", "password": "davessecret"}));
    assert_eq!(dave["error"]["code"], "passcode_required");
    let dave = json!({"name": "dave", "password": "davessecret", "passcode": "x0lwycufk2hl"});
    assert_eq!(login(&mut home, dave)["ok"], true, "the recovery code came too");
    let phone = json!({"token": "X2PniU-C1fjAU-gWXAnY-0nUwZi", "scope": "webdav"});
    let active = home.ok("auth.verify", phone);
    assert_eq!((&active["active"], &active["username"]), (&json!(true), &json!("bob")));
    let expired = json!({"token": "lOXLXj-NDS0NN-Hi5BkQ-8pv2zZ"});
    assert_eq!(home.ok("auth.verify", expired)["active"], false);
    let web = json!({"token": "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87"});
    assert_eq!(home.ok("auth.verify", web)["active"], false, "sessions of logins stay there");
    home.restart();
    let never = json!({"token": "XTqKZL-TlJ6gN-bBjy16-oLKqIs"});
    assert_eq!(home.ok("auth.verify", never)["username"], "alice");
    assert!(std::fs::read(&path).unwrap() == bytes, "it is only read");
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn a_second_run_changes_nothing() {
    let mut home = TestDaemon::started();
    let path = index_db(&home);
    run(&mut home, &path, json!({}));
    let dump =
        |home: &mut TestDaemon| (home.ok("users.ls", json!({})), home.ok("auth.ls", json!({})));
    let before = dump(&mut home);
    let done = run(&mut home, &path, json!({}));
    assert_eq!((&done["counts"]["added"], &done["counts"]["updated"]), (&json!(0), &json!(0)));
    assert_eq!(dump(&mut home), before);
    // What was revoked does not come back either.
    home.ok("auth.rm", json!({"session": "X2PniU-C1fjAU-gWXAnY-0nUwZi"}));
    run(&mut home, &path, json!({"update": true}));
    let phone = json!({"token": "X2PniU-C1fjAU-gWXAnY-0nUwZi"});
    assert_eq!(home.ok("auth.verify", phone)["active"], false);
}

#[test]
fn deleted_accounts_stay_where_they_are() {
    let mut home = TestDaemon::started();
    let path = index_db(&home);
    let begun = home.call("users.import", json!({"database": path}));
    assert!(begun["warnings"][0].as_str().unwrap().contains("1 deleted"), "{begun}");
    assert_eq!(begun["result"]["rows"], 10);
}

#[test]
fn what_is_not_such_a_database_is_reported() {
    let mut home = TestDaemon::started();
    let root = home.root().to_owned();
    let own = home.database().to_owned();
    std::fs::write(root.join("text.db"), "name;role\n").unwrap();
    std::fs::write(root.join("empty.db"), "").unwrap();
    for (path, code) in [
        (root.join("nothing.db"), "not_found"),
        (root.join("text.db"), "invalid_argument"),
        (root.join("empty.db"), "invalid_argument"),
        (root.clone(), "invalid_argument"),
        (own, "invalid_argument"),
        (PathBuf::from("index.db"), "invalid_argument"),
        (PathBuf::from("/a\0b"), "invalid_argument"),
    ] {
        let error = home.refused("users.import", json!({"database": path}));
        assert_eq!(fault(&error).0, code, "{} {error}", path.display());
    }
    let path = index_db(&home);
    let begun = begin(&mut home, &path)["import"].clone();
    let twice = json!({"database": path, "import": begun});
    assert_eq!(home.fault("users.import", twice), ("invalid_argument".into(), "import".into()));
    let both = json!({"database": path, "text": "name\nx\n"});
    assert_eq!(home.fault("users.import", both), ("invalid_argument".into(), "run".into()));
    let more = home.fault("users.import", json!({"import": begun, "text": "name\nx\n"}));
    assert_eq!(more.0, "conflict");
}
