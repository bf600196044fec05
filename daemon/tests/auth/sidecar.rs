//! The auth socket: checks, and nothing else, for every peer.

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::setup::{PASSWORD, add_user, app_password, login, quick, text};

#[test]
fn a_sidecar_checks_and_does_nothing_else() {
    let mut home = quick().with_auth_socket();
    home.start();
    add_user(&mut home, "bob");
    let app = app_password(&mut home, "bob", "webdav");
    let mut sidecar = Client::connect(&home.auth_socket());
    assert_eq!(sidecar.ok("ping", json!({}))["pong"], true);
    let secret = text(&sidecar.ok("auth.login", login("bob", PASSWORD))["secret"]);
    for (token, scope) in [(&app, "webdav"), (&secret, "webdav")] {
        let args = json!({"token": token, "scope": scope});
        assert_eq!(sidecar.ok("auth.verify", args)["active"], true);
    }
    let attempt = json!({"client_ip": "192.0.2.5", "name": "eve", "ok": false});
    assert_eq!(sidecar.ok("logins.record", attempt), json!({"recorded": true}));
    assert_eq!(sidecar.ok("auth.logout", json!({"token": secret})), json!({"removed": true}));
    for cmd in [
        "status",
        "users.ls",
        "users.show",
        "users.why",
        "users.add",
        "passwd.set",
        "auth.ls",
        "auth.add",
        "auth.show",
        "auth.rm",
        "auth.reset",
        "logins.ls",
        "logins.clear",
        "audit.ls",
        "users.2fa.show",
        "users.2fa.enroll",
        "users.2fa.confirm",
        "users.2fa.disable",
        "users.2fa.recovery",
        "users.reset",
        "doctor",
    ] {
        assert_eq!(sidecar.confirmed(cmd, json!({}))["error"]["code"], "forbidden", "{cmd}");
    }
    // The right comes before the arguments and what is wrong with them.
    let line = r#"{"cmd":"auth.add","args":{"nonsense":1},"key":"x"}"#;
    assert_eq!(sidecar.ask(line)["error"]["code"], "forbidden");
    for cmd in ["auth.login", "auth.verify", "auth.logout", "logins.record", "ping"] {
        let line = json!({"cmd": cmd, "args": {}, "key": "a-key-of-mine"}).to_string();
        let error = sidecar.ask(&line)["error"].clone();
        assert!(error["code"] == "bad_request" || error["field"] == "key", "{cmd}: {error}");
    }
    assert_eq!(home.ok("auth.ls", json!({}))["items"].as_array().unwrap().len(), 1);
}
