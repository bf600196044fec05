//! The JSON Schemas of the wire: generated from the types, compared with the committed files, and held
//! against every line that there is. `PHOTOPRISM_ADMIN_WRITE_SCHEMAS=1` writes the files.

mod agreement;
#[path = "../commands/all.rs"]
mod commands;
mod documents;
mod generate;
mod text;
mod validator;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use commands::{Visit, visit_all};
use photoprism_protocol::args::Entries;
use photoprism_protocol::command::{Arguments, Command, CommandName};
use schemars::JsonSchema;
use serde_json::Value;
use validator::Validator;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const WRITE: &str = "PHOTOPRISM_ADMIN_WRITE_SCHEMAS";

/// A command with its schemas, and whether its arguments decode.
struct Row {
    command: CommandName,
    request: Value,
    reply: Value,
    decodes: fn(Entries<'_>) -> bool,
}

struct Generated;

impl Visit for Generated {
    type Row = Row;

    fn row<T: Command<Args: JsonSchema, Reply: JsonSchema>>() -> Row {
        Row {
            command: T::NAME,
            request: generate::request::<T>(),
            reply: generate::reply::<T>(),
            decodes: |entries| T::Args::decode(entries).is_ok(),
        }
    }
}

fn table() -> [Row; 47] {
    visit_all::<Generated>()
}

/// Names and texts of all files.
fn files() -> BTreeMap<String, String> {
    let both = |row: Row| {
        let file = |what: &str| format!("{}.{what}.json", row.command.name());
        [(file("request"), text::text(&row.request)), (file("reply"), text::text(&row.reply))]
    };
    table().into_iter().flat_map(both).collect()
}

fn committed() -> BTreeMap<String, String> {
    let entries = fs::read_dir(DIRECTORY).expect(DIRECTORY).map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn golden(file: &str) -> Value {
    let text = fs::read_to_string(format!("{GOLDEN}/{file}.json")).expect(file);
    serde_json::from_str(&text).expect(file)
}

/// Every object inside a value.
fn for_each_object(
    value: &mut Value,
    change: &mut impl FnMut(&mut serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|value| for_each_object(value, change));
            change(map);
        }
        Value::Array(items) => items.iter_mut().for_each(|value| for_each_object(value, change)),
        _ => {}
    }
}

#[test]
fn the_files_are_those_of_the_types() {
    let expected = files();
    if std::env::var_os(WRITE).is_some() {
        let _ = fs::remove_dir_all(DIRECTORY);
        fs::create_dir(DIRECTORY).unwrap();
        for (name, text) in &expected {
            fs::write(format!("{DIRECTORY}/{name}"), text).unwrap();
        }
    }
    let found = committed();
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differing: Vec<_> =
        names.into_iter().filter(|name| expected.get(*name) != found.get(*name)).collect();
    assert!(differing.is_empty(), "{differing:?} differ; write them with {WRITE}=1");
}

#[test]
fn golden_lines_satisfy_their_schemas() {
    for Row { command, request, reply, .. } in table() {
        Validator::new(request).check(&golden(&format!("{}.request", command.name())));
        let reply = Validator::new(reply);
        reply.check(&golden(&format!("{}.reply", command.name())));
        reply.check(&golden("error.reply"));
    }
}

#[test]
fn a_reply_may_have_more_keys_and_must_have_those_of_today() {
    for Row { command, reply, .. } in table() {
        let keys = reply["oneOf"][0]["properties"]["result"]["required"].clone();
        let reply = Validator::new(reply);
        let mut newer = golden(&format!("{}.reply", command.name()));
        for_each_object(&mut newer, &mut |map| drop(map.insert("newer".into(), true.into())));
        reply.check(&newer);
        for key in ["id", "ok", "result"] {
            let mut less = newer.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(!reply.accepts(&less), "{} without {key}", command.name());
        }
        // That of auth.verify is one of two objects.
        for key in keys.as_array().into_iter().flatten().map(|key| key.as_str().unwrap()) {
            let mut less = newer.clone();
            let removed = less["result"].as_object_mut().unwrap().remove(key);
            assert!(removed.is_some() && !reply.accepts(&less), "{} without {key}", command.name());
        }
        assert!(!reply.accepts(&serde_json::json!({"id": null, "ok": true, "error": {}})));
    }
}

#[test]
fn a_token_is_active_with_all_that_is_known_or_not() {
    let schema = table().into_iter().find(|row| row.command == CommandName::AuthVerify).unwrap();
    let reply = Validator::new(schema.reply);
    let mut active = golden("auth.verify.reply");
    active["result"].as_object_mut().unwrap().remove("exp");
    assert!(!reply.accepts(&active));
    active["result"] = serde_json::json!({"active": false});
    reply.check(&active);
    active["result"]["active"] = true.into();
    assert!(!reply.accepts(&active));
}

#[test]
fn a_replay_says_so_and_has_no_secrets() {
    let schema = table().into_iter().find(|row| row.command == CommandName::PasswdSet).unwrap();
    let validator = Validator::new(schema.reply);
    let mut replay = golden("passwd.set.reply");
    replay["result"]["replayed"] = true.into();
    replay["result"]["hash"] = Value::Null;
    validator.check(&replay);
    replay["result"]["pending"] = Value::Null;
    assert!(!validator.accepts(&replay));
}

#[test]
fn descriptions_are_for_people_without_rust() {
    let mut found = 0;
    for (name, text) in files() {
        let mut schema: Value = serde_json::from_str(&text).unwrap();
        for_each_object(&mut schema, &mut |map| {
            let Some(text) = map.get("description").and_then(Value::as_str) else { return };
            found += 1;
            for part in ["None", "Some(", "::", "[`", "\n", "  "] {
                assert!(!text.contains(part), "{name}: {text}");
            }
        });
    }
    assert!(found > 500, "{found}");
}
