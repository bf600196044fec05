//! The audit trail: one record a write, and what tampering looks like.

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::{Ask, fault};
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

/// Command and target of every record, oldest first.
fn trail(home: &mut TestDaemon) -> Vec<(String, String)> {
    let items = home.ok("audit.ls", json!({"limit": 1000}))["items"].clone();
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let items = items.as_array().unwrap();
    items.iter().rev().map(|item| (text(item, "command"), text(item, "target"))).collect()
}

fn verdict(home: &mut TestDaemon) -> Value {
    home.ok("audit.verify", json!({}))
}

fn add(home: &mut TestDaemon, name: &str) -> String {
    let args = json!({"name": name, "role": "user", "provider": "none"});
    home.ok("users.add", args)["user"]["uid"].as_str().unwrap().to_owned()
}

#[test]
fn an_empty_trail_is_whole() {
    let mut home = TestDaemon::started();
    let empty = json!({"ok": true, "records": 0, "head": null, "broken_at": null});
    assert_eq!(verdict(&mut home), empty);
    assert_eq!(home.ok("audit.ls", json!({})), json!({"items": [], "next": null}));
}

#[test]
fn each_committed_write_leaves_one_record_and_nothing_else_does() {
    let mut home = TestDaemon::started();
    let bob = add(&mut home, "bob");
    for (cmd, args) in [
        ("users.add", json!({"name": "bob", "role": "user", "provider": "none"})),
        ("users.mod", json!({"user": "nobody", "attr": "x"})),
        ("users.mod", json!({"user": "admin", "super_admin": false})),
        ("users.rm", json!({"user": "admin"})),
        ("passwd.set", json!({"user": "bob", "password": "longenough"})),
        ("passwd.set", json!({"user": "admin", "password": "short"})),
        ("users.restore", json!({"user": "u000000000000001"})),
    ] {
        home.refused(cmd, args);
    }
    home.ask(r#"{"cmd":"users.reset"}"#);
    home.ok("users.show", json!({"user": "bob"}));
    home.ok("users.ls", json!({}));
    assert_eq!(trail(&mut home).len(), 1);
    let admin = home.ok("users.show", json!({"user": "admin"}))["user"]["uid"].clone();
    let admin = admin.as_str().unwrap().to_owned();
    home.ok("users.mod", json!({"user": "bob", "provider": "local", "password": "longenough"}));
    home.ok("passwd.set", json!({"user": "admin", "password": "longenough"}));
    home.ok("passwd.remove", json!({"user": "bob"}));
    home.ok("users.rm", json!({"user": "BOB"}));
    home.ok("users.restore", json!({"user": bob}));
    home.ok("users.reset", json!({}));
    let expected = [
        ("users.add", &bob),
        ("users.mod", &bob),
        ("passwd.set", &admin),
        ("passwd.remove", &bob),
        ("users.rm", &bob),
        ("users.restore", &bob),
        ("users.reset", &String::new()),
    ];
    let expected = expected.map(|(cmd, target)| (cmd.to_owned(), target.clone()));
    assert_eq!(trail(&mut home), expected);
    let verdict = verdict(&mut home);
    assert_eq!((&verdict["ok"], &verdict["records"]), (&json!(true), &json!(7)));
}

#[test]
fn a_record_says_who_and_when_and_is_the_head() {
    let mut home = TestDaemon::started();
    let uid = add(&mut home, "bob");
    let record = home.ok("audit.ls", json!({}))["items"][0].clone();
    assert_eq!(record["pid"], std::process::id());
    assert_eq!(record["uid"], nix::unistd::geteuid().as_raw());
    assert_eq!(record["gid"], nix::unistd::getegid().as_raw());
    assert_eq!((&record["socket"], &record["number"]), (&json!("admin"), &json!(1)));
    assert_eq!((&record["command"], &record["target"]), (&json!("users.add"), &json!(uid)));
    let created = home.ok("users.show", json!({"user": uid}))["user"]["created_at"].clone();
    assert_eq!(record["at"], created);
    let hash = record["hash"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    assert_eq!(verdict(&mut home)["head"], json!({"number": 1, "hash": hash}));
    if !is_root() {
        return skipped("the rest needs root");
    }
    open_to_all(&home.socket());
    let who = Who { uid: 0, gid: 54_001, groups: &[54_002] };
    let mut peer = Peer::connect(&home.socket(), who);
    peer.ok("users.mod", json!({"user": "bob", "attr": "x"}));
    let record = peer.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["gid"], &record["pid"]), (&json!(54_001), &json!(peer.pid())));
}

#[test]
fn a_remembered_record_must_still_exist() {
    let mut home = TestDaemon::started();
    for n in 0..5 {
        add(&mut home, &format!("u{n}"));
    }
    let items = home.ok("audit.ls", json!({}))["items"].clone();
    for item in items.as_array().unwrap() {
        let wanted = json!({"number": item["number"], "hash": item["hash"]});
        assert_eq!(home.ok("audit.verify", wanted)["ok"], true);
    }
    let hash = items[0]["hash"].clone();
    let head = json!({"number": 5, "hash": hash});
    // The right hash of another number, and a number that is not there.
    for number in [1, 4, 6, 1000] {
        let found = home.ok("audit.verify", json!({"number": number, "hash": hash}));
        assert_eq!((&found["ok"], &found["broken_at"]), (&json!(false), &json!(number)));
        assert_eq!(found["head"], head);
    }
    let good = "a".repeat(64);
    for (args, field) in [
        (json!({"number": 1}), "hash"),
        (json!({"hash": good}), "number"),
        (json!({"number": 0, "hash": good}), "number"),
        (json!({"number": -1, "hash": good}), "number"),
        (json!({"number": 1, "hash": ""}), "hash"),
        (json!({"number": 1, "hash": "A".repeat(64)}), "hash"),
        (json!({"number": 1, "hash": "a".repeat(63)}), "hash"),
    ] {
        let error = home.refused("audit.verify", args.clone());
        assert_eq!(fault(&error).0, "invalid_argument", "{args}");
        // One without the other: either may be named.
        assert!(args.as_object().unwrap().len() == 1 || error["field"] == field, "{args} {error}");
    }
}

