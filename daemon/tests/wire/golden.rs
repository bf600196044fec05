//! The golden files of the protocol, held against a live daemon: the same keys, the same types.

use std::fs;

use serde_json::Value;

use crate::common::home::Home;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/tests/golden");

/// In an order in which each succeeds.
const COMMANDS: [&str; 14] = [
    "ping",
    "users.add",
    "status",
    "users.show",
    "users.ls",
    "users.legacy",
    "passwd.set",
    "users.rm",
    "users.restore",
    "users.mod",
    "passwd.remove",
    "audit.ls",
    "audit.verify",
    "users.reset",
];

fn golden(file: &str) -> Value {
    let text = fs::read_to_string(format!("{FOLDER}/{file}.json")).expect(file);
    serde_json::from_str(&text).expect(file)
}

/// Keys and types of a value; a list has those of its first item.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(number) => if number.is_f64() { "fraction" } else { "integer" }.into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", shape(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn live_replies_have_the_shape_of_the_golden_ones() {
    let mut home = Home::started();
    home.offline(|database| {
        database
            .execute_batch(
                "CREATE TABLE users (id INTEGER PRIMARY KEY, user_uid VARBINARY(42),
                   full_name VARCHAR, user_name VARCHAR, primary_email VARCHAR, role_admin BOOL,
                   created_at DATETIME, deleted_at DATETIME);
                 INSERT INTO users VALUES (5, 'uqz1r5w1jklmnopq', 'Grandma Käthe', 'grandma',
                   'kaethe@example.org', 0, '2021-10-03 10:11:12+00:00', NULL);
                 INSERT INTO auth_users (user_uid, user_name, user_role, auth_provider, expires_at,
                   created_at, updated_at)
                   VALUES ('usxyz0abc1defgh3', 'bo', 'user', 'none', '2035-01-31 00:00:00+00:00',
                   '2026-11-24 08:00:00+00:00', '2026-11-24 08:00:00+00:00');",
            )
            .unwrap();
    });
    let mut client = home.connect();
    for command in COMMANDS {
        let mut request = golden(&format!("{command}.request"));
        if command == "users.show" {
            // The UID of the golden account is that of nobody here.
            request["args"]["user"] = "bob".into();
        }
        let expected = golden(&format!("{command}.reply"));
        let reply = client.ask(request.to_string());
        assert_eq!(reply["id"], expected["id"], "{command}");
        assert_eq!(shape(&reply), shape(&expected), "{command}: {reply}");
    }
}

/// A command that has golden files is tried here.
#[test]
fn every_golden_request_is_tried() {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name());
    let mut requests: Vec<String> = files
        .filter_map(|name| name.to_str()?.strip_suffix(".request.json").map(str::to_owned))
        .collect();
    requests.sort();
    let mut tried = COMMANDS;
    tried.sort_unstable();
    assert_eq!(requests, tried);
}
