//! No text of a stranger can forge a line of the log.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

const HARM: &str =
    "x\n2026-01-01T00:00:00.000Z INFO login ok ip=192.0.2.1 user=\"forged\"\r\u{1b}[2J\u{202e}";

#[test]
fn names_keys_and_arguments_that_are_refused_stay_in_their_line() {
    let mut home = TestDaemon::new().env("PHOTOPRISM_LOG_LEVEL", "trace");
    home.start();
    for line in [
        json!({"cmd": HARM}),
        json!({"cmd": "ping", HARM: 1}),
        json!({"cmd": "ping", "id": HARM.repeat(3)}),
        json!({"cmd": "users.show", "args": {"user": HARM}}),
        json!({"cmd": "users.show", "args": {HARM: "bob"}}),
        json!({"cmd": "users.add", "args": {"name": HARM, "role": "guest", "password": HARM}}),
        json!({"cmd": "users.add", "args": {"name": "bob", "role": HARM}}),
        json!({"cmd": "users.ls", "args": {"search": HARM, "cursor": HARM}}),
        json!({"cmd": "users.mod", "key": HARM, "args": {"user": "admin", "email": HARM}}),
        json!({"cmd": "auth.login", "args": {"name": HARM, "password": HARM, "client_ip": HARM}}),
        json!({"cmd": "logins.record", "args": {"name": HARM, "client_ip": "192.0.2.1", "ok": false}}),
    ] {
        let reply = home.ask(&line.to_string());
        assert!(reply.is_object(), "{reply}");
    }
    home.ok("ping", json!({}));
    let log = home.stop();
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    assert!(!log.contains(['\r', '\u{1b}', '\u{202e}']), "{log}");
}

#[test]
fn paths_of_settings_cannot_forge_a_line_either() {
    let home = TestDaemon::new();
    let output = run_to_end(home.command().arg("--config=/nowhere\nphotoprismd: forged"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    let output = run_to_end(home.command().arg("--nonsense\nphotoprismd: forged\u{1b}[2J"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!said.contains('\u{1b}'), "{said}");
    assert!(!said.lines().any(|line| line == "photoprismd: forged"), "{said}");
}

#[test]
fn no_secret_of_a_request_is_in_the_log() {
    let mut home = TestDaemon::new().env("PHOTOPRISM_LOG_LEVEL", "trace");
    home.start();
    home.ask(r#"{"cmd":"passwd.set","args":{"user":"admin","password":"canary-one-1"}}"#);
    home.ask(r#"{"cmd":"passwd.set","args":{"user":"admin","password":"canary"}}"#);
    home.ask(r#"{"cmd":"passwd.set","args":{"user":"nobody","password":"canary-two-2"}}"#);
    home.ask(r#"{"cmd":"passwd.set","key":"canary-key","args":{"password":"canary-three"}}"#);
    home.ask(r#"{"cmd":"canary-command"}"#);
    let log = home.stop();
    assert!(!log.contains("canary"), "{log}");
}
