//! Texts with more rows than a transaction may have, and texts that come while they are imported.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::sent;

/// The items of a part that is done, from its first page on.
fn items(home: &mut TestDaemon, import: &Value, mut page: Value) -> Vec<Value> {
    let mut items = page["items"].as_array().unwrap().clone();
    while let Some(next) = page["next"].as_str() {
        page = home.ok("users.import", json!({"import": import, "cursor": next}));
        items.extend(page["items"].as_array().unwrap().clone());
    }
    items
}

/// Carries a part out: its result and its items.
fn part(home: &mut TestDaemon, import: &Value, how: &Value) -> (Value, Vec<Value>) {
    let mut args = json!({"import": import, "run": true, "parts": true});
    for (key, value) in how.as_object().unwrap() {
        args[key] = value.clone();
    }
    let mut page = home.ok("users.import", args.clone());
    while page["done"] == false {
        page = home.ok("users.import", args.clone());
    }
    (page.clone(), items(home, import, page))
}

#[test]
fn more_rows_than_a_transaction_may_have_are_imported_in_parts() {
    let mut text = String::from("name;role;provider\n");
    for number in 0..20_000 {
        writeln!(text, "u{number};guest;none").unwrap();
    }
    text += "last;guest;none\nu7;guest;none\n";
    let mut home = TestDaemon::started();
    let import = sent(&mut home.connect(), &text);
    // In one piece it is refused, and nothing is imported.
    let other = sent(&mut home.connect(), &text);
    let whole = home.refused("users.import", json!({"import": other, "run": true}));
    assert!(whole["message"].as_str().unwrap().contains("more than 20,000 rows"), "{whole}");
    let (first, rows) = part(&mut home, &import, &json!({}));
    assert_eq!((&first["counts"]["added"], rows.len()), (&json!(20_000), 20_000));
    assert_eq!(first["left"], "last;guest;none\nu7;guest;none\n".len());
    let (second, rows) = part(&mut home, &import, &json!({}));
    assert_eq!((&second["counts"]["added"], &second["left"]), (&json!(1), &json!(0)));
    // As one file would report it: the line in the whole, and the one before.
    assert_eq!((&rows[0]["line"], &rows[0]["name"]), (&json!(20_002), &json!("last")));
    assert_eq!((&rows[1]["outcome"], &rows[1]["code"]), (&json!("refused"), &json!("conflict")));
    assert!(rows[1]["message"].as_str().unwrap().starts_with("line 9 "), "{}", rows[1]);
    let over = home.refused("users.import", json!({"import": import, "run": true, "parts": true}));
    assert_eq!(over["code"], "not_found");
}

#[test]
fn a_text_goes_on_after_a_part_wherever_it_was_cut() {
    let whole =
        "name;role;provider;attr\nbob;guest;none;\"a\nb\"\neve;guest;none;\nzoë;guest;none;x\n";
    let text = whole.replace("zoë", "zoe");
    for cut in 1..text.len() {
        // At the end of each line, and in between.
        if cut % 9 != 0 && !text[..cut].ends_with('\n') {
            continue;
        }
        let mut home = TestDaemon::started();
        let import = home.ok("users.import", json!({"text": text[..cut]}))["import"].clone();
        let (_, mut rows) = part(&mut home, &import, &json!({"more": true}));
        home.ok("users.import", json!({"import": import, "text": text[cut..]}));
        rows.extend(part(&mut home, &import, &json!({})).1);
        let found: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {} {}", row["line"], row["name"], row["outcome"]))
            .collect();
        // A line break is refused in its field, and is none between rows.
        assert_eq!(rows[0]["field"], "attr", "{}", rows[0]);
        let expected = ["2 \"bob\" \"refused\"", "4 \"eve\" \"added\"", "5 \"zoe\" \"added\""];
        assert_eq!(found, expected, "{cut}");
    }
}

#[test]
fn what_is_wrong_in_a_later_part_is_said_with_its_line() {
    let mut home = TestDaemon::started();
    let text = "name;role;provider\nbob;guest;none\neve;guest;none\nx;y\n";
    let import = home.ok("users.import", json!({"text": text}))["import"].clone();
    let (first, _) = part(&mut home, &import, &json!({"more": true}));
    assert_eq!(first["counts"]["added"], 1);
    let error = home.refused("users.import", json!({"import": import, "run": true, "parts": true}));
    assert!(error["message"].as_str().unwrap().starts_with("line 4 "), "{error}");
    assert_eq!(error["field"], "text");
    for (how, field) in
        [(json!({"parts": true, "prune": true}), "parts"), (json!({"more": true}), "more")]
    {
        let mut args = json!({"import": "x", "run": true});
        for (key, value) in how.as_object().unwrap() {
            args[key] = value.clone();
        }
        assert_eq!(home.fault("users.import", args), ("invalid_argument".into(), field.into()));
    }
}

/// Passwords that would be hashed for minutes.
#[test]
fn hashing_ends_when_nobody_waits_for_it() {
    let mut home = TestDaemon::new().args(["--argon2", "m=65536,t=10,p=1"]);
    home.start();
    let row = |n: usize| format!("{{\"name\":\"u{n}\",\"password\":\"correct horse\"}}\n");
    let text: Vec<String> = (0..2000).map(row).collect();
    let import = sent(&mut home.connect(), &text.concat());
    let mut gone = home.connect();
    gone.send(format!("{}\n", crate::run(&import)));
    let ask = json!({"import": import, "text": "x"});
    let message = |home: &mut TestDaemon| {
        home.refused("users.import", ask.clone())["message"].as_str().unwrap().to_owned()
    };
    while !message(&mut home).contains("still running") {}
    drop(gone);
    while message(&mut home).contains("still running") {}
    // A pool that is busy with what nobody waits for would take this turn.
    let status = home.ok("status", json!({}));
    assert_eq!(status["passwords"]["waiting"], 0, "{status}");
}
