//! Clients that hang up while their requests wait.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::measure::alone;

/// Connections of one uid, all of which the dead clients have.
const PLACES: usize = 32;

/// Within which a dead client must have freed its places (`security.md`: 5 s).
const FREED: Duration = Duration::from_secs(5);

/// A hash of these takes long enough that most of the logins are still waiting.
const SLOW: [&str; 2] = ["--hash-threads=1", "--argon2=m=65536,t=10,p=1"];

fn login(number: usize) -> String {
    let args = json!({
        "name": "admin", "password": "wrong horse", "session": false,
        "client_ip": format!("192.0.2.{number}"),
    });
    format!("{}\n", json!({"cmd": "auth.login", "args": args}))
}

#[test]
fn they_free_their_connections_and_their_places_at_the_hash_threads() {
    let _alone = alone();
    let mut home = TestDaemon::new().args(SLOW);
    let per_uid = format!("--max-connections-per-uid={PLACES}");
    home = home.args([per_uid.as_str(), "--login-burst=1000"]);
    home.start();
    home.ok("passwd.set", json!({"user": "admin", "password": "right horse"}));
    let mut clients: Vec<Client> = (1..PLACES).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        // A request behind the one that waits keeps a dead client's connection open no longer.
        client.send(login(number + 1).repeat(4));
    }
    while home.ok("status", json!({}))["passwords"]["waiting"].as_u64().unwrap() < 8 {}
    drop(clients);
    let watch = Stopwatch::start();
    loop {
        let status = home.ok("status", json!({}));
        let open = status["connections"]["open"].as_u64().unwrap();
        let waiting = status["passwords"]["waiting"].as_u64().unwrap();
        // The one that asks, and one whose hash is being computed.
        if open <= 2 && waiting == 0 {
            break;
        }
        assert!(watch.elapsed() < FREED, "{status}");
    }
}
