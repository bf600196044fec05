//! The limiter of the simulated PhotoPrism, its addresses and its connections.

use crate::common::test_daemon::TestDaemon;
use crate::setup::{CACHE, WEB, alone, fixture};
use crate::simulator::{Request, Simulator};

#[test]
fn sixty_refused_tokens_shut_their_address_out() {
    let (_home, simulator) = alone();
    let get = |ip: &str, token: &str| {
        simulator.send(&Request::new("GET", "/api/v1/session").token(token).from(ip)).status
    };
    for attempt in 1..=60 {
        assert_eq!(get("192.0.2.1", "unknown"), 401, "{attempt}");
        if attempt < 60 {
            assert_eq!(get("192.0.2.1", WEB.1), 200, "{attempt}");
        }
    }
    assert_eq!(get("192.0.2.1", WEB.1), 429);
    assert_eq!(get("192.0.2.2", WEB.1), 200);
    let status = Request::new("GET", "/api/v1/status").from("192.0.2.1");
    assert_eq!(simulator.send(&status).status, 200);
    simulator.restart();
    assert_eq!(get("192.0.2.1", WEB.1), 200);
}

#[test]
fn it_answers_on_a_unix_socket_too() {
    let home = TestDaemon::new().with_database(fixture());
    let path = home.root().join("http.sock");
    let simulator = Simulator::at(path.clone(), home.outside(), CACHE);
    assert_eq!(simulator.url(), format!("unix:{}", path.display()));
    assert_eq!(simulator.send(&Request::new("GET", "/api/v1/status")).status, 200);
    assert!(simulator.lets_in(WEB.1));
}

#[test]
fn a_connection_takes_one_request_after_the_other() {
    let (_home, simulator) = alone();
    let status = Request::new("GET", "/api/v1/status").bytes();
    let mut close = Request::new("GET", "/nothing");
    close.headers.push(("connection".into(), "close".into()));
    let came = simulator.send_bytes(&[status.clone(), status, close.bytes()].concat());
    let came = String::from_utf8(came).unwrap();
    assert_eq!(came.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{came}");
    assert_eq!(came.matches("HTTP/1.1 404 Not Found\r\n").count(), 1, "{came}");
    assert_eq!(simulator.connections(), 1);
    let seen: Vec<_> = simulator.requests().into_iter().map(|it| (it.line, it.status)).collect();
    let status = ("GET /api/v1/status".to_owned(), Some(200));
    assert_eq!(seen, [status.clone(), status, ("GET /nothing".into(), Some(404))]);
}

#[test]
fn what_is_not_http_is_closed_on() {
    let (_home, simulator) = alone();
    for bytes in ["hello\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
        assert_eq!(simulator.send_bytes(bytes.as_bytes()), b"", "{bytes}");
    }
    assert_eq!(simulator.requests(), []);
}
