//! A schema as a file contains it, with its keywords in the order in which people read them.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// All others follow in the order of the alphabet.
const FIRST: [&str; 13] = [
    "$schema",
    "$id",
    "title",
    "description",
    "type",
    "format",
    "const",
    "enum",
    "oneOf",
    "anyOf",
    "properties",
    "required",
    "additionalProperties",
];

/// Last, because nobody begins there.
const LAST: &str = "$defs";

pub(crate) fn text(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(&Schema(schema)).expect("values always serialise");
    text.push('\n');
    text
}

struct Schema<'a>(&'a Value);

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => keywords(map, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Schema)),
            other => other.serialize(serializer),
        }
    }
}

fn keywords<S: Serializer>(map: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(keyword, _)| {
        let place = FIRST.iter().position(|first| first == keyword).unwrap_or(FIRST.len());
        (*keyword == LAST, place, *keyword)
    });
    let mut writer = serializer.serialize_map(Some(entries.len()))?;
    for (keyword, value) in entries {
        match (keyword.as_str(), value) {
            ("properties" | "$defs", Value::Object(map)) => {
                writer.serialize_entry(keyword, &Names(map))?;
            }
            _ => writer.serialize_entry(keyword, &Schema(value))?,
        }
    }
    writer.end()
}

/// What the names of properties or of types have: schemas, in the order of the alphabet.
struct Names<'a>(&'a Map<String, Value>);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by_key(|(name, _)| *name);
        serializer.collect_map(entries.into_iter().map(|(name, schema)| (name, Schema(schema))))
    }
}
