//! The committed schemas of the wire, against what the tests ask and what the daemon answers.

#[expect(dead_code, reason = "the tests of the schemas use the rest of it")]
#[path = "../../../protocol/tests/schemas/validator.rs"]
mod validator;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use photoprism_protocol::command::CommandName;
use serde_json::{Deserializer, Value};

use self::validator::Validator;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/schemas");

/// Those that were needed, by the name of the file.
static COMPILED: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

fn compiled(command: CommandName, what: &str) -> Arc<Validator> {
    let file = format!("{}.{what}.json", command.name());
    let read = |file: &String| {
        let text = fs::read_to_string(format!("{DIRECTORY}/{file}")).expect(file);
        Arc::new(Validator::new(serde_json::from_str(&text).expect(file)))
    };
    let mut all = COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Arc::clone(all.entry(file).or_insert_with_key(read))
}

/// The reply is one of that command, and a request that was carried out is one too. What is not a
/// request of any command is refused as all are.
#[track_caller]
pub(crate) fn check(line: &[u8], reply: &Value) {
    let request = Deserializer::from_slice(line).into_iter::<Value>().next();
    let request = request.and_then(Result::ok).unwrap_or_default();
    let name = request.get("cmd").and_then(Value::as_str);
    let command = name.and_then(CommandName::parse);
    compiled(command.unwrap_or(CommandName::Ping), "reply").check(reply);
    if let (Some(command), true) = (command, reply["ok"] == true) {
        compiled(command, "request").check(&request);
    }
}
