//! `users adopt`.

mod common;

use common::{Daemon, account, refused};
use serde_json::{Value, json};

fn result(dry_run: bool, outcomes: &[&str]) -> Value {
    let one = |outcome: &&str| {
        let user = if *outcome == "adopted" { account("bob") } else { Value::Null };
        json!({"name": "Bob\u{1b}", "outcome": outcome, "message": "because", "user": user})
    };
    let accounts: Vec<Value> = outcomes.iter().map(one).collect();
    json!({"dry_run": dry_run, "adopted": 1, "accounts": accounts})
}

#[test]
fn names_or_all_are_sent() {
    for (line, args) in [
        ("users adopt bob grandma", json!({"names": ["bob", "grandma"]})),
        ("users adopt --all", json!({"all": true})),
        ("users adopt --all --dry-run", json!({"all": true, "dry_run": true})),
        ("user adopt --dry-run bob", json!({"names": ["bob"], "dry_run": true})),
    ] {
        let daemon = Daemon::done(&result(false, &["adopted"]));
        assert_eq!(daemon.run(line).code, Some(0), "{line}");
        assert_eq!(daemon.requests(), [json!({"cmd": "users.adopt", "args": args})], "{line}");
    }
    for line in ["users adopt", "users adopt --all bob"] {
        assert_eq!(Daemon::playing([""]).run(line).code, Some(2), "{line}");
    }
    let refusal = refused("unavailable", "no");
    assert_eq!(Daemon::playing([refusal]).run("users adopt --all").code, Some(75));
}

#[test]
fn each_has_a_row_and_the_first_failure_the_code() {
    for (outcomes, code) in [
        (&["adopted", "exists"][..], 0),
        (&["adopted", "refused", "not_found"], 2),
        (&["exists", "not_found", "refused"], 3),
        (&["a new one"], 1),
    ] {
        let output = Daemon::done(&result(false, outcomes)).run("users adopt bob");
        assert_eq!(output.code, Some(code), "{outcomes:?}");
        assert_eq!(output.out.lines().count(), outcomes.len() + 4);
        assert_eq!(output.err, "adopted 1 user\n");
    }
    let output =
        Daemon::done(&result(true, &["adopted", "not_found"])).run("users adopt --all --dry-run");
    assert_eq!(output.err, "1 user would be adopted\n");
    for part in ["| Bob\\u{1b} | Adopted   | bob ", "| Bob\\u{1b} | Not found |", "| because |"] {
        assert!(output.out.contains(part), "{part} in {}", output.out);
    }
    let result = result(false, &["exists", "not_found"]);
    let output = Daemon::done(&result).run("users adopt --all --json");
    assert_eq!(output.code, Some(3));
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
}
