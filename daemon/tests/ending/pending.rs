//! Where PhotoPrism does not do as it is asked: the reply comes all the same and says so, what has
//! ended stays ended here, and it is asked again until it has forgotten.

use std::net::TcpListener;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::setup::{Both, PHONE, WEB, wait_until};
use crate::simulator::{Misbehavior, Moment, Request};

/// A reply leaves after two seconds; the rest is for a busy machine.
const AT_MOST: Duration = Duration::from_secs(5);

/// Ends bob's web session, and gives the result and how long that took.
fn end(both: &mut Both) -> (Value, Duration) {
    let begun = Stopwatch::start();
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    (result, begun.elapsed())
}

/// What the daemon says of it as long as PhotoPrism has not forgotten: nothing.
fn assert_ended_here(both: &mut Both, how: Misbehavior) {
    assert!(!both.is_active(WEB.1), "{how:?}");
    let shown = both.home.refused("auth.show", json!({"session": WEB.0}));
    assert_eq!(shown["code"], "not_found", "{how:?}");
    let listed = both.home.ok("auth.ls", json!({"limit": 1000})).to_string();
    assert!(!listed.contains(WEB.0), "{how:?} {listed}");
}

/// Misbehaves while a session ends, and behaves again.
fn is_forgotten_in_the_end(how: Misbehavior) {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.misbehave(how);
    let (result, took) = end(&mut both);
    assert_eq!(result["removed"], 1, "{how:?}");
    assert_eq!(result["pending"], 1, "{how:?} {result}");
    assert_eq!(result["effective_within_s"], 900, "{how:?} {result}");
    assert!(took < AT_MOST, "{how:?} {took:?}");
    assert_ended_here(&mut both, how);
    both.simulator.misbehave(None);
    both.wait_until_forgotten(WEB);
    assert_ended_here(&mut both, how);
    both.wait_until_no_token();
}

#[test]
fn no_answer() {
    is_forgotten_in_the_end(Misbehavior::NoAnswer);
}

#[test]
fn an_answer_that_takes_too_long() {
    is_forgotten_in_the_end_although_done(Misbehavior::Slow(Duration::from_secs(3)));
}

#[test]
fn half_an_answer() {
    is_forgotten_in_the_end_although_done(Misbehavior::HalfAnswer);
}

/// The same where PhotoPrism forgets, and only its answer is at fault.
fn is_forgotten_in_the_end_although_done(how: Misbehavior) {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.misbehave(how);
    let (result, took) = end(&mut both);
    assert!(took < AT_MOST, "{how:?} {took:?}");
    assert_eq!(result["pending"], 1, "{how:?} {result}");
    assert_ended_here(&mut both, how);
    assert!(!both.simulator.lets_in(WEB.1), "{how:?}");
    both.simulator.misbehave(None);
    both.wait_until_forgotten(WEB);
    both.wait_until_no_token();
}

#[test]
fn a_cut_connection() {
    is_forgotten_in_the_end(Misbehavior::Cut);
}

#[test]
fn headers_without_end() {
    is_forgotten_in_the_end(Misbehavior::EndlessHeaders);
}

#[test]
fn a_body_without_end() {
    is_forgotten_in_the_end(Misbehavior::EndlessBody);
}

#[test]
fn its_own_errors() {
    for status in [500, 502, 503] {
        is_forgotten_in_the_end(Misbehavior::Status(status));
    }
}

#[test]
fn a_refused_token() {
    for status in [401, 403, 429] {
        is_forgotten_in_the_end(Misbehavior::Status(status));
    }
}

#[test]
fn a_404_although_the_row_is_there() {
    is_forgotten_in_the_end(Misbehavior::Status(404));
}

#[test]
fn a_lie() {
    is_forgotten_in_the_end(Misbehavior::Lies);
}

#[test]
fn public_mode() {
    is_forgotten_in_the_end(Misbehavior::PublicMode);
}

#[test]
fn a_port_of_tls() {
    is_forgotten_in_the_end(Misbehavior::Tls);
}

