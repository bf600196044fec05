//! Which address the daemon gets, by what it records.

use std::os::unix::net::UnixStream;

use crate::common::http::exchange;
use crate::common::{Home, PASSWORD, basic};

/// Header lines, the address that counts, and whether that is odd.
const FORMS: [(&[&str], &str, bool); 24] = [
    (&[], "127.0.0.1", false),
    (&["X-Forwarded-For: 192.0.2.1"], "192.0.2.1", false),
    (&["x-forwarded-for: 192.0.2.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: 198.51.100.9, 192.0.2.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: 198.51.100.9", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: 192.0.2.1, 10.9.9.9, 127.0.0.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: 192.0.2.1:4711"], "192.0.2.1", false),
    (&["X-Forwarded-For: \"192.0.2.1:4711\""], "192.0.2.1", false),
    (&["X-Forwarded-For: 2001:db8::1"], "2001:db8::1", false),
    (&["X-Forwarded-For: [2001:db8::1]"], "2001:db8::1", false),
    (&["X-Forwarded-For: [2001:DB8::1]:443"], "2001:db8::1", false),
    (&["X-Forwarded-For: \"[2001:db8::1]:443\""], "2001:db8::1", false),
    (&["X-Forwarded-For: fe80::1%eth0"], "fe80::1", false),
    (&["X-Forwarded-For: ::ffff:192.0.2.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: unknown, 192.0.2.1"], "192.0.2.1", false),
    (&["X-Forwarded-For: 192.0.2.1, unknown"], "127.0.0.1", true),
    (&["X-Forwarded-For: 192.0.2.1, _hidden"], "127.0.0.1", true),
    (&["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: unknown"], "127.0.0.1", true),
    (&["X-Forwarded-For: 192.0.2.1, unknown, 10.9.9.9"], "127.0.0.1", true),
    (&["X-Forwarded-For: 192.0.2.1,"], "127.0.0.1", true),
    (&["X-Forwarded-For: 192.0.2.1, \u{1f431}"], "127.0.0.1", true),
    (&["X-Forwarded-For: 10.1.1.1, 127.0.0.1"], "127.0.0.1", true),
    (&["X-Forwarded-For: "], "127.0.0.1", false),
    (&["X-Real-IP: 192.0.2.1", "Forwarded: for=192.0.2.1"], "127.0.0.1", false),
];

#[test]
fn the_last_entry_that_is_not_a_trusted_peer_counts() {
    for (headers, expected, is_odd) in FORMS {
        let home = Home::with_bob();
        let gate = home.gate(&["--trust", "127.0.0.0/8,10.0.0.0/8,unix"]);
        let credentials = basic("bob", PASSWORD);
        let lines = [&[credentials.as_str()], headers].concat();
        assert_eq!(gate.get("/", &lines).status, 204, "{headers:?}");
        let logins = home.logins("bob");
        assert_eq!(logins, [(expected.into(), "gate".into(), "OK".into())], "{headers:?}");
        let log = gate.running.stop();
        assert_eq!(log.contains("X-Forwarded-For"), is_odd, "{headers:?}\n{log}");
    }
}

#[test]
fn nobody_else_is_believed() {
    for (flags, by_unix) in [(&["--trust", "10.0.0.0/8"][..], "127.0.0.1"), (&[], "192.0.2.1")] {
        let home = Home::with_bob();
        let path = home.path("gate.sock");
        let place = format!("unix:{}", path.display());
        let gate = home.gate(&[&["--listen", &place], flags].concat());
        let header = basic("bob", PASSWORD);
        let request = format!(
            "GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
        );
        let mut stream = UnixStream::connect(&path).unwrap();
        assert_eq!(exchange(&mut stream, request.as_bytes()).status, 204);
        assert_eq!(home.logins("bob")[0].0, by_unix);
        // Over TCP the peer is this machine.
        assert_eq!(gate.send(request.as_bytes()).status, 204);
        let mut stream = UnixStream::connect(&path).unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\n\r\n");
        assert_eq!(exchange(&mut stream, request.as_bytes()).status, 204);
        assert!(home.logins("bob").iter().any(|login| login.0 == "127.0.0.1"));
    }
}

#[test]
fn failures_count_against_the_client_and_not_the_proxy() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let [bad, good] = ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"];
    for at in 0..10 {
        let name = format!("nobody{at}");
        assert_eq!(gate.get("/", &[&basic(&name, "wrong"), bad]).status, 401);
    }
    assert_eq!(gate.get("/", &[&basic("bob", PASSWORD), bad]).status, 429);
    assert_eq!(gate.get("/", &[&basic("bob", PASSWORD), good]).status, 204);
}
