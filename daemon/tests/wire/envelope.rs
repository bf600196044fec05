//! "Request" and "Reply" of the protocol: what a line is, and what is said about one that is not.

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::{Ask, fault};
use crate::common::test_daemon::TestDaemon;

/// A text that must never come back.
const CANARY: &str = "c4n4ry-9f3b";

fn bad(client: &mut Client, line: impl AsRef<[u8]>) -> Value {
    let line = line.as_ref();
    let reply = client.ask(line);
    let shown = String::from_utf8_lossy(line);
    assert_eq!(reply["ok"], false, "{shown}: {reply}");
    assert_eq!(reply["error"]["code"], "bad_request", "{shown}: {reply}");
    assert!(!reply.to_string().contains(CANARY), "{shown}: {reply}");
    assert_eq!(client.ask(r#"{"cmd":"ping","id":"alive"}"#)["id"], "alive", "{shown}");
    reply
}

#[test]
fn what_is_not_a_json_object_is_a_bad_request_without_an_id() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let deep =
        format!(r#"{{"id":1,"cmd":"ping","args":{{"a":{}1{}}}}}"#, "[".repeat(15), "]".repeat(15));
    let lines: [&[u8]; 22] = [
        b"",
        b" ",
        b"\r",
        b"c4n4ry-9f3b",
        b"{\"id\":1,\"cmd\":\"ping\",\"args\":{\"c4n4ry-9f3b\xff\":1}}",
        b"\xef\xbb\xbf{\"id\":1,\"cmd\":\"ping\"}",
        b"{\"id\":1,\"cmd\":\"ping\"} c4n4ry-9f3b",
        b"{\"id\":1,\"cmd\":\"ping\"}{\"id\":1,\"cmd\":\"ping\"}",
        b"{\"id\":1,\"cmd\":\"ping\",}",
        b"{\"id\":1,\"cmd\":\"ping\"",
        b"{'id':1,'cmd':'ping'}",
        b"{\"id\":1,\"cmd\":\"pi\x01ng\"}",
        b"{\"id\":1,\"cmd\":\"\\ud800\"}",
        b"{\"id\":1,\"cmd\":\"ping\\u00\"}",
        b"{\"id\":01,\"cmd\":\"ping\"}",
        b"{\"id\":1,\"cmd\":NaN}",
        b"[{\"id\":1,\"cmd\":\"ping\"}]",
        b"\"c4n4ry-9f3b\"",
        b"1",
        b"null",
        b"true",
        deep.as_bytes(),
    ];
    for line in lines {
        let reply = bad(&mut client, line);
        assert_eq!(reply["id"], Value::Null, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn nesting_counts_the_outermost_object_as_one() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"id":5,"cmd":"ping","args":{{"deep":{open}{close}}}}}"#)
    };
    let reply = bad(&mut client, nested(16));
    assert_eq!((&reply["id"], &reply["error"]["field"]), (&json!(5), &json!("deep")));
    let reply = bad(&mut client, nested(17));
    assert_eq!((&reply["id"], reply["error"].get("field")), (&Value::Null, None));
    // Deep and no JSON at its end; deep and with an unknown command: the line comes first.
    bad(&mut client, nested(17).replace("ping", "nope") + "x");
    assert_eq!(bad(&mut client, nested(17).replace("ping", "nope"))["id"], Value::Null);
}

#[test]
fn ids_are_echoed_as_they_were_or_null() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let text = "ä".repeat(64);
    for id in [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(""),
        json!(text),
        json!("\0\u{7f}\"\\\u{1f600}\n"),
    ] {
        let reply = client.ask(json!({"id": id, "cmd": "ping"}).to_string());
        assert_eq!((&reply["id"], &reply["ok"]), (&id, &json!(true)));
    }
    assert_eq!(client.ask(r#"{"cmd":"ping"}"#)["id"], Value::Null);
    let long = format!("\"{}\"", "a".repeat(65));
    for id in [
        "9223372036854775808",
        "-9223372036854775809",
        "1.5",
        "1e2",
        "1.0",
        "null",
        "true",
        "[1]",
        "{}",
        &long,
    ] {
        let reply = bad(&mut client, format!(r#"{{"id":{id},"cmd":"ping"}}"#));
        assert_eq!((&reply["id"], &reply["error"]["field"]), (&Value::Null, &json!("id")), "{id}");
    }
    // A good id is echoed whatever else is wrong, wherever it is in the line.
    for line in [
        r#"{"nope":1,"id":7}"#,
        r#"{"cmd":"nope","id":7}"#,
        r#"{"cmd":7,"id":7}"#,
        r#"{"cmd":"ping","cmd":"ping","id":7}"#,
        r#"{"cmd":"ping","args":[],"id":7}"#,
        r#"{"cmd":"ping","args":{"x":1},"id":7}"#,
        r#"{"cmd":"users.show","id":7}"#,
    ] {
        assert_eq!(bad(&mut client, line)["id"], 7, "{line}");
    }
    assert_eq!(bad(&mut client, r#"{"id":7,"id":7,"cmd":"ping"}"#)["id"], Value::Null);
    assert_eq!(bad(&mut client, r#"{"id":7,"\u0069d":8,"cmd":"ping"}"#)["id"], Value::Null);
}

#[test]
fn keys_are_known_given_once_and_of_their_type() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let long = "k".repeat(50);
    for (line, field) in [
        (r#"{"cmd":"ping","Cmd":"ping"}"#.to_owned(), "Cmd"),
        (r#"{"cmd":"ping","confirmed":true}"#.into(), "confirmed"),
        (format!(r#"{{"cmd":"ping","{long}":1}}"#), &long[..40]),
        (r#"{"args":{}}"#.into(), "cmd"),
        (r#"{"cmd":null}"#.into(), "cmd"),
        (r#"{"cmd":["ping"]}"#.into(), "cmd"),
        (r#"{"cmd":""}"#.into(), "cmd"),
        (r#"{"cmd":"PING"}"#.into(), "cmd"),
        (r#"{"cmd":" ping"}"#.into(), "cmd"),
        (r#"{"cmd":"ping\u0000"}"#.into(), "cmd"),
        (r#"{"cmd":"ping","args":null}"#.into(), "args"),
        (r#"{"cmd":"ping","args":"{}"}"#.into(), "args"),
        (r#"{"cmd":"users.rm","key":null}"#.into(), "key"),
        (r#"{"cmd":"users.rm","key":12345678}"#.into(), "key"),
        (r#"{"cmd":"users.rm","confirm":null}"#.into(), "confirm"),
        (r#"{"cmd":"users.rm","confirm":1}"#.into(), "confirm"),
        (r#"{"cmd":"users.rm","confirm":"true"}"#.into(), "confirm"),
        (r#"{"cmd":"ping","confirm":true,"confirm":true}"#.into(), "confirm"),
        (r#"{"cmd":"ping","args":{},"args":{}}"#.into(), "args"),
    ] {
        assert_eq!(bad(&mut client, &line)["error"]["field"], *field, "{line}");
    }
    for (line, hint) in [
        (r#"{"cmd":"ping","arg":{}}"#, "args"),
        (r#"{"cmd":"user.ls"}"#, "users.ls"),
        (r#"{"cmd":"users.ls","args":{"serach":""}}"#, "search"),
        (r#"{"cmd":"users.add","args":{"displayname":""}}"#, "display_name"),
        (r#"{"cmd":"users.mod","args":{"keep_session":true}}"#, "keep_sessions"),
    ] {
        assert_eq!(bad(&mut client, line)["error"]["hint"], hint, "{line}");
    }
}

#[test]
fn arguments_are_known_given_once_and_of_their_type() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    for (cmd, args, field) in [
        ("ping", r#"{"x":1}"#, "x"),
        ("status", r#"{"user":"bob"}"#, "user"),
        ("users.ls", r#"{"limit":"10"}"#, "limit"),
        ("users.ls", r#"{"limit":1.5}"#, "limit"),
        ("users.ls", r#"{"limit":1e2}"#, "limit"),
        ("users.ls", r#"{"limit":18446744073709551616}"#, "limit"),
        ("users.ls", r#"{"limit":-9223372036854775809}"#, "limit"),
        ("users.ls", r#"{"limit":1e400}"#, "limit"),
        ("users.ls", r#"{"limit":true}"#, "limit"),
        ("users.ls", r#"{"search":null}"#, "search"),
        ("users.ls", r#"{"deleted":"true"}"#, "deleted"),
        ("users.ls", r#"{"search":"a","search":"b"}"#, "search"),
        ("users.ls", r#"{"search":"a","se\u0061rch":"b"}"#, "search"),
        ("users.show", "{}", "user"),
        ("users.show", r#"{"user":1}"#, "user"),
        ("users.show", r#"{"user":["bob"]}"#, "user"),
        ("users.show", r#"{"user":"bob","x\u0000":1}"#, "x\0"),
        ("users.add", r#"{"role":"user"}"#, "name"),
        ("users.add", r#"{"name":"bob","role":null}"#, "role"),
        ("users.add", r#"{"name":"bob","password":12345678}"#, "password"),
        ("users.add", r#"{"name":"bob","expires_at":null}"#, "expires_at"),
        ("users.add", r#"{"name":"bob","super_admin":"yes"}"#, "super_admin"),
        ("users.add", r#"{"name":"bob","keep_sessions":true}"#, "keep_sessions"),
        ("users.mod", r#"{"user":"bob","name":"rob"}"#, "name"),
        ("users.mod", r#"{"user":"bob","name":"rob"}"#, "name"),
        ("users.mod", r#"{"user":"bob","disable_2fa":0}"#, "disable_2fa"),
        ("users.mod", r#"{"role":"user"}"#, "user"),
        ("passwd.set", r#"{"user":"bob"}"#, "password"),
        ("passwd.set", r#"{"password":"c4n4ry-9f3b"}"#, "user"),
        ("passwd.set", r#"{"user":"bob","password":null}"#, "password"),
        ("passwd.set", r#"{"user":"bob","password":"c4n4ry-9f3b","show":1}"#, "show"),
        ("passwd.remove", "{}", "user"),
        ("users.reset", r#"{"user":"bob"}"#, "user"),
        ("audit.verify", r#"{"number":"1"}"#, "number"),
        ("audit.ls", r#"{"search":""}"#, "search"),
    ] {
        let line = format!(r#"{{"cmd":"{cmd}","args":{args},"id":1,"confirm":true}}"#);
        let reply = bad(&mut client, &line);
        assert_eq!((&reply["id"], &reply["error"]["field"]), (&json!(1), &json!(field)), "{line}");
    }
}

#[test]
fn a_nul_in_any_text_is_an_invalid_argument() {
    let home = TestDaemon::started();
    let mut client = home.connect();
    let add = |field: &str| {
        let mut args = json!({"name": "nul", "role": "user", "password": "longenough"});
        args[field] = json!("a\0b");
        ("users.add", args, field.to_owned())
    };
    let mut cases: Vec<_> = [
        "name",
        "role",
        "password",
        "display_name",
        "email",
        "provider",
        "auth_id",
        "auth_issuer",
        "base_path",
        "upload_path",
        "attr",
        "expires_at",
    ]
    .into_iter()
    .map(add)
    .collect();
    for cmd in ["users.show", "users.rm", "users.restore", "users.mod", "passwd.remove"] {
        cases.push((cmd, json!({"user": "a\0b"}), "user".into()));
    }
    cases.push(("passwd.set", json!({"user": "a\0b", "password": "longenough"}), "user".into()));
    cases.push(("passwd.set", json!({"user": "a", "password": "long\0enough"}), "password".into()));
    for cmd in ["users.ls", "users.legacy"] {
        cases.push((cmd, json!({"search": "\0"}), "search".into()));
        cases.push((cmd, json!({"cursor": "\0"}), "cursor".into()));
    }
    cases.push(("audit.ls", json!({"cursor": "a\0"}), "cursor".into()));
    cases.push(("audit.verify", json!({"number": 1, "hash": "\0"}), "hash".into()));
    for (cmd, args, field) in cases {
        let error = client.fault(cmd, args.clone());
        assert_eq!(error, ("invalid_argument".into(), field), "{cmd} {args}");
    }
    let reply = client.ask(r#"{"cmd":"users.rm","args":{"user":"a"},"key":"1234567\u0000"}"#);
    assert_eq!(fault(&reply["error"]), ("invalid_argument".into(), "key".into()));
}
