//! Idempotency keys: once, whatever happens to the reply.

use std::thread::spawn;

use serde_json::{Value, json};

use crate::common::json::{Ask, fault};
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

fn line(cmd: &str, args: &Value, key: &str) -> String {
    json!({"cmd": cmd, "args": args, "key": key, "confirm": true}).to_string()
}

fn bob() -> Value {
    json!({"name": "bob", "role": "user", "password": "mysecret"})
}

/// The first result with the mark of a replay.
fn replayed(first: &Value) -> Value {
    let mut result = first["result"].clone();
    result["replayed"] = json!(true);
    result
}

fn records(home: &mut TestDaemon) -> u64 {
    home.ok("audit.verify", json!({}))["records"].as_u64().unwrap()
}

#[test]
fn the_first_result_comes_again() {
    let mut home = TestDaemon::started();
    let add = line("users.add", &bob(), "key-of-add");
    let first = home.ask(&add);
    assert_eq!((&first["ok"], first["result"].get("replayed")), (&json!(true), None));
    assert_eq!(home.ask(&add)["result"], replayed(&first));
    // As it was then, not as it is now; also after a restart.
    home.ok("users.mod", json!({"user": "bob", "attr": "x"}));
    home.restart();
    assert_eq!(home.ask(&add)["result"], replayed(&first));
    for (cmd, args) in [
        ("users.mod", json!({"user": "bob", "role": "viewer"})),
        ("users.mod", json!({"user": "bob", "role": "viewer", "attr": ""})),
        ("users.restore", json!({"user": "bob"})),
        ("passwd.remove", json!({"user": "bob"})),
        ("users.rm", json!({"user": "bob"})),
        ("users.reset", json!({})),
    ] {
        let line = line(cmd, &args, &format!("key {cmd} {}", args.to_string().len()));
        let first = home.ask(&line);
        assert_eq!(first["ok"], true, "{line}: {first}");
        let before = records(&mut home);
        assert_eq!(home.ask(&line)["result"], replayed(&first), "{line}");
        assert_eq!(records(&mut home), before, "a replay is not a second write");
    }
}

#[test]
fn the_same_arguments_in_another_order_are_the_same() {
    let mut home = TestDaemon::started();
    let first = home.ask(
        r#"{"cmd":"users.add","args":{"name":"bob","role":"user","provider":"none"},"key":"12345678"}"#,
    );
    let again = home.ask(
        r#"{"key":"12345678","id":9,"args":{"provider":"none","role":"user","name":"bob"},"cmd":"users.add"}"#,
    );
    assert_eq!((&again["id"], &again["result"]), (&json!(9), &replayed(&first)));
    assert_eq!(records(&mut home), 1);
}

#[test]
fn a_key_with_other_arguments_is_a_conflict() {
    let mut home = TestDaemon::started();
    assert_eq!(home.ask(&line("users.add", &bob(), "12345678"))["ok"], true);
    let mut other = bob();
    other["role"] = json!("guest");
    let mut password = bob();
    password["password"] = json!("mysecret2");
    let mut more = bob();
    more["attr"] = json!("");
    let mut less = bob();
    less.as_object_mut().unwrap().remove("password");
    for (cmd, args) in [
        ("users.add", other),
        ("users.add", password),
        ("users.add", more),
        ("users.add", less),
        ("users.restore", json!({"user": "bob"})),
        ("users.rm", json!({"user": "bob"})),
        ("users.mod", json!({"user": "bob", "attr": "x"})),
        // Even values that break a rule: the key comes first.
        ("users.mod", json!({"user": "bob", "role": "king"})),
        ("passwd.set", json!({"user": "bob", "password": "short"})),
    ] {
        let reply = home.ask(&line(cmd, &args, "12345678"));
        assert_eq!(fault(&reply["error"]), ("conflict".into(), String::new()), "{cmd} {args}");
    }
    assert_eq!(records(&mut home), 1);
    assert_eq!(home.ask(&line("users.add", &bob(), "1234567 "))["error"]["code"], "exists");
}

