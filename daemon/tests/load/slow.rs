//! Slow senders beside an honest client.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::common::client::Client;
use crate::common::home::Home;
use crate::measure::{P99, alone, best_p99, hold_many};

/// Slow senders in the suite, and in the long run (`spec/security.md`).
const SLOW: usize = 200;
const LONG_SLOW: usize = 500;

/// Requests of the honest client beside them.
const REQUESTS: usize = 1000;
const LONG_REQUESTS: usize = 50_000;

/// Each sends a byte a second, one after the other, until the honest client is done.
fn beside_slow_senders(senders: usize, requests: usize) -> Duration {
    let _alone = alone();
    hold_many();
    let mut home = Home::new().args([
        "--max-connections=2000",
        "--max-connections-per-uid=2000",
        "--line-timeout=3600",
    ]);
    home.start();
    let mut slow: Vec<Client> = (0..senders).map(|_| home.connect()).collect();
    let mut honest = home.connect();
    let (done, until) = channel::<()>();
    let pause = Duration::from_secs(1) / u32::try_from(senders).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                slow[number % senders].send(" ");
                if until.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        });
        let p99 = best_p99(&mut honest, r#"{"cmd":"users.ls"}"#, requests);
        drop(done);
        p99
    })
}

#[test]
fn an_honest_client_does_not_wait_for_slow_senders() {
    let p99 = beside_slow_senders(SLOW, REQUESTS);
    assert!(p99 < P99, "{p99:?}");
}

#[test]
#[ignore = "long: 500 senders for a minute"]
fn an_honest_client_does_not_wait_for_slow_senders_in_the_long_run() {
    let p99 = beside_slow_senders(LONG_SLOW, LONG_REQUESTS);
    assert!(p99 < P99, "{p99:?}");
}
