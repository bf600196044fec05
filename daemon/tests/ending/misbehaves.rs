//! Each way in which the address misbehaves is what its name says.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;

use crate::common::database::Database;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{WEB, add_session, alone, has_row};
use crate::simulator::{Misbehavior, Moment, Request, Simulator, id_of};

/// A simulated PhotoPrism with bob's session in memory, and the request that ends it.
struct Case {
    simulator: Simulator,
    conn: Database,
    end: Request,
    // With it goes the directory of them all.
    _home: TestDaemon,
}

fn case(how: Misbehavior) -> Case {
    let (home, simulator) = alone();
    let conn = home.outside();
    let (_, admin) = add_session(&conn, "admin", "sessions");
    assert!(simulator.lets_in(WEB.1));
    simulator.misbehave(how);
    let end = Request::new("DELETE", &format!("/api/v1/sessions/{}", WEB.0)).token(&admin);
    Case { simulator, conn, end, _home: home }
}

impl Case {
    /// Nothing was done: the row is there, and the memory.
    fn assert_untouched(&self) {
        assert!(has_row(&self.conn, WEB.0));
        assert!(self.simulator.holds(WEB.1) && self.simulator.lets_in(WEB.1));
    }

    fn assert_forgotten(&self) {
        assert!(!has_row(&self.conn, WEB.0));
        assert!(!self.simulator.holds(WEB.1) && !self.simulator.lets_in(WEB.1));
    }

    /// The first bytes of an answer that may not end.
    fn first(&self, count: usize) -> Vec<u8> {
        use std::io::{Read, Write};
        let address = self.simulator.url();
        let address = address.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&self.end.bytes()).unwrap();
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    }
}

#[test]
fn it_behaves_again_when_it_is_asked_to() {
    let case = case(Misbehavior::Status(503));
    assert_eq!(case.simulator.send(&case.end).status, 503);
    case.assert_untouched();
    case.simulator.misbehave(None);
    assert_eq!(case.simulator.send(&case.end).status, 200);
    case.assert_forgotten();
}

#[test]
fn a_status_comes_without_anything_done() {
    for status in [401, 403, 404, 429, 500, 502, 503] {
        let case = case(Misbehavior::Status(status));
        assert_eq!(case.simulator.send(&case.end).status, status);
        case.assert_untouched();
    }
}

#[test]
fn no_answer_is_none_until_the_other_side_closes() {
    use std::io::{Read, Write};
    let case = case(Misbehavior::NoAnswer);
    let address = case.simulator.url();
    let mut stream = std::net::TcpStream::connect(&address["http://".len()..]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream.write_all(&case.end.bytes()).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(case.simulator.requests().len(), 1);
    assert_eq!(case.simulator.requests()[0].status, None);
    case.assert_untouched();
    // At its end it closes what is open.
    drop(case.simulator);
    stream.set_read_timeout(None).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_slow_answer_is_right_and_late() {
    let case = case(Misbehavior::Slow(Duration::from_millis(300)));
    let begun = Stopwatch::start();
    assert_eq!(case.simulator.send(&case.end).status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    case.assert_forgotten();
}

#[test]
fn half_an_answer_ends_in_the_middle_although_all_is_done() {
    let case = case(Misbehavior::HalfAnswer);
    let reply = case.simulator.send_bytes(&case.end.bytes());
    assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
    let whole = reply.windows(4).any(|four| four == b"\r\n\r\n") && reply.ends_with(b"}");
    assert!(!whole, "{:?}", String::from_utf8_lossy(&reply));
    case.assert_forgotten();
}

#[test]
fn a_cut_connection_brings_nothing_and_nothing_is_done() {
    let case = case(Misbehavior::Cut);
    assert_eq!(case.simulator.send_bytes(&case.end.bytes()), b"");
    case.assert_untouched();
}

#[test]
fn headers_and_bodies_without_end_do_not_end() {
    for (how, is_body) in [(Misbehavior::EndlessHeaders, false), (Misbehavior::EndlessBody, true)] {
        let case = case(how);
        let reply = case.first(1 << 20);
        assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
        let ended = reply.windows(4).any(|four| four == b"\r\n\r\n");
        assert_eq!(ended, is_body, "{how:?}");
        case.assert_untouched();
    }
}

#[test]
fn a_redirect_names_another_port() {
    let case = case(Misbehavior::Redirect(8080));
    let reply = String::from_utf8(case.simulator.send_bytes(&case.end.bytes())).unwrap();
    assert!(reply.starts_with("HTTP/1.1 307 "), "{reply}");
    let there = format!("Location: http://127.0.0.1:8080{}\r\n", case.end.path);
    assert!(reply.contains(&there), "{reply}");
    case.assert_untouched();
}

#[test]
fn it_says_that_it_deleted_what_it_did_not() {
    let case = case(Misbehavior::Lies);
    let answer = case.simulator.send(&case.end);
    let deleted = |id: &str| format!(r#"{{"session_id":"{id}","status":"deleted"}}"#);
    assert_eq!((answer.status, answer.body), (200, deleted(&id_of(WEB.1))));
    case.assert_untouched();
    case.simulator.misbehave(Misbehavior::PublicMode);
    let answer = case.simulator.send(&case.end);
    assert_eq!(answer.status, 200);
    assert_ne!(answer.body, deleted(&id_of(WEB.1)));
    assert_eq!(answer.body.len(), deleted(&id_of(WEB.1)).len());
    case.assert_untouched();
}

#[test]
fn it_closes_after_each_answer_without_saying_so() {
    let case = case(Misbehavior::Closes);
    let reply = case.simulator.send_bytes(&[case.end.bytes(), case.end.bytes()].concat());
    let reply = String::from_utf8(reply).unwrap();
    assert_eq!(reply.matches("HTTP/1.1 ").count(), 1, "{reply}");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with('}'), "{reply}");
    assert!(!reply.to_ascii_lowercase().contains("connection: close"), "{reply}");
    case.assert_forgotten();
}

#[test]
fn a_port_of_tls_answers_with_an_alert_or_says_what_it_speaks() {
    let case = case(Misbehavior::Tls);
    assert_eq!(case.simulator.send_bytes(&case.end.bytes())[..3], [21, 3, 1]);
    let status = Request::new("GET", "/api/v1/status");
    let reply = String::from_utf8(case.simulator.send_bytes(&status.bytes())).unwrap();
    assert!(reply.starts_with("HTTP/1.0 400 ") && reply.contains("HTTPS"), "{reply}");
    case.assert_untouched();
}

#[test]
fn a_request_is_stopped_before_it_is_carried_out_or_before_its_answer() {
    for (moment, done) in [(Moment::Before, false), (Moment::After, true)] {
        let case = case(Misbehavior::Slow(Duration::ZERO));
        case.simulator.hold("DELETE /api/v1/sessions/", moment);
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| case.simulator.send(&case.end));
            case.simulator.wait_until_held();
            assert_eq!(has_row(&case.conn, WEB.0), !done, "{moment:?}");
            assert_eq!(case.simulator.requests()[0].status, None);
            // Others are not stopped.
            let status = Request::new("GET", "/api/v1/status");
            assert_eq!(case.simulator.send(&status).status, 200);
            case.simulator.let_go();
            assert_eq!(answer.join().unwrap().status, 200);
        });
        case.assert_forgotten();
    }
}
