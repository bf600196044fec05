//! A full queue of password checks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const LOGINS: usize = 8;

fn login(number: usize) -> String {
    let args = json!({
        "name": format!("nobody-{number}"), "password": "wrong horse",
        "client_ip": format!("192.0.2.{number}"), "session": false,
    });
    format!("{}\n", json!({"cmd": "auth.login", "args": args}))
}

/// Logins at once: how many come to each code, and the replies that say `busy`.
fn at_once(home: &TestDaemon) -> (BTreeMap<String, usize>, Vec<Value>) {
    let mut clients: Vec<Client> = (0..LOGINS).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(login(number));
    }
    let errors = clients.iter_mut().map(|client| client.reply()["error"].clone());
    let mut codes = BTreeMap::new();
    let mut busy = Vec::new();
    for error in errors {
        *codes.entry(error["code"].as_str().unwrap().to_owned()).or_default() += 1;
        if error["code"] == "busy" {
            busy.push(error);
        }
    }
    (codes, busy)
}

#[test]
fn a_full_queue_is_busy_with_a_time() {
    let dear = ["--hash-threads=1", "--hash-queue=1", "--argon2", "m=65536,t=10,p=1"];
    let mut home = TestDaemon::new().args(dear);
    home.start();
    let (codes, busy) = at_once(&home);
    // How many get in before the thread takes the first one up is the scheduler's to say.
    assert!(codes["invalid_credentials"] >= 1 && codes["busy"] >= 1, "{codes:?}");
    assert_eq!(codes.len(), 2, "{codes:?}");
    for error in busy {
        assert!(error["retry_after_s"].as_u64().unwrap() >= 1, "{error}");
    }
    home.ok("users.ls", json!({}));
    home.stop();
}

#[test]
fn a_queue_with_room_takes_all() {
    let mut home = TestDaemon::new().args(["--hash-threads=1", "--hash-queue=8"]);
    home.start();
    let (codes, busy) = at_once(&home);
    assert_eq!((codes["invalid_credentials"], busy.len()), (LOGINS, 0), "{codes:?}");
}
