//! Request lines that nobody would write, against the decoder: it never panics, never lets
//! through what the documentation refuses, and echoes the `id` of every object.

use photoprism_protocol::envelope::{Id, decode};
use photoprism_protocol::error::ErrorCode;
use proptest::prelude::*;
use serde_json::Value;

/// Bytes that mean something in JSON, more often than others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let meaningful =
        prop::sample::select(b"{}[]\",:\\0123456789-+.eEtrufalsn \t\r\x00\xef\xbb\xbf".to_vec());
    prop::collection::vec(prop_oneof![8 => meaningful, 1 => any::<u8>()], 0..200)
}

/// JSON of any shape, deeper than it may be too.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,70}".prop_map(Value::from),
        prop::sample::select(vec!["ping", "users.ls", "users.rm", "12345678"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(20, 64, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec!["id", "cmd", "args", "key", "confirm"]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => "[a-z]{1,6}"]
}

/// The entries of a request, keys given twice among them.
fn entries() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((key(), value()), 0..7)
}

fn line(entries: &[(String, Value)]) -> String {
    let entry = |(key, value): &(String, Value)| format!("{}:{value}", Value::from(key.as_str()));
    format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
}

/// Depth of the value, an object or array by itself being 1.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}

/// The `id` that the documentation has echoed for these entries.
fn echoed(entries: &[(String, Value)]) -> Id {
    if entries.iter().any(|(_, value)| depth(value) > 15) {
        return Id::Null;
    }
    let mut ids = entries.iter().filter(|(key, _)| key == "id").map(|(_, value)| value);
    match (ids.next(), ids.next()) {
        (Some(Value::Number(number)), None) => number.as_i64().map_or(Id::Null, Id::Number),
        (Some(Value::String(text)), None) if text.chars().count() <= 64 => Id::Text(text.clone()),
        _ => Id::Null,
    }
}

/// The id that the decoder would have echoed, and whether it took the line.
fn decoded(line: &[u8]) -> (Id, bool) {
    match decode(line) {
        Ok(request) => (request.id, true),
        Err(refusal) => {
            assert_eq!(refusal.error.code, ErrorCode::BadRequest);
            (refusal.id, false)
        }
    }
}

/// Whether the documentation takes these entries.
fn is_good(entries: &[(String, Value)]) -> bool {
    let right = |(key, value): &(String, Value)| match key.as_str() {
        "id" => echoed(entries) != Id::Null,
        "cmd" => ["ping", "users.ls", "users.rm"].iter().any(|name| value == name),
        "args" => value.is_object(),
        "key" => value.is_string(),
        "confirm" => value.is_boolean(),
        _ => false,
    };
    let mut keys: Vec<&String> = entries.iter().map(|(key, _)| key).collect();
    keys.sort();
    let once = keys.windows(2).all(|pair| pair[0] != pair[1]);
    let shallow = entries.iter().all(|(_, value)| depth(value) <= 15);
    once && shallow && entries.iter().all(right) && keys.iter().any(|key| *key == "cmd")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in bytes()) {
        let (_, taken) = decoded(&bytes);
        // What is taken is a JSON object for everybody else too.
        if taken {
            let other: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert!(other.is_object());
        }
    }

    #[test]
    fn the_id_is_echoed_and_only_good_requests_are_taken(entries in entries()) {
        let line = line(&entries);
        prop_assert_eq!(decoded(line.as_bytes()), (echoed(&entries), is_good(&entries)), "{}", line);
    }

    #[test]
    fn what_is_cut_or_goes_on_is_not_a_request(entries in entries(), cut in any::<prop::sample::Index>()) {
        let line = line(&entries);
        let cut = &line.as_bytes()[..cut.index(line.len())];
        prop_assert_eq!(decoded(cut), (Id::Null, false));
        prop_assert_eq!(decoded(format!("{line}{line}").as_bytes()), (Id::Null, false));
    }
}
