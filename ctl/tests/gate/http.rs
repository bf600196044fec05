//! The limits of HTTP, and connections that stay open.

use std::io::{Read, Write};
use std::time::Duration;

use photoprism_ctl::clock::Deadline;

use crate::common::http::{exchange, is_over, read};
use crate::common::{Gate, Home, PASSWORD, basic};

fn head(lines: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: gate\r\n{lines}\r\n").into_bytes()
}

/// The status of a request on a connection of its own, which must end with it.
#[track_caller]
fn closing(gate: &Gate, bytes: &[u8]) -> u16 {
    let mut stream = gate.connect();
    let response = exchange(&mut stream, bytes);
    assert!(response.closes(), "{response:?}");
    assert!(is_over(&mut stream), "{response:?}");
    response.status
}

#[test]
fn a_head_has_16_kib_and_64_headers() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let credentials = basic("bob", PASSWORD);
    let padded = |size: usize| {
        let start = format!("GET / HTTP/1.1\r\n{credentials}\r\nX: ");
        let padding = "x".repeat(size - start.len() - 4);
        format!("{start}{padding}\r\n\r\n")
    };
    let largest = padded(16 * 1024);
    assert_eq!((largest.len(), gate.send(largest.as_bytes()).status), (16 * 1024, 204));
    assert_eq!(closing(&gate, padded(16 * 1024 + 1).as_bytes()), 431);
    assert_eq!(closing(&gate, padded(1024 * 1024).as_bytes()), 431);
    let many = |count: usize| {
        let lines = "X: y\r\n".repeat(count - 1);
        format!("GET / HTTP/1.1\r\n{credentials}\r\n{lines}\r\n")
    };
    assert_eq!(gate.send(many(64).as_bytes()).status, 204);
    assert_eq!(closing(&gate, many(65).as_bytes()), 431);
}

#[test]
fn what_two_programs_may_read_differently_is_400() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let credentials = basic("bob", PASSWORD);
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length : 5\r\n",
        "X: a\n",
        "X: a\nY: b\r\n",
        "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        "Host: other\r\n",
        "Authorization: Bearer x\r\n",
        "no header\r\n",
    ] {
        let lines = format!("{credentials}\r\n{lines}");
        assert_eq!(closing(&gate, &head(&lines)), 400, "{lines:?}");
    }
    for start in
        ["GET / HTTP/1.1\n", "GET /  HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "GET * HTTP/1.1\r\n"]
    {
        let text = format!("{start}{credentials}\r\n\r\n");
        assert_eq!(closing(&gate, text.as_bytes()), 400, "{start:?}");
    }
    // TLS where there is none.
    assert_eq!(closing(&gate, b"\x16\x03\x01\x00\n\x01\x00\r\n\r\n"), 400);
}

#[test]
fn a_body_is_not_taken_for_a_request() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let inner = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", basic("bob", PASSWORD));
    for lines in [
        format!("Content-Length: {}\r\n", inner.len()),
        "Transfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let text = [head(&lines), inner.clone().into_bytes()].concat();
        assert_eq!(closing(&gate, &text), 401, "{lines}");
    }
}

#[test]
fn a_connection_takes_one_request_after_the_other() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let (good, bad) = (head(&format!("{}\r\n", basic("bob", PASSWORD))), head(""));
    let mut stream = gate.connect();
    for _ in 0..20 {
        assert_eq!(exchange(&mut stream, &good).status, 204);
        assert_eq!(exchange(&mut stream, &bad).status, 401);
    }
    // Several at once, with the empty lines of old clients, and cut anywhere.
    let several = [&good[..], b"\r\n", &bad, &good, b"\r\n\r\n", &bad].concat();
    for cut in [1, 17, good.len(), good.len() + 1, several.len() - 1] {
        stream.write_all(&several[..cut]).unwrap();
        stream.flush().unwrap();
        stream.write_all(&several[cut..]).unwrap();
        let statuses = [(); 4].map(|()| read(&mut stream).status);
        assert_eq!(statuses, [204, 401, 204, 401], "{cut}");
    }
    let last = head("Connection: close\r\n");
    let response = exchange(&mut stream, &last);
    assert!(response.closes() && is_over(&mut stream));
}

#[test]
fn old_clients_ask_for_a_connection_that_stays() {
    let home = Home::started();
    let gate = home.gate(&[]);
    assert_eq!(closing(&gate, b"GET / HTTP/1.0\r\n\r\n"), 401);
    let mut stream = gate.connect();
    for _ in 0..2 {
        let text = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
        let response = exchange(&mut stream, text);
        assert_eq!((response.status, response.header("connection")), (401, Some("keep-alive")));
    }
}

#[test]
fn a_request_has_5_s_to_arrive() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let least = Deadline::after(Duration::from_millis(4500));
    let most = Deadline::after(Duration::from_secs(9));
    let good = head(&format!("{}\r\n", basic("bob", PASSWORD)));
    let streams = [&b"GET / HT"[..], b"\r\n", &good[..good.len() - 1]].map(|bytes| {
        let mut stream = gate.connect();
        stream.write_all(bytes).unwrap();
        stream
    });
    // One that was answered has the same time for its next request.
    let mut again = gate.connect();
    assert_eq!(exchange(&mut again, &good).status, 204);
    again.write_all(b"GET /").unwrap();
    for mut stream in streams.into_iter().chain([again]) {
        let response = read(&mut stream);
        assert_eq!((response.status, response.closes()), (408, true));
        assert!(is_over(&mut stream));
    }
    assert!(least.remaining().is_none() && most.remaining().is_some());
}

#[test]
#[ignore = "waits for a minute"]
fn an_idle_connection_stays_for_60_s() {
    let home = Home::started();
    let gate = home.gate(&[]);
    let least = Deadline::after(Duration::from_secs(59));
    let mut stream = gate.connect();
    stream.set_read_timeout(Some(Duration::from_secs(70))).unwrap();
    assert_eq!(exchange(&mut stream, &head("")).status, 401);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(least.remaining().is_none());
}

#[test]
fn a_client_that_hangs_up_disturbs_nobody() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let good = head(&format!("{}\r\n", basic("bob", PASSWORD)));
    for end in (0..good.len()).step_by(7) {
        gate.connect().write_all(&good[..end]).unwrap();
    }
    assert_eq!(gate.send(&good).status, 204);
}

#[test]
fn health_is_that_of_the_daemon() {
    let mut home = Home::started();
    let gate = home.gate(&[]);
    assert_eq!(gate.get("/healthz", &[]).status, 200);
    assert_eq!(gate.send(b"HEAD /healthz HTTP/1.1\r\n\r\n").status, 200);
    let wrong = gate.send(b"POST /healthz HTTP/1.1\r\n\r\n");
    assert_eq!((wrong.status, wrong.header("Allow")), (405, Some("GET, HEAD")));
    home.stop();
    assert_eq!(gate.get("/healthz", &[]).status, 503);
    home.start();
    assert_eq!(gate.get("/healthz", &[]).status, 200);
}
