//! A thousand logins at once, half of which hang up.

use std::collections::HashMap;

use serde_json::json;

use crate::common::client::Client;
use crate::common::test_daemon::TestDaemon;
use crate::measure::{P99, alone, best_p99, forget_peak, hold_many, peak, resident};

const LOGINS: usize = 1000;

/// What they may cost on top of each thread's own memory (`daemon/README.md`), in KiB.
const ALLOWANCE_KIB: u64 = 32 * 1024;
const HASH_KIB: u64 = 19_456;
const THREADS: u64 = 1;

fn login(number: usize) -> String {
    let args = json!({
        "name": format!("nobody-{number}"), "password": "wrong horse",
        "client_ip": format!("192.0.{}.{}", number / 250, number % 250 + 1), "session": false,
    });
    format!("{}\n", json!({"cmd": "auth.login", "args": args}))
}

#[test]
fn they_cost_bounded_memory_and_nobody_waits_for_them() {
    let _alone = alone();
    hold_many();
    let mut home = TestDaemon::new().args([
        "--max-connections=2000",
        "--max-connections-per-uid=2000",
        "--hash-threads=1",
    ]);
    home.start();
    let pid = home.running().pid();
    let mut honest = home.connect();
    let before = resident(pid);
    forget_peak(pid);
    let mut clients: Vec<Client> = (0..LOGINS).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(login(number));
    }
    let mut stay = Vec::new();
    for (number, client) in clients.into_iter().enumerate() {
        if number % 2 == 0 {
            stay.push(client);
        }
    }
    let waiting = honest.ask(r#"{"cmd":"status"}"#);
    let p99 = best_p99(&mut honest, r#"{"cmd":"users.ls"}"#, 100);
    let mut codes: HashMap<String, usize> = HashMap::new();
    for client in &mut stay {
        let reply = client.reply();
        if reply["error"]["code"] == "busy" {
            assert!(reply["error"]["retry_after_s"].as_u64().unwrap() >= 1, "{reply}");
        }
        *codes.entry(reply["error"]["code"].as_str().unwrap().into()).or_default() += 1;
    }
    let rise = peak(pid).saturating_sub(before);
    let bound = THREADS * HASH_KIB + ALLOWANCE_KIB;
    assert!(rise < bound, "{rise} KiB of {bound}");
    assert!(rise > HASH_KIB / 2, "the measure sees {rise} KiB only");
    assert!(p99 < P99, "{p99:?} {waiting}");
    assert!(codes["busy"] > 0 && codes["invalid_credentials"] > 0, "{codes:?}");
    assert_eq!(codes.len(), 2, "{codes:?}");
    home.stop();
}
