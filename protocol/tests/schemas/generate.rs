//! The schemas of a request and of a reply, from the types of the command.
//!
//! serde's attributes say most of it. The envelope, which is decoded by hand, is written here, and
//! what holds for all types is changed in one place, [`tidy`].

use photoprism_protocol::VERSION;
use photoprism_protocol::command::{Command, CommandName};
use photoprism_protocol::ended::Ended;
use photoprism_protocol::envelope::Id;
use photoprism_protocol::error::ErrorBody;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What the documentation of a key says that each result with ended sessions has.
const AS_IN_ENDED: &str = "As in [`crate::ended::Ended`].";

/// Who reads: the daemon is strict, clients pass over what they do not know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Reply,
}

/// The schema of a whole request line.
pub(crate) fn request<T: Command<Args: JsonSchema>>() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let args = schema::<T::Args>(&mut generator, Direction::Request);
    assert!(generator.definitions().is_empty(), "{}: arguments are flat", T::NAME.name());
    let mut required = vec!["cmd"];
    required.extend(args.get("required").map(|_| "args"));
    required.extend(T::NAME.needs_confirm().then_some("confirm"));
    let mut properties = json!({
        "id": described::<Id>(&mut generator, "Comes back in the reply."),
        "cmd": {"const": T::NAME.name()},
        "args": args,
        "confirm": {
            "type": "boolean",
            "description": "True for commands that destroy something, after the person confirmed."
        },
    });
    if T::NAME.needs_confirm() {
        properties["confirm"]["const"] = true.into();
    }
    if T::NAME.takes_key() {
        properties["key"] = json!({
            "type": "string",
            "pattern": "^[ -~]{8,64}$",
            "description": "Carry this out once: the same request with the same key is answered \
                with the first result."
        });
    }
    json!({
        "$schema": DRAFT,
        "$id": id(T::NAME, "request"),
        "title": format!("Request of {}", T::NAME.name()),
        "description": needs(T::NAME),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The schema of a whole reply line.
pub(crate) fn reply<T: Command<Reply: JsonSchema>>() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut result = schema::<T::Reply>(&mut generator, Direction::Reply);
    if T::NAME.takes_key() {
        add_replay(&mut result);
    }
    let id = described::<Id>(&mut generator, "That of the request, or `null`.");
    let error = generator.subschema_for::<ErrorBody>().to_value();
    let mut definitions = generator.take_definitions(false);
    definitions.values_mut().for_each(|schema| tidy(schema, Direction::Reply));
    json!({
        "$schema": DRAFT,
        "$id": self::id(T::NAME, "reply"),
        "title": format!("Reply to {}", T::NAME.name()),
        "oneOf": [
            {
                "title": "It was done",
                "type": "object",
                "properties": {
                    "id": id,
                    "ok": {"const": true},
                    "result": result,
                    "warnings": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "Messages for people, where there are any."
                    },
                },
                "required": ["id", "ok", "result"],
            },
            {
                "title": "It was refused",
                "type": "object",
                "properties": {"id": id, "ok": {"const": false}, "error": error},
                "required": ["id", "ok", "error"],
            },
        ],
        "$defs": definitions,
    })
}

/// Never fetched: it names the schema, and where a newer protocol begins.
fn id(command: CommandName, what: &str) -> String {
    let name = command.name();
    format!("https://photoprism-admin.invalid/schemas/{VERSION}/{name}.{what}.json")
}

fn needs(command: CommandName) -> String {
    let level = command.access().name();
    let confirm = if command.needs_confirm() { ", and `\"confirm\":true`" } else { "" };
    format!("Needs the level `{level}`{confirm}.")
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator, direction: Direction) -> Value {
    let mut schema = T::json_schema(generator).to_value();
    tidy(&mut schema, direction);
    if direction == Direction::Request {
        schema["additionalProperties"] = false.into();
    }
    schema
}

fn described<T: JsonSchema>(generator: &mut SchemaGenerator, text: &str) -> Value {
    let mut schema = T::json_schema(generator).to_value();
    schema["description"] = text.into();
    schema
}

/// A replay has a key of its own, and `null` for each secret.
fn add_replay(result: &mut Value) {
    let properties =
        result["properties"].as_object_mut().expect("a result of a write is one object");
    for property in properties.values_mut().filter(|property| property["format"] == "password") {
        property["type"] = json!(["string", "null"]);
    }
    let replayed = json!({
        "const": true,
        "description": "This is the result of an earlier request with the same key."
    });
    properties.insert("replayed".into(), replayed);
}

/// Brings a schema, and all that are inside it, from what schemars makes of the types to what the
/// protocol has.
fn tidy(schema: &mut Value, direction: Direction) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = for_clients(text);
    }
    if direction == Direction::Reply {
        schema.remove("additionalProperties");
        // What a client of this crate takes in place of a key that an older daemon left out.
        schema.remove("default");
    }
    leave_out_null(schema);
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(inside)) => {
                inside.iter_mut().for_each(|(name, schema)| explain_ended(name, schema));
                inside.values_mut().for_each(|schema| tidy(schema, direction));
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(inside)) => {
                for schema in inside {
                    tidy(schema, direction);
                }
            }
            ("items", inside) => tidy(inside, direction),
            _ => {}
        }
    }
}

/// What may be left out is left out where there is nothing, and is never `null`.
fn leave_out_null(schema: &mut Map<String, Value>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().is_some_and(|all| all.contains(&name.into()));
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = &types[..] {
                property["type"] = only.clone();
            }
        }
    }
}

/// Those two keys are described once for all results that have them.
fn explain_ended(name: &str, schema: &mut Value) {
    if schema["description"] == AS_IN_ENDED {
        let ended = Ended::json_schema(&mut SchemaGenerator::default()).to_value();
        schema["description"] = ended["properties"][name]["description"].clone();
    }
}

/// The text of a doc comment as somebody reads it who has JSON and no Rust: on one line, and
/// `null` for what is not there.
fn for_clients(text: &str) -> String {
    text.replace('\n', " ").replace("`None`", "`null`")
}