#[test]
fn a_redirect_which_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    is_forgotten_in_the_end(Misbehavior::Redirect(elsewhere.local_addr().unwrap().port()));
    let error = elsewhere.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_connection_that_is_closed_after_each_answer_costs_nothing() {
    let mut both = Both::start();
    both.simulator.misbehave(Misbehavior::Closes);
    for session in [WEB, PHONE] {
        assert!(both.simulator.lets_in(session.1));
        let result = both.home.ok("auth.rm", json!({"session": session.0}));
        assert_eq!(result["pending"], 0, "{result}");
        assert!(both.is_forgotten(session));
    }
}

#[test]
fn nobody_there() {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    // Another daemon's address: a port that nobody has.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    both.home.set_env("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", format!("http://127.0.0.1:{port}"));
    both.home.restart();
    let (result, took) = end(&mut both);
    assert!(took < AT_MOST, "{took:?}");
    assert_eq!(result["pending"], 1, "{result}");
    assert!(both.simulator.lets_in(WEB.1), "it was not asked");
    // Once its address is right it is notified of what was left.
    let url = both.simulator.url();
    both.home.set_env("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", url);
    both.home.restart();
    both.wait_until_forgotten(WEB);
}

#[test]
fn what_photoprism_writes_back_meanwhile_is_ended_again_and_forgotten_in_the_end() {
    let mut both = Both::start();
    let webdav = |ip: &str| {
        Request::new("PROPFIND", "/originals/").basic("bob", PHONE.1).agent("App").from(ip)
    };
    assert_eq!(both.simulator.visit(&webdav("192.0.2.1")).status, 200);
    both.simulator.misbehave(Misbehavior::Status(503));
    let result = both.home.ok("auth.rm", json!({"session": PHONE.0}));
    assert_eq!(result["pending"], 1, "{result}");
    for ip in ["192.0.2.2", "192.0.2.3"] {
        assert_eq!(both.simulator.visit(&webdav(ip)).status, 200);
        assert!(!both.is_active(PHONE.1), "{ip}");
        let live = "SELECT count(*) FROM auth_sessions WHERE ref_id = ?1 AND sess_expires <> 1";
        let count = || both.conn.query_row(live, [PHONE.0], |row| row.get::<_, i64>(0)).unwrap();
        wait_until("its row is set to expired again", || count() == 0);
    }
    both.simulator.misbehave(None);
    both.wait_until_forgotten(PHONE);
    assert_eq!(both.simulator.visit(&webdav("192.0.2.2")).status, 401);
    assert!(!both.is_active(PHONE.1));
}

#[test]
fn after_its_restart_photoprism_has_nothing_and_its_row_goes() {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.misbehave(Misbehavior::Cut);
    assert_eq!(end(&mut both).0["pending"], 1);
    both.simulator.restart();
    assert!(!both.simulator.lets_in(WEB.1), "its row is one that has expired");
    both.simulator.misbehave(None);
    both.wait_until_forgotten(WEB);
}

#[test]
fn others_do_not_notice_that_a_reply_waits() {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.hold("DELETE /api/v1/sessions/", Moment::Before);
    let mut waiting = both.home.connect();
    let line = json!({"cmd": "auth.rm", "args": {"session": WEB.0}, "confirm": true});
    waiting.send(format!("{line}\n"));
    both.simulator.wait_until_held();
    let begun = Stopwatch::start();
    // A reply waits for two seconds at most.
    for n in 0..3 {
        both.home.ok("users.show", json!({"user": "bob"}));
        both.home.ok("users.mod", json!({"user": "alice", "display_name": format!("Alice {n}")}));
        both.home.ok("auth.verify", json!({"token": PHONE.1}));
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    both.simulator.let_go();
    assert_eq!(waiting.reply()["ok"], true);
    both.wait_until_forgotten(WEB);
}

#[test]
fn photoprism_is_not_flooded_with_refused_tokens() {
    let mut both = Both::start();
    both.simulator.misbehave(Misbehavior::Status(401));
    for session in [WEB, PHONE] {
        assert!(both.simulator.lets_in(session.1));
        let result = both.home.ok("auth.rm", json!({"session": session.0}));
        assert!(result["pending"].as_u64().unwrap() >= 1, "{result}");
    }
    // The next comes after ten seconds.
    let refused = both.deletes().len();
    assert!((1..=2).contains(&refused), "{refused} refused tokens");
    both.simulator.misbehave(None);
    for session in [WEB, PHONE] {
        both.wait_until_forgotten(session);
    }
}
