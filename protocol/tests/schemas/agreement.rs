//! A schema and the decoder accept the same requests, as far as names and types go.

use photoprism_protocol::args::Entries;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope;
use photoprism_protocol::key::IdempotencyKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::validator::Validator;
use super::{Row, table};

/// JSON of every type.
const VALUES: [&str; 19] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "9223372036854775807",
    "18446744073709551615",
    "1.5",
    "1e30",
    r#""""#,
    r#""12345678""#,
    r#""a\u0000\n""#,
    "[]",
    r#"["a"]"#,
    r#"["a",null]"#,
    "[1]",
    "{}",
    r#"{"user":"bob"}"#,
];

/// Keys of a request, and one that it does not have.
const KEYS: [&str; 6] = ["id", "cmd", "args", "key", "confirm", "nope"];

/// A key, and its value as JSON.
type Entry = (String, String);

type Object = Vec<Entry>;

fn line(entries: &[Entry]) -> String {
    let entry = |(key, value): &Entry| format!("{}:{value}", json!(key));
    format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
}

/// The same object with that value in place of what it has.
fn with(object: &[Entry], key: &str, value: &str) -> Object {
    let mut changed = without(object, key);
    changed.push((key.into(), value.into()));
    changed
}

fn without(object: &[Entry], key: &str) -> Object {
    object.iter().filter(|(known, _)| known != key).cloned().collect()
}

/// Whether the daemon takes the line as a request of the command: its checks up to the confirmation.
fn takes(row: &Row, line: &str) -> bool {
    let Ok(request) = envelope::decode(line.as_bytes()) else { return false };
    let decodes = Entries::read(request.args).is_ok_and(row.decodes);
    let good = |key: &str| row.command.takes_key() && IdempotencyKey::parse(key).is_ok();
    request.command == row.command
        && decodes
        && request.key.as_deref().is_none_or(good)
        && (request.confirm || !row.command.needs_confirm())
}

/// Names and types of the arguments, by the schema.
fn arguments(row: &Row) -> Vec<(&str, &str)> {
    let properties = row.request["properties"]["args"]["properties"].as_object();
    let typed = properties.into_iter().flatten();
    typed.map(|(name, schema)| (name.as_str(), schema["type"].as_str().expect(name))).collect()
}

/// A request with what it needs and nothing else.
fn least(row: &Row) -> (Object, Object) {
    let required = row.request["properties"]["args"]["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.contains(&name.into()));
    let needed = arguments(row).into_iter().filter(|(name, _)| is_required(name));
    let args = needed.map(|(name, kind)| (name.to_owned(), of_type(kind).to_owned())).collect();
    let mut request = vec![("cmd".to_owned(), json!(row.command.name()).to_string())];
    if row.command.needs_confirm() {
        request.push(("confirm".into(), "true".into()));
    }
    (request, args)
}

fn of_type(kind: &str) -> &'static str {
    match kind {
        "string" => r#""bob""#,
        "integer" => "1",
        "boolean" => "true",
        "array" => r#"["bob"]"#,
        other => panic!("arguments of the type {other} are not known here"),
    }
}

/// Requests in which one thing is another than in a good one: each argument and each key in each
/// type, left out, and one that does not exist.
fn neighbours(row: &Row) -> Vec<Object> {
    let (request, args) = least(row);
    let whole = |args: &[Entry]| with(&request, "args", &line(args));
    let mut all = vec![request.clone(), whole(&args)];
    let names = arguments(row).into_iter().map(|(name, _)| name).chain(["nope"]);
    for name in names {
        all.push(whole(&without(&args, name)));
        all.extend(VALUES.iter().map(|value| whole(&with(&args, name, value))));
    }
    let good = whole(&args);
    for key in KEYS {
        all.push(without(&good, key));
        all.extend(VALUES.iter().map(|value| with(&good, key, value)));
    }
    for id in ["ä".repeat(64), "ä".repeat(65)] {
        all.push(with(&good, "id", &json!(id).to_string()));
    }
    for key in ["1234567", "1234567ä", "1234567\t", " ~~~~~~ ", &"k".repeat(64), &"k".repeat(65)] {
        all.push(with(&good, "key", &json!(key).to_string()));
    }
    let others = CommandName::all().map(|command| json!(command.name()).to_string());
    all.extend(others.map(|other| with(&good, "cmd", &other)));
    all
}

/// Lines of which the schema says something else than the decoder.
fn disagreements(row: &Row, schema: &Value) -> Vec<String> {
    let validator = Validator::new(schema.clone());
    let lines = neighbours(row).into_iter().map(|request| line(&request));
    let differs = |line: &String| {
        let value = serde_json::from_str(line).expect(line);
        takes(row, line) != validator.accepts(&value)
    };
    lines.filter(differs).collect()
}

#[test]
fn the_schema_takes_what_the_decoder_takes() {
    for row in table() {
        let found = disagreements(&row, &row.request);
        assert_eq!(found, [""; 0], "{}", row.command.name());
        let taken = neighbours(&row).iter().filter(|request| takes(&row, &line(request))).count();
        let all = neighbours(&row).len();
        assert!(taken > 3 && all - taken > 100, "{}: {taken} of {all}", row.command.name());
    }
}

/// A part of a schema that is made laxer.
type Loosening = fn(&mut Value);