#[test]
fn only_successes_are_kept() {
    let mut home = TestDaemon::started();
    let modify = line("users.mod", &json!({"user": "bob", "attr": "x"}), "12345678");
    assert_eq!(home.ask(&modify)["error"]["code"], "not_found");
    home.ok("users.add", bob());
    let reply = home.ask(&modify);
    assert_eq!((&reply["ok"], reply["result"].get("replayed")), (&json!(true), None));
    assert_eq!(home.ask(&modify)["result"]["replayed"], true);
}

#[test]
fn a_password_is_compared_by_the_hash_of_the_account() {
    let mut home = TestDaemon::started();
    home.ok("users.add", bob());
    let set = |password: &str| json!({"user": "bob", "password": password, "show_hash": true});
    let first = home.ask(&line("passwd.set", &set("longenough"), "12345678"));
    assert!(first["result"]["hash"].is_string(), "{first}");
    let expected = json!({"sessions_revoked": 0, "hash": null, "replayed": true});
    assert_eq!(home.ask(&line("passwd.set", &set("longenough"), "12345678"))["result"], expected);
    let reply = home.ask(&line("passwd.set", &set("longenough2"), "12345678"));
    assert_eq!(reply["error"]["code"], "conflict");
    // Another password since then: the old one is not what the hash says now.
    home.ok("passwd.set", json!({"user": "bob", "password": "different"}));
    let reply = home.ask(&line("passwd.set", &set("longenough"), "12345678"));
    assert_eq!(reply["error"]["code"], "conflict");
    let reply = home.ask(&line("passwd.set", &set("different"), "12345678"));
    assert_eq!(reply["result"], expected);
    // None any more.
    home.ok("passwd.remove", json!({"user": "bob"}));
    let reply = home.ask(&line("passwd.set", &set("different"), "12345678"));
    assert_eq!(reply["error"]["code"], "conflict");
}

#[test]
fn a_key_has_a_form_and_belongs_to_writes() {
    let home = TestDaemon::started();
    let rm = |key: &str| line("users.rm", &json!({"user": "nobody"}), key);
    for key in
        ["", "1234567", &"k".repeat(65), "1234567\u{7f}", "1234567ä", "1234567\n", "1234567\t"]
    {
        let reply = home.ask(&rm(key));
        assert_eq!(fault(&reply["error"]), ("invalid_argument".into(), "key".into()), "{key:?}");
        assert!(key.is_empty() || !reply.to_string().contains(key), "{reply}");
    }
    for key in ["12345678", "        ", "~!@#$%^&*(\"\\", &"k".repeat(64)] {
        assert_eq!(home.ask(&rm(key))["error"]["code"], "not_found", "{key:?}");
    }
    for (cmd, args) in [
        ("users.ls", json!({})),
        ("users.show", json!({"user": "admin"})),
        ("users.legacy", json!({})),
        ("ping", json!({})),
        ("audit.ls", json!({})),
    ] {
        let reply = home.ask(&line(cmd, &args, "12345678"));
        assert_eq!(fault(&reply["error"]), ("invalid_argument".into(), "key".into()), "{cmd}");
    }
}

#[test]
fn connections_that_race_with_one_key_do_the_work_once() {
    let mut home = TestDaemon::started();
    for round in 0..10 {
        let mut args = bob();
        args["name"] = json!(format!("bob{round}"));
        let add = line("users.add", &args, &format!("key-of-race-{round}"));
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let (mut client, add) = (home.connect(), add.clone());
                spawn(move || client.ask(add))
            })
            .collect();
        let replies: Vec<Value> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        let first = replies.iter().find(|reply| reply["result"].get("replayed").is_none()).unwrap();
        let again = replies.iter().filter(|reply| reply["result"] == replayed(first)).count();
        assert_eq!(again, 3, "{replies:?}");
    }
    assert_eq!(records(&mut home), 10);
}

#[test]
fn keys_of_two_users_have_nothing_to_do_with_each_other() {
    if !is_root() {
        return skipped("needs root");
    }
    let mut home = TestDaemon::new().args(["--socket-group", "54321"]);
    home.start();
    open_to_all(&home.socket());
    let member = Who { uid: 54_002, gid: 54_002, groups: &[54_321] };
    let mut member = Peer::connect(&home.socket(), member);
    let add = line("users.add", &bob(), "12345678");
    assert_eq!(home.ask(&add)["ok"], true);
    assert_eq!(member.reply_to(&add)["error"]["code"], "exists");
}
