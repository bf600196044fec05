//! The answer to a statement that comes after it was given up: it must not be taken for that of the
//! next one.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::proxy::Proxy;
use crate::refused;
use crate::server::shared;

/// What is answered about bob after the answer about alice was late.
fn answer_about_bob(name: &str, faults: &'static str) -> Option<Value> {
    let server = shared()?;
    let schema = server.photoprism(name);
    let proxy = Proxy::start(server.socket());
    let mut home = proxy.home(name).faulty(faults);
    home.start();
    // Its statements are prepared.
    for user in ["bob", "alice"] {
        assert_eq!(home.ok("users.show", json!({"user": user}))["user"]["name"], user);
    }
    proxy.hold("alice");
    refused(&mut home, "users.show", json!({"user": "alice"}), "unavailable");
    proxy.let_go();
    let reply = home.call("users.show", json!({"user": "bob"}));
    drop(schema);
    Some(reply)
}

#[test]
fn the_answer_to_another_statement_is_never_taken() {
    let Some(reply) = answer_about_bob("late_answer", "short-silence") else { return };
    assert_eq!(reply["result"]["user"]["name"], "bob", "{reply}");
}

#[test]
fn it_would_be_taken_where_the_connection_is_used_again() {
    let faults = "short-silence,use-lost-connection";
    let Some(reply) = answer_about_bob("reused", faults) else { return };
    assert_eq!(reply["result"]["user"]["name"], "alice", "{reply}");
}
