//! The golden files of the protocol, held against a live daemon: the same keys, the same types.

use std::fs;

use photoprism_daemon::clock::Clock;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/tests/golden");

/// In an order in which each succeeds.
const COMMANDS: [&str; 22] = [
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
    "users.export",
    "users.import",
    "passwd.remove",
    "users.rename",
    "users.adopt",
    "audit.ls",
    "audit.verify",
    "clock.show",
    "clock.reset",
    "doctor",
    "metrics",
    "users.reset",
];

fn golden(file: &str) -> Value {
    let text = fs::read_to_string(format!("{DIRECTORY}/{file}.json")).expect(file);
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

/// A reply about a file, which several daemons cannot write to: no host is named.
fn without_server(mut reply: Value) -> Value {
    if let Some(daemons) = reply.pointer_mut("/result/daemons") {
        *daemons = json!([]);
    }
    let items = reply.pointer_mut("/result/items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        if let Some(host) = item.get_mut("host") {
            *host = Value::Null;
        }
    }
    reply
}

#[test]
fn live_replies_have_the_shape_of_the_golden_ones() {
    let mut home = TestDaemon::started();
    home.offline(|database| {
        database
            .execute_batch(
                "DROP TABLE IF EXISTS users; CREATE TABLE users (id INTEGER PRIMARY KEY, user_uid VARBINARY(42),
                   full_name VARCHAR(99), user_name VARCHAR(99), primary_email VARCHAR(99), role_admin BOOL,
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
        let expected = without_server(golden(&format!("{command}.reply")));
        let reply = client.ask(request.to_string());
        assert_eq!(reply["id"], expected["id"], "{command}");
        assert_eq!(shape(&reply), shape(&expected), "{command}: {reply}");
    }
}

/// Those of sessions and attempts, in an order in which each succeeds.
const SESSION_COMMANDS: [&str; 17] = [
    "auth.add",
    "auth.verify",
    "auth.ls",
    "auth.show",
    "auth.login",
    "auth.logout",
    "logins.record",
    "logins.ls",
    "users.why",
    "logins.clear",
    "users.2fa.enroll",
    "users.2fa.show",
    "users.2fa.confirm",
    "users.2fa.recovery",
    "users.2fa.disable",
    "auth.rm",
    "auth.reset",
];

/// What a later request needs of an earlier reply.
#[derive(Default)]
struct Seen {
    app_password: Value,
    session: Value,
    login: Value,
    key: String,
}

impl Seen {
    fn fill(&self, command: &str, request: &mut Value) {
        match command {
            "auth.verify" => request["args"]["token"] = self.app_password.clone(),
            "auth.show" => request["args"]["session"] = self.session.clone(),
            "auth.rm" => request["args"]["session"] = self.app_password.clone(),
            "auth.logout" => request["args"]["token"] = self.login.clone(),
            "users.2fa.confirm" => request["args"]["passcode"] = code(&self.key).into(),
            _ => {}
        }
    }

    fn note(&mut self, command: &str, result: &Value) {
        match command {
            "auth.add" => {
                self.app_password = result["secret"].clone();
                self.session = result["session"]["id"].clone();
            }
            "auth.login" => self.login = result["secret"].clone(),
            "users.2fa.enroll" => result["key"].as_str().unwrap().clone_into(&mut self.key),
            _ => {}
        }
    }
}

/// The code that an authenticator app shows for that key now.
pub(crate) fn code(key: &str) -> String {
    let bytes = data_encoding::BASE32_NOPAD.decode(key.as_bytes()).unwrap();
    let secret: [u8; 20] = bytes.try_into().unwrap();
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::new_stack(secret))
        .build_noncompliant();
    totp.generate(Clock::System.unix().try_into().unwrap()).to_string()
}

#[test]
fn live_replies_about_sessions_have_the_shape_of_the_golden_ones() {
    let mut home = TestDaemon::started();
    home.ok(
        "users.add",
        json!({"name": "bob", "role": "user", "password": "mysecret", "webdav": true,
            "email": "bob@example.com"}),
    );
    // A second page for auth.ls.
    home.ok("auth.add", json!({"name": "Other", "scope": "*", "user": "bob"}));
    let (mut client, mut seen) = (home.connect(), Seen::default());
    for command in SESSION_COMMANDS {
        if command == "users.why" {
            home.ok("users.mod", json!({"user": "bob", "can_login": false}));
        }
        let mut request = golden(&format!("{command}.request"));
        seen.fill(command, &mut request);
        let expected = golden(&format!("{command}.reply"));
        let reply = client.ask(request.to_string());
        assert_eq!(shape(&reply), shape(&expected), "{command}: {reply}");
        seen.note(command, &reply["result"]);
    }
}

/// Those of backups, in an order in which each succeeds.
const BACKUP_COMMANDS: [&str; 8] = [
    "backup.create",
    "backup.ls",
    "backup.verify",
    "backup.restore",
    "backup.fetch",
    "backup.send",
    "backup.prune",
    "backup.rm",
];

#[test]
fn live_replies_about_backups_have_the_shape_of_the_golden_ones() {
    let mut home = TestDaemon::started();
    for name in ["bob", "carol"] {
        home.ok("users.add", json!({"name": name, "role": "user", "password": "mysecret"}));
    }
    let (mut file, mut data) = (Value::Null, Value::Null);
    for command in BACKUP_COMMANDS {
        let mut request = golden(&format!("{command}.request"));
        for name in ["file", "backup"] {
            if !request["args"][name].is_null() {
                request["args"][name] = file.clone();
            }
        }
        match command {
            "backup.fetch" => request["args"] = json!({"file": file}),
            "backup.send" => {
                let (first, rest) = data.as_str().unwrap().split_at(60_000);
                let upload = home.ok("backup.send", json!({"data": first}))["upload"].clone();
                for part in rest.as_bytes().chunks(60_000) {
                    let part = str::from_utf8(part).unwrap();
                    home.ok("backup.send", json!({"upload": upload, "data": part}));
                }
                request["args"]["upload"] = upload;
            }
            "backup.prune" => request["args"]["keep"] = 1.into(),
            _ => {}
        }
        let expected = golden(&format!("{command}.reply"));
        let reply = home.ask(&request.to_string());
        assert_eq!(shape(&reply), shape(&expected), "{command}: {reply}");
        match command {
            "backup.create" => {
                file = reply["result"]["file"].clone();
                home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
            }
            "backup.fetch" => data = reply["result"]["data"].clone(),
            "backup.send" => file = reply["result"]["file"].clone(),
            _ => {}
        }
    }
}

/// A command that has golden files is tried here.
#[test]
fn every_golden_request_is_tried() {
    let files = fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().file_name());
    let mut requests: Vec<String> = files
        .filter_map(|name| name.to_str()?.strip_suffix(".request.json").map(str::to_owned))
        .collect();
    requests.sort();
    let mut tried = [&COMMANDS[..], &SESSION_COMMANDS[..], &BACKUP_COMMANDS[..]].concat();
    tried.sort_unstable();
    assert_eq!(requests, tried);
}
