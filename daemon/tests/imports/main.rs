//! What a text, a database or its sender can do to a daemon that imports it.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;

mod databases;
mod ended;
mod files;
mod forms;
mod memory;
mod parts;
mod places;

use serde_json::{Value, json};

use crate::common::json::Ask;

/// Sends a text in lines of less than 64 KiB; gives the name of the import.
fn sent(asked: &mut impl Ask, text: &str) -> Value {
    let mut import = Value::Null;
    let mut rest = text;
    loop {
        // A byte takes two in JSON here, at the most.
        let (part, more) = rest.split_at(rest.floor_char_boundary(30_000));
        let mut args = json!({"text": part});
        if !import.is_null() {
            args["import"] = import;
        }
        import = asked.ok("users.import", args)["import"].clone();
        rest = more;
        if rest.is_empty() {
            return import;
        }
    }
}

/// The line that carries an import out.
fn run(import: &Value) -> String {
    json!({"cmd": "users.import", "args": {"import": import, "run": true}}).to_string()
}
