//! The daemon stops, starts, and is killed: every answer is right, and none is lost.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use nix::sys::signal::Signal;

use crate::common::http::exchange;
use crate::common::{Home, PASSWORD, basic};

#[test]
fn without_a_daemon_nobody_is_let_in_and_with_one_again() {
    let mut home = Home::with_bob();
    let token = home.token(Some("bob"), "webdav");
    let gate = home.gate(&[]);
    for _ in 0..2 {
        assert_eq!(gate.bearer("/", &token).status, 204);
        home.stop();
        for _ in 0..3 {
            assert_eq!(gate.bearer("/", &token).status, 503);
            assert_eq!(gate.basic("/", "bob", PASSWORD).status, 503);
        }
        gate.running.wait_for_log("cannot connect to");
        home.start();
        assert_eq!(gate.basic("/", "bob", PASSWORD).status, 204);
    }
}

#[test]
fn one_that_was_not_there_at_the_start_is_found() {
    let mut home = Home::with_bob();
    home.stop();
    let gate = home.gate(&[]);
    assert_eq!(gate.basic("/", "bob", PASSWORD).status, 503);
    home.start();
    assert_eq!(gate.basic("/", "bob", PASSWORD).status, 204);
}

#[test]
fn a_restart_under_load_loses_no_answer() {
    let mut home = Home::with_bob();
    let good = home.token(Some("bob"), "webdav");
    let gate = home.gate(&[]);
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let lines = [
        (format!("Authorization: Bearer {good}"), 204),
        ("Authorization: Bearer HY8fxO-8hvNqB-43UV4q-1AZ0vu".into(), 401),
        (basic("bob", &good), 204),
        (basic("bob", PASSWORD), 204),
    ];
    thread::scope(|scope| {
        for (line, status) in lines.iter().cycle().take(12) {
            let (gate, over, asked, wrong) = (&gate, &over, &asked, &wrong);
            scope.spawn(move || {
                let mut stream = gate.connect();
                let text = format!("GET / HTTP/1.1\r\nHost: gate\r\n{line}\r\n\r\n");
                while !over.load(Ordering::SeqCst) {
                    let response = exchange(&mut stream, text.as_bytes());
                    asked.fetch_add(1, Ordering::SeqCst);
                    if response.status != *status {
                        wrong.lock().unwrap().push((line, response));
                        return;
                    }
                }
            });
        }
        let goes_on = || {
            let before = asked.load(Ordering::SeqCst);
            while asked.load(Ordering::SeqCst) < before + 100 && wrong.lock().unwrap().is_empty() {}
        };
        for round in 0..4 {
            goes_on();
            if round % 2 == 0 {
                home.stop();
            } else {
                home.daemon().signal(Signal::SIGKILL);
                home.end();
            }
            home.start();
        }
        goes_on();
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(*wrong.lock().unwrap(), [], "{}", gate.running.log());
}
