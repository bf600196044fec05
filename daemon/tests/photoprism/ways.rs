//! Every way in which a command brings properties of an account.

use serde_json::{Map, Value, json};

use crate::common::json::{Ask, fault};
use crate::common::test_daemon::TestDaemon;
use crate::setup::fixture;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `users.add`.
    Add,
    /// `users.add` of a deleted account, with `restore`.
    AddRestore,
    /// `users.mod`.
    Mod,
    /// `users.import` of a new account: a line of NDJSON.
    Ndjson,
    /// A record of CSV.
    Csv,
    /// A table of TOML.
    Toml,
    /// `users.import` with `update` of an account that is there: what `users apply` sends.
    Update,
    /// `users.import` out of another PhotoPrism's database.
    Database,
}

/// All of them.
pub(crate) const WAYS: [Way; 8] = [
    Way::Add,
    Way::AddRestore,
    Way::Mod,
    Way::Ndjson,
    Way::Csv,
    Way::Toml,
    Way::Update,
    Way::Database,
];

/// What an account has that is about to be changed: no password to hash.
fn blank() -> Value {
    json!({"role": "guest", "provider": "ldap"})
}

fn with(name: &str, base: Value, given: &Value) -> Value {
    let mut args = base;
    args["name"] = json!(name);
    for (key, value) in given.as_object().unwrap() {
        args[key] = value.clone();
    }
    args
}

/// Brings properties in: `Err` has code and field of the refusal. An account that has to be there
/// first is created, or taken as it is.
pub(crate) fn bring(
    home: &mut TestDaemon,
    way: Way,
    (name, given): (&str, &Value),
) -> Result<(), (String, String)> {
    let there = matches!(way, Way::AddRestore | Way::Mod | Way::Update);
    let known = home.call("users.show", json!({"user": name}))["ok"] == true;
    if there && !known {
        home.ok("users.add", with(name, blank(), &json!({})));
    }
    match way {
        Way::Add => asked(home, "users.add", with(name, blank(), given)),
        Way::AddRestore => {
            home.ok("users.rm", json!({"user": name}));
            let came = asked(home, "users.add", with(name, json!({"restore": true}), given));
            if came.is_err() {
                home.ok("users.restore", json!({"user": name}));
            }
            came
        }
        Way::Mod => {
            let mut args = given.clone();
            args["user"] = json!(name);
            asked(home, "users.mod", args)
        }
        Way::Ndjson => import(home, &with(name, blank(), given).to_string(), false),
        Way::Csv => import(home, &csv(&with(name, blank(), given)), false),
        Way::Toml => import(home, &toml(&with(name, blank(), given)), false),
        Way::Update => import(home, &with(name, json!({}), given).to_string(), true),
        Way::Database => database(home, name, given),
    }
}

fn asked(home: &mut TestDaemon, cmd: &str, args: Value) -> Result<(), (String, String)> {
    let reply = home.call(cmd, args);
    if reply["ok"] == true { Ok(()) } else { Err(fault(&reply["error"])) }
}

fn import(home: &mut TestDaemon, text: &str, update: bool) -> Result<(), (String, String)> {
    let begun = home.ok("users.import", json!({"text": text}));
    run(home, &begun, update)
}

/// Runs an import of one row.
pub(crate) fn run(
    home: &mut TestDaemon,
    begun: &Value,
    update: bool,
) -> Result<(), (String, String)> {
    let args = json!({"import": begun["import"], "run": true, "update": update});
    let done = home.ok("users.import", args);
    let items = done["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{done}");
    match items[0]["outcome"].as_str().unwrap() {
        "added" | "updated" | "unchanged" => Ok(()),
        "refused" => Err(fault(&items[0])),
        outcome => panic!("{outcome}: {done}"),
    }
}

fn csv(row: &Value) -> String {
    let row: &Map<String, Value> = row.as_object().unwrap();
    let cell = |value: &Value| match value {
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        other => other.to_string(),
    };
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let cells: Vec<String> = row.values().map(cell).collect();
    format!("{}\n{}\n", names.join(";"), cells.join(";"))
}

/// Strings of JSON are strings of TOML, but for escapes that no value here has.
fn toml(row: &Value) -> String {
    let lines = row.as_object().unwrap().iter();
    let lines: Vec<String> = lines.map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("[[account]]\n{}", lines.concat())
}

/// The column of `auth_users` that holds a field.
pub(crate) fn column(field: &str) -> &str {
    match field {
        "name" => "user_name",
        "email" => "user_email",
        "role" => "user_role",
        "provider" => "auth_provider",
        "attr" => "user_attr",
        field => field,
    }
}

/// The copy holds one account, whose texts PhotoPrism stored as they are: as blobs, which no
/// affinity changes.
fn database(home: &mut TestDaemon, name: &str, given: &Value) -> Result<(), (String, String)> {
    let path = home.root().join("other").with_extension("db");
    std::fs::copy(fixture(), &path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch(
            "DELETE FROM auth_users WHERE id <> 2; DELETE FROM passwords; DELETE FROM passcodes;
             DELETE FROM auth_sessions; UPDATE auth_users SET user_email = ''",
        )
        .unwrap();
    for (field, value) in with(name, blank(), given).as_object().unwrap() {
        let statement = format!("UPDATE auth_users SET {} = CAST(?1 AS BLOB)", column(field));
        other.execute(&statement, [value.as_str().unwrap()]).unwrap();
    }
    drop(other);
    let begun = home.ok("users.import", json!({"database": path}));
    run(home, &begun, false)
}
