//! Traefik, as far as its documentation goes: what `forwardAuth` sends, and which of the headers of
//! the answer it hands on.

use crate::common::http::exchange;
use crate::common::{Home, PASSWORD, basic};
use crate::page::section;
use crate::proxied::connect;

/// The headers that the page names for a key of the middleware.
fn label(key: &str) -> &'static str {
    let shown = section("\n## Traefik\n");
    let line = shown.lines().find(|line| line.contains(key)).expect("the page has it");
    line.split('"').nth(1).expect("in quotes")
}

#[test]
fn what_traefik_sends_is_understood() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let path = label("forwardauth.address").strip_prefix("http://gate:8081").unwrap();
    let ask = |method: &str, credentials: &str| {
        // Those of the client, and its own: the address is the client's.
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: gate:8081\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\
             {credentials}\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: photos.example.com\r\n\
             X-Forwarded-Method: {method}\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Server: traefik\r\nX-Forwarded-Uri: /originals/?scope=other\r\n\
             X-Real-Ip: 192.0.2.7\r\nAccept-Encoding: gzip\r\n\r\n"
        );
        exchange(&mut connect(gate.address.port()), text.as_bytes())
    };
    for method in ["GET", "PROPFIND", "PUT"] {
        let passed = ask(method, &basic("bob", PASSWORD));
        assert_eq!(passed.status, 204, "{passed:?}");
        for name in label("authResponseHeaders").split(',') {
            assert!(passed.header(name).is_some(), "{name}: {passed:?}");
        }
    }
    let refused = ask("GET", &basic("bob", "wrong"));
    assert_eq!(refused.status, 401);
    assert!(refused.header("WWW-Authenticate").is_some(), "{refused:?}");
    assert!(home.logins("bob").iter().all(|login| login.0 == "192.0.2.7"));
}
