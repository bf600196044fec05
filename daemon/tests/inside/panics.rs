//! A command that panics.

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::stalled_daemon::{StalledDaemon, naming};

const RESTORE: &str = r#"{"id":7,"cmd":"users.restore","args":{"user":"admin"}}"#;

/// A group of writes, the one in its middle panics: its reply, and those of the others.
fn in_a_group(held: &mut StalledDaemon) -> (Client, Vec<Client>) {
    let first = held.send(&naming("First"));
    held.stalled(1);
    let mut others = vec![first, held.send(&naming("Second"))];
    held.settle();
    let panics = held.send(RESTORE);
    held.settle();
    others.push(held.send(&naming("Third")));
    held.settle();
    held.let_go(3);
    (panics, others)
}

/// The reply names a request that is in the log, and says nothing else.
fn assert_logged(held: &StalledDaemon, reply: &Value) {
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(7), &json!("internal")), "{reply}");
    let request = reply["error"]["message"].as_str().unwrap();
    assert!(request.len() >= 10 && !request.contains(' '), "{request}");
    held.running.wait_for_log(request);
}

#[test]
fn a_panic_fails_its_own_request_and_no_other() {
    let mut held = StalledDaemon::start(TestDaemon::new().faulty("stall,panic-in-restore"));
    let (mut panics, others) = in_a_group(&mut held);
    assert_logged(&held, &panics.reply());
    for mut other in others {
        assert_eq!(other.reply()["ok"], true);
    }
    let shown = held.home.ok("users.show", json!({"user": "admin"}));
    assert_eq!(shown["user"]["display_name"], "Third");
    // Again, on the same connection.
    assert_logged(&held, &panics.ask(RESTORE));
    // Those that were done left a record each, the one that panicked none.
    let records = held.home.ok("audit.ls", json!({}))["items"].as_array().unwrap().len();
    assert_eq!(records, 3);
    held.running.stop();
}

#[test]
fn a_panic_that_passes_is_caught() {
    let mut held =
        StalledDaemon::start(TestDaemon::new().faulty("stall,panic-in-restore,let-panics-pass"));
    let (mut panics, mut others) = in_a_group(&mut held);
    assert_ne!(panics.reply()["error"]["code"], "internal");
    let served = |other: &mut Client| other.reply()["ok"] == true;
    assert!(!others.iter_mut().all(served));
}
