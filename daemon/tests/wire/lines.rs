//! The connection: line ends, half close, pipelining, too long a line.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

#[test]
fn line_ends_are_tolerated_and_the_last_may_be_missing() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    client.send(
        "{\"cmd\":\"ping\",\"id\":1}\r\n{\"cmd\":\"ping\",\"id\":2}\n{\"cmd\":\"ping\",\"id\":3}",
    );
    client.finish();
    for id in 1..=3 {
        assert_eq!((client.reply()["id"].clone(), id), (json!(id), id));
    }
    client.assert_closed();
    let mut client = home.connect();
    client.finish();
    client.assert_closed();
    let mut client = home.connect();
    client.send("{\"cmd\":\"ping\"}\r\r\n{\"cmd\":\"ping\",\"id\":4}\r");
    client.finish();
    assert_eq!(client.reply()["ok"], true, "white space after the object");
    assert_eq!(client.reply()["id"], 4);
    client.assert_closed();
    // Half a line and the end.
    let mut client = home.connect();
    client.send("{\"cmd\":\"pi");
    client.finish();
    assert_eq!(client.reply()["error"]["code"], "bad_request");
    client.assert_closed();
}

#[test]
fn a_line_may_come_byte_by_byte() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    for byte in "{\"id\":\"ä😀\",\"cmd\":\"ping\"}\n".as_bytes() {
        client.send([*byte]);
    }
    assert_eq!(client.reply()["id"], "ä😀");
}

#[test]
fn replies_are_one_line_with_their_keys_in_order() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    client.send("{\"cmd\":\"ping\",\"id\":7}\n");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        client.line().unwrap(),
        format!(
            "{{\"id\":7,\"ok\":true,\"result\":{{\"pong\":true,\"protocol\":1,\"version\":\"{version}\"}}}}\n"
        )
    );
    client.send("{\"cmd\":\"users.show\",\"id\":\"x\",\"args\":{\"user\":\"Nobody \"}}\n");
    let line = client.line().unwrap();
    assert!(line.starts_with("{\"id\":\"x\",\"ok\":false,\"error\":{\"code\":\"not_found\","));
    assert!(line.contains("user \\\"nobody\\\" not found"), "{line}");
}

/// 500 requests in one go, each of which depends on those before it.
#[test]
fn pipelined_requests_are_answered_in_order_and_see_each_other() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let mut lines = String::new();
    for n in 0..100 {
        for (cmd, args) in [
            ("users.add", json!({"name": format!("u{n}"), "role": "user", "provider": "none"})),
            ("users.show", json!({"user": format!("U{n}")})),
            ("users.mod", json!({"user": format!("u{n}"), "attr": format!("a{n}")})),
            ("users.ls", json!({"search": format!("u{n}"), "limit": 1})),
            ("users.add", json!({"name": format!("u{n}"), "role": "user", "provider": "none"})),
        ] {
            let id = format!("{n}-{cmd}");
            lines += &(json!({"id": id, "cmd": cmd, "args": args}).to_string() + "\n");
        }
    }
    client.send(&lines);
    client.finish();
    for n in 0..100 {
        let name = json!(format!("u{n}"));
        let mut next = |cmd: &str| {
            let reply = client.reply();
            assert_eq!(reply["id"], json!(format!("{n}-{cmd}")), "{reply}");
            reply
        };
        assert_eq!(next("users.add")["result"]["user"]["name"], name);
        assert_eq!(next("users.show")["result"]["user"]["attr"], "");
        assert_eq!(next("users.mod")["result"]["changed"], json!(["attr"]));
        let page = next("users.ls");
        let attr = &page["result"]["items"][0]["attr"];
        assert_eq!(attr.as_str().map(|a| a.starts_with('a')), Some(true), "{page}");
        assert_eq!(next("users.add")["error"]["code"], "exists");
    }
    client.assert_closed();
}

#[test]
fn a_line_at_the_limit_is_taken_and_one_over_it_closes() {
    let home = TestDaemon::started();
    let padded = |bytes: usize| {
        let line = r#"{"cmd":"ping","id":1}"#;
        line.to_owned() + &" ".repeat(bytes - line.len())
    };
    let mut client = home.connect();
    assert_eq!(client.ask(padded(65_536))["ok"], true);
    assert_eq!(client.ask(padded(65_535) + "\r")["ok"], true);
    let closes = |line: String| {
        let mut client = home.connect();
        client.send("{\"cmd\":\"ping\",\"id\":1}\n");
        client.send(line);
        assert_eq!(client.reply()["id"], 1);
        let reply = client.reply();
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&Value::Null, &json!("too_large")));
        client.finish();
        client.assert_closed();
    };
    closes(padded(65_537) + "\n{\"cmd\":\"ping\",\"id\":2}\n");
    closes(padded(65_536) + "\r\n");
    closes(padded(65_537));
    closes("x".repeat(300_000));
}

#[test]
fn the_limit_is_a_setting() {
    let mut home = TestDaemon::new().args(["--max-line", "1024"]);
    home.start();
    let mut client = home.connect();
    let line = json!({"cmd": "users.ls", "args": {"search": "x".repeat(2000)}}).to_string();
    assert_eq!(client.ask(line)["error"]["code"], "too_large");
    client.finish();
    client.assert_closed();
    assert_eq!(home.ok("ping", json!({}))["pong"], true);
}

/// A request that runs when the daemon is asked to stop is finished and answered.
#[test]
fn a_stop_answers_what_has_begun() {
    let mut home = TestDaemon::started();
    let mut client = home.connect();
    assert_eq!(client.ok("ping", json!({}))["pong"], true);
    home.stop();
    client.assert_closed();
}

#[test]
fn nothing_of_an_http_request_is_carried_out() {
    let home = TestDaemon::started();
    let add = json!({"name": "eve", "role": "admin", "provider": "none"});
    let body = json!({"cmd": "users.add", "args": add}).to_string();
    for head in [
        "POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n",
        "\r\nPOST /?x HTTP/1.0\n",
        "Host: localhost\r\n",
        "{\"cmd\":\"ping\"} HTTP/1.1\r\n",
    ] {
        let mut client = home.connect();
        client.send(format!("{head}{body}\n{body}\n"));
        let mut reply = client.reply();
        if head.starts_with('\r') {
            assert!(reply["error"]["message"].as_str().unwrap().contains("empty"), "{reply}");
            reply = client.reply();
        }
        assert_eq!(reply["error"]["code"], "bad_request", "{head}");
        assert!(reply["error"]["message"].as_str().unwrap().contains("HTTP"), "{reply}");
        client.assert_closed();
    }
    // In parts, each after the daemon has had the one before.
    let mut client = home.connect();
    client.send("POST / HTTP/1.1\r\n");
    assert_eq!(client.reply()["error"]["code"], "bad_request");
    let _ = client.try_send(format!("\r\n{body}\n"));
    client.assert_closed();
    let mut client = home.connect();
    let found = client.call("users.show", json!({"user": "eve"}));
    assert_eq!(found["error"]["code"], "not_found");
    assert_eq!(client.call("ping", json!({}))["ok"], true);
}
