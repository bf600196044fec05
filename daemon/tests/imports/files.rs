//! Files of passwords that rows name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::{run, sent};

#[test]
fn only_files_that_rows_name_are_taken_each_once() {
    let mut home = TestDaemon::started();
    let text = "{\"name\":\"bob\",\"role\":\"user\",\"password_file\":\"bob\"}\n";
    let import = sent(&mut home, text);
    let given = |file: &str| json!({"import": import, "file": file, "password": "correct horse"});
    let refused = ("invalid_argument".to_owned(), "file".to_owned());
    // Nothing is known to be missing yet.
    assert_eq!(home.fault("users.import", given("bob")), refused);
    assert_eq!(home.ask(&run(&import))["result"]["missing_files"], json!(["bob"]));
    assert_eq!(home.fault("users.import", given("/etc/passwd")), refused);
    home.ok("users.import", given("bob"));
    assert_eq!(home.fault("users.import", given("bob")), refused);
    assert_eq!(home.ask(&run(&import))["result"]["counts"]["added"], 1);
}

#[test]
fn files_that_no_reply_could_hold_are_asked_for_by_and_by() {
    let home = TestDaemon::started();
    let name = |n: usize| format!("{}{n}", "f".repeat(1500));
    let row = |n: usize| {
        format!("{{\"name\":\"u{n}\",\"role\":\"user\",\"password_file\":\"{}\"}}\n", name(n))
    };
    let text: String = (0..1100).map(row).collect();
    let mut client = home.connect();
    let import = sent(&mut client, &text);
    let mut asked_for = BTreeSet::new();
    loop {
        client.send(run(&import) + "\n");
        let line = client.line().unwrap();
        assert!(line.len() <= 1024 * 1024, "{} bytes", line.len());
        let reply: Value = serde_json::from_str(&line).unwrap();
        let missing = reply["result"]["missing_files"].as_array().unwrap().clone();
        if missing.is_empty() {
            assert_eq!(reply["result"]["counts"]["refused"], 1100);
            break;
        }
        for file in missing {
            // Too short, so that nothing has to be hashed.
            client.ok("users.import", json!({"import": import, "file": file, "password": "x"}));
            assert!(asked_for.insert(file.as_str().unwrap().to_owned()), "{file}");
        }
    }
    assert_eq!(asked_for.len(), 1100);
}
