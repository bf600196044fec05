//! A request and a reply of every command, written by hand: they must go on decoding, and what
//! was decoded must say the same.

#[path = "commands/all.rs"]
mod commands;

use std::collections::BTreeSet;
use std::fs;

use commands::{Visit, visit_all};
use photoprism_protocol::args::Entries;
use photoprism_protocol::command::{Arguments, Command, CommandName as C};
use photoprism_protocol::envelope::{self, Id, Outgoing, Reply, Request};
use photoprism_protocol::error::ErrorCode;
use schemars::JsonSchema;
use serde_json::{Value, json};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

fn golden(file: &str) -> String {
    fs::read_to_string(format!("{DIRECTORY}/{file}.json")).expect(file)
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

/// A command with its arguments, and with the result of its reply, decoded and encoded again.
type Row = (C, fn(Entries<'_>) -> Value, fn(&str) -> Value);

struct Decoded;

impl Visit for Decoded {
    type Row = Row;

    fn row<T: Command<Args: JsonSchema, Reply: JsonSchema>>() -> Row {
        let arguments =
            |entries: Entries<'_>| json!(T::Args::decode(entries).expect("they decode"));
        let reply = |text: &str| json!(serde_json::from_str::<T::Reply>(text).expect(text));
        (T::NAME, arguments, reply)
    }
}

fn table() -> [Row; 47] {
    visit_all::<Decoded>()
}

#[test]
fn requests_decode_and_say_the_same_again() {
    for (command, arguments, _) in table() {
        let text = golden(&format!("{}.request", command.name()));
        let written = value(&text);
        let Request { id, command: name, args, key, confirm } =
            envelope::decode(text.trim_end().as_bytes()).unwrap();
        assert_eq!(name, command);
        assert_eq!(json!(id), written["id"]);
        let args = arguments(Entries::read(args).expect("an object"));
        let sent = Outgoing { cmd: name.name(), args: &args, key: key.as_deref(), confirm };
        let mut again = json!(sent);
        again["id"] = json!(id);
        let mut expected = written.clone();
        if expected.get("args").is_none() {
            expected["args"] = json!({});
        }
        assert_eq!(again, expected, "{}", command.name());
        assert_eq!(command.needs_confirm(), confirm, "{}", command.name());
    }
}

#[test]
fn replies_decode_and_say_the_same_again() {
    for (command, _, outcome) in table() {
        let text = golden(&format!("{}.reply", command.name()));
        let written = value(&text);
        let reply: Reply = serde_json::from_str(&text).unwrap();
        assert!(reply.ok && reply.error.is_none(), "{}", command.name());
        let result = reply.result.expect("a result");
        assert_eq!(outcome(result.get()), written["result"], "{}", command.name());
        let warnings = written.get("warnings").cloned().unwrap_or(json!([]));
        assert_eq!(json!(reply.warnings), warnings, "{}", command.name());
    }
}

#[test]
fn an_error_decodes_and_says_the_same_again() {
    let text = golden("error.reply");
    let reply: Reply = serde_json::from_str(&text).unwrap();
    assert!(!reply.ok && reply.result.is_none() && reply.warnings.is_empty());
    let error = reply.error.unwrap();
    assert_eq!(json!(error), value(&text)["error"]);
    let code = ErrorCode::parse(&error.code).unwrap();
    assert_eq!(code, ErrorCode::Exists);
    // What the daemon writes for it is the same object.
    let body = photoprism_protocol::error::ErrorBody::new(code, error.message)
        .at(error.field.unwrap())
        .retry_after(error.retry_after_s.unwrap())
        .hint(error.hint.unwrap());
    let line = envelope::encode(&Id::Null, &Err(body));
    assert_eq!(value(std::str::from_utf8(&line).unwrap()), value(&text));
}

#[test]
fn every_command_has_its_two_files_and_no_file_is_without_a_command() {
    let mut expected = BTreeSet::from(["error.reply.json".to_owned()]);
    for command in C::all() {
        let row = table().iter().any(|(name, ..)| *name == command);
        assert!(row, "{} has no golden files", command.name());
        expected.insert(format!("{}.request.json", command.name()));
        expected.insert(format!("{}.reply.json", command.name()));
    }
    let found = fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().file_name());
    let found: BTreeSet<String> = found.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, expected);
}