/// Stops the daemon, does `harm` to five records, and gives what the next start finds.
fn after(harm: impl FnOnce(&Database)) -> Value {
    let mut home = TestDaemon::started();
    for n in 0..5 {
        add(&mut home, &format!("u{n}"));
    }
    home.offline(|database| harm(database));
    verdict(&mut home)
}

fn run(statement: &str) -> impl FnOnce(&Database) {
    move |database| assert!(database.execute(statement, []).unwrap() > 0, "{statement}")
}

fn broken(found: &Value, at: u64, what: &str) {
    assert_eq!((&found["ok"], &found["broken_at"]), (&json!(false), &json!(at)), "{what}: {found}");
}

const CHANGES: [&str; 13] = [
    "at = at + 1",
    "at = at || 'x'",
    "uid = uid + 1",
    "gid = gid + 1",
    "pid = -pid",
    "pid = CAST(pid AS TEXT) || 'x'",
    "socket = 'auth'",
    "command = 'users.rm'",
    "target = ''",
    "target = CAST(target AS BLOB)",
    "hash = upper(hash)",
    "hash = ''",
    "hash = replace(hash, substr(hash, 1, 1), 'g')",
];

#[test]
fn every_altered_column_shows_at_its_record() {
    let mut home = TestDaemon::started();
    for n in 0..3 {
        add(&mut home, &format!("u{n}"));
    }
    home.offline(|database| {
        database.execute_batch("CREATE TABLE kept AS SELECT * FROM admin_audit").unwrap();
    });
    let restore = "DELETE FROM admin_audit; INSERT INTO admin_audit SELECT * FROM kept";
    for number in 1..=3_u64 {
        for change in CHANGES {
            home.offline(|database| {
                database.execute_batch(restore).unwrap();
                let statement = format!("UPDATE admin_audit SET {change} WHERE number = {number}");
                assert_eq!(database.execute(&statement, []).unwrap(), 1);
            });
            broken(&verdict(&mut home), number, change);
        }
    }
    home.offline(|database| database.execute_batch(restore).unwrap());
    assert_eq!(verdict(&mut home)["ok"], true);
}

#[test]
fn removed_swapped_and_forged_records_show() {
    broken(&after(run("DELETE FROM admin_audit WHERE number = 1")), 1, "the first");
    broken(&after(run("DELETE FROM admin_audit WHERE number = 3")), 3, "one in the middle");
    broken(&after(run("DELETE FROM admin_audit WHERE number < 5")), 1, "all but the last");
    let swap = "UPDATE admin_audit SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3)";
    let swapped = after(|database| {
        run(swap)(database);
        run("UPDATE admin_audit SET number = -number WHERE number < 0")(database);
    });
    broken(&swapped, 2, "two swapped");
    let found = after(run("UPDATE admin_audit SET number = 6 WHERE number = 5"));
    broken(&found, 5, "a gap");
    let found = after(run(
        "INSERT INTO admin_audit (number, at, uid, gid, pid, socket, command, target, hash)
         SELECT 6, at, uid, gid, pid, socket, command, target, hash
         FROM admin_audit WHERE number = 5",
    ));
    broken(&found, 6, "one forged behind the head");
    for number in ["0", "-1", "-9223372036854775807 - 1"] {
        let found = after(run(&format!(
            "INSERT INTO admin_audit (number, at, uid, gid, pid, socket, command, target, hash)
             SELECT {number}, at, uid, gid, pid, socket, command, target, hash
             FROM admin_audit WHERE number = 1"
        )));
        broken(&found, 1, "one forged before the first");
    }
}

#[test]
fn a_cut_tail_shows_against_a_remembered_head() {
    let mut home = TestDaemon::started();
    for n in 0..5 {
        add(&mut home, &format!("u{n}"));
    }
    let head = verdict(&mut home)["head"].clone();
    let log = home.restart();
    assert!(log.contains(head["hash"].as_str().unwrap()), "the head is logged at the stop: {log}");
    let log = home.running().log();
    assert!(log.contains(head["hash"].as_str().unwrap()), "and at the start: {log}");
    home.offline(|database| run("DELETE FROM admin_audit WHERE number > 3")(database));
    let found = verdict(&mut home);
    assert_eq!((&found["ok"], &found["records"]), (&json!(true), &json!(3)));
    let found = home.ok("audit.verify", head.clone());
    broken(&found, 5, "against the head");
    assert_eq!(found["head"]["number"], 3);
    // Others grow where the tail was: the number is there again, with another hash.
    add(&mut home, "new1");
    add(&mut home, "new2");
    assert_eq!(verdict(&mut home)["ok"], true);
    broken(&home.ok("audit.verify", head), 5, "the grown tail");
}