#[test]
fn a_schema_that_is_too_lax_is_noticed() {
    let rows = table();
    let row = |command| rows.iter().find(|row| row.command == command).unwrap();
    let cases: [(CommandName, &str, Loosening); 9] = [
        (CommandName::UsersRm, "an unknown argument", |schema| {
            schema["properties"]["args"]["additionalProperties"] = true.into();
        }),
        (CommandName::UsersRm, "an unknown key", |schema| {
            schema["additionalProperties"] = true.into();
        }),
        (CommandName::UsersRm, "a required argument", |schema| {
            schema["properties"]["args"]["required"] = json!([]);
        }),
        (CommandName::UsersRm, "arguments at all", |schema| {
            schema["required"] = json!(["cmd", "confirm"]);
        }),
        (CommandName::UsersRm, "the confirmation", |schema| {
            schema["required"] = json!(["cmd", "args"]);
        }),
        (CommandName::UsersRm, "a confirmation that is false", |schema| {
            schema["properties"]["confirm"] = json!({"type": "boolean"});
        }),
        (CommandName::UsersLs, "null", |schema| {
            schema["properties"]["args"]["properties"]["search"]["type"] =
                json!(["string", "null"]);
        }),
        (CommandName::UsersLs, "another type", |schema| {
            schema["properties"]["args"]["properties"]["limit"] = json!({"type": "number"});
        }),
        (CommandName::UsersLs, "a key of a command that reads", |schema| {
            schema["properties"]["key"] = json!({"type": "string"});
        }),
    ];
    for (command, what, loosen) in cases {
        let mut schema = row(command).request.clone();
        loosen(&mut schema);
        assert!(!disagreements(row(command), &schema).is_empty(), "{what}");
    }
}

#[test]
fn a_schema_that_is_too_strict_is_noticed() {
    let rows = table();
    let row = rows.iter().find(|row| row.command == CommandName::UsersMod).unwrap();
    let properties = row.request["properties"]["args"]["properties"].as_object().unwrap();
    assert!(properties.len() > 15);
    for name in properties.keys() {
        let mut schema = row.request.clone();
        schema["properties"]["args"]["properties"].as_object_mut().unwrap().remove(name);
        assert!(!disagreements(row, &schema).is_empty(), "{name}");
    }
}

/// The documentation says these of the schemas.
#[test]
fn what_a_schema_cannot_say_is_known() {
    let rows = table();
    let row = rows.iter().find(|row| row.command == CommandName::UsersLs).unwrap();
    let validator = Validator::new(row.request.clone());
    for line in [
        r#"{"cmd":"users.ls","args":{"limit":1.0}}"#,
        r#"{"cmd":"users.ls","args":{"limit":1e2}}"#,
        r#"{"cmd":"users.ls","args":{"limit":1,"limit":1}}"#,
        r#"{"cmd":"users.ls","cmd":"users.ls"}"#,
    ] {
        assert!(!takes(row, line), "{line}");
        validator.check(&serde_json::from_str(line).unwrap());
    }
}

/// Values of an argument or a key, of the right type more often than each of the others.
fn value(kind: &'static str) -> impl Strategy<Value = String> {
    let any = prop::sample::select(VALUES.to_vec());
    prop_oneof![3 => Just(kind), 1 => any].prop_map(str::to_owned)
}

/// A request of that command with any of its arguments and of the keys.
fn request(row: &Row) -> BoxedStrategy<Object> {
    let command = json!(row.command.name()).to_string();
    let with_value = |(name, kind): (&str, &str)| (name.to_owned(), of_type(kind));
    let names: Vec<(String, &'static str)> = arguments(row).into_iter().map(with_value).collect();
    let args = prop::sample::subsequence(names.clone(), 0..=names.len()).prop_flat_map(|names| {
        let entry = |(name, kind): (String, &'static str)| {
            value(kind).prop_map(move |it| (name.clone(), it))
        };
        let extra =
            prop::option::weighted(0.1, value("true").prop_map(|it| ("nope".to_owned(), it)));
        (names.into_iter().map(entry).collect::<Vec<_>>(), extra)
    });
    let args = args.prop_map(|(mut args, extra)| {
        args.extend(extra);
        line(&args)
    });
    let optional = |key: &'static str, kind| {
        prop::option::of(value(kind)).prop_map(move |it| it.map(|it| (key.to_owned(), it)))
    };
    let keys = (
        optional("id", "7"),
        optional("confirm", "true"),
        optional("key", r#""12345678""#),
        prop::option::weighted(0.8, args).prop_map(|it| it.map(|it| ("args".to_owned(), it))),
    );
    let all = keys.prop_map(move |(id, confirm, key, args)| {
        let cmd = Some(("cmd".to_owned(), command.clone()));
        [id, cmd, confirm, key, args].into_iter().flatten().collect()
    });
    all.boxed()
}

#[test]
fn they_agree_about_whole_requests() {
    for row in table() {
        let validator = Validator::new(row.request.clone());
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
        let check = |object: Object| {
            let line = line(&object);
            let value = serde_json::from_str(&line).expect(&line);
            prop_assert_eq!(takes(&row, &line), validator.accepts(&value), "{}", line);
            Ok(())
        };
        runner.run(&request(&row), check).unwrap_or_else(|error| panic!("{error}"));
    }
}
