//! Every change of an account, and that nothing else changes.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::refused;
use crate::server::{Schema, shared};

/// Tables that a change of accounts may write.
const WRITTEN: [&str; 7] = [
    "auth_sessions",
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "passcodes",
    "passwords",
    "audit_logins",
];

fn others(schema: &Schema<'_>) -> Vec<(String, Option<u64>)> {
    let is_written = |name: &str| {
        let name = name.rsplit('.').next().unwrap();
        WRITTEN.contains(&name) || name.starts_with("admin_")
    };
    schema.checksums().into_iter().filter(|(name, _)| !is_written(name)).collect()
}

/// The columns of a row that are NULL, empty, zero or something else.
fn shape(schema: &Schema<'_>, table: &str, which: &str) -> Vec<(String, &'static str)> {
    let mut root = schema.server.root(Some(&schema.name));
    let statement = format!("SELECT * FROM {table} WHERE {which}");
    let row: mysql::Row = root.query_first(statement).unwrap().expect(which);
    let names: Vec<String> =
        row.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
    let shapes = row.unwrap().into_iter().map(|value| match value {
        mysql::Value::NULL => "null",
        mysql::Value::Bytes(bytes) if bytes.is_empty() => "empty",
        mysql::Value::Bytes(bytes) if bytes == b"0" => "zero",
        _ => "something",
    });
    names.into_iter().zip(shapes).collect()
}

#[test]
fn accounts_are_changed_and_nothing_else() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("changed");
    let before = others(&schema);
    let mut home = schema.started();
    let added = home.ok(
        "users.add",
        json!({"name": "eve", "role": "guest", "password": "first-password", "webdav": true,
            "display_name": "Eve", "email": "eve@example.com"}),
    );
    let uid = added["user"]["uid"].as_str().unwrap().to_owned();
    // As PhotoPrism's own row of a guest, column by column.
    for (table, eve, alice) in [
        ("auth_users", "user_name = 'eve'", "user_name = 'alice'"),
        ("passwords", &*format!("uid = '{uid}'"), "uid = 'utp8519upv32duu4'"),
        ("auth_users_details", &*format!("user_uid = '{uid}'"), "user_uid = 'utp8519upv32duu4'"),
        ("auth_users_settings", &*format!("user_uid = '{uid}'"), "user_uid = 'utp8519upv32duu4'"),
    ] {
        let (mut eve, alice) = (shape(&schema, table, eve), shape(&schema, table, alice));
        // She has not logged in yet.
        eve.iter_mut().filter(|(name, _)| name == "login_at").for_each(|it| it.1 = "something");
        assert_eq!(eve, alice, "{table}");
    }
    let login = json!({"name": "eve", "password": "first-password", "client_ip": "192.0.2.1"});
    let session = home.ok("auth.login", login.clone());
    let token = session["secret"].as_str().unwrap_or_default().to_owned();
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["username"], "eve", "{session}");
    home.ok("passwd.set", json!({"user": "eve", "password": "second-password"}));
    assert_eq!(home.ok("auth.verify", json!({"token": token}))["active"], false);
    refused(&mut home, "auth.login", login, "invalid_credentials");
    let app = home.ok("auth.add", json!({"user": "eve", "name": "Phone", "scope": "webdav"}));
    let secret = app["secret"].as_str().unwrap_or_default().to_owned();
    assert_eq!(home.ok("auth.verify", json!({"token": secret}))["client_name"], "Phone", "{app}");
    home.ok("users.mod", json!({"user": "eve", "display_name": "Evelyn", "role": "admin"}));
    home.ok("users.rename", json!({"user": "eve", "name": "evelyn"}));
    let shown = home.ok("users.show", json!({"user": "evelyn"}))["user"].clone();
    assert_eq!((&shown["display_name"], &shown["uid"]), (&json!("Evelyn"), &json!(uid)));
    home.ok("auth.rm", json!({"session": app["session"]["id"]}));
    home.ok("users.rm", json!({"user": "evelyn"}));
    refused(&mut home, "auth.verify", json!({}), "bad_request");
    home.ok("users.mod", json!({"user": "evelyn", "restore": true}));
    let logins = home.ok("logins.ls", json!({}))["items"].clone();
    assert_eq!(logins.as_array().unwrap().len(), 1, "{logins}");
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], Value::Null);
    home.restart();
    assert_eq!(home.ok("users.show", json!({"user": "evelyn"}))["user"]["uid"], json!(uid));
    home.stop();
    assert_eq!(others(&schema), before);
}

/// What the column's collation takes for one, PhotoPrism does too.
#[test]
fn a_name_that_the_collation_takes_for_another_is_taken() {
    let Some(server) = shared() else { return };
    let mut home = server.photoprism("taken").started();
    let password = "long-enough-1";
    for name in ["böb", "bób"] {
        let add = json!({"name": name, "role": "user", "password": password});
        let error = refused(&mut home, "users.add", add, "exists");
        assert!(error["message"].to_string().contains("bob"), "{error}");
        let rename = json!({"user": "alice", "name": name});
        assert_eq!(refused(&mut home, "users.rename", rename, "exists")["field"], "name");
    }
    let email = json!({"user": "alice", "email": "böb@example.com"});
    assert_eq!(refused(&mut home, "users.mod", email, "exists")["field"], "email");
    home.ok("users.add", json!({"name": "zoë", "role": "admin", "password": password}));
    let login = json!({"name": "zoe", "password": password, "client_ip": "192.0.2.1"});
    refused(&mut home, "auth.login", login, "invalid_credentials");
    home.ok("auth.login", json!({"name": "zoë", "password": password, "client_ip": "192.0.2.1"}));
}

#[test]
fn a_server_that_is_read_only_is_read() {
    let Some(server) = crate::server::Server::start() else { return };
    let schema = server.photoprism("readonly");
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    schema.run("SET GLOBAL read_only = 1");
    refused(&mut home, "users.mod", json!({"user": "bob", "display_name": "Two"}), "unavailable");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["display_name"], "One");
    schema.run("SET GLOBAL read_only = 0");
    home.ok("users.mod", json!({"user": "bob", "display_name": "Three"}));
}

/// The server picks the smaller of two transactions that wait for each other, which is the daemon's.
#[test]
fn a_group_that_the_server_undoes_runs_again() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("undone");
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let mut photoprism = server.root(Some("undone"));
    photoprism.query_drop("START TRANSACTION").unwrap();
    photoprism.query_drop("UPDATE auth_users SET user_attr = 'x'").unwrap();
    photoprism.query_drop("UPDATE auth_sessions SET user_agent = 'x'").unwrap();
    let mut client = home.connect();
    let write = std::thread::spawn(move || {
        client.call("users.mod", json!({"user": "bob", "display_name": "Two"}))
    });
    let mut watching = server.root(None);
    let waiting =
        "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
    // The server shows what it knew when it was asked last, unless that was 100 ms ago.
    let (_never, pause) = std::sync::mpsc::channel::<()>();
    while watching.query_first::<u32, _>(waiting).unwrap() == Some(0) {
        assert!(!write.is_finished(), "the rows that it changes are locked by nobody");
        let _ = pause.recv_timeout(std::time::Duration::from_millis(150));
    }
    photoprism.query_drop("UPDATE admin_meta SET value = 'x' WHERE `key` = 'writer'").unwrap();
    photoprism.query_drop("COMMIT").unwrap();
    let reply = write.join().unwrap();
    assert_eq!(reply["ok"], true, "{reply}");
    let bob = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
    assert_eq!((&bob["display_name"], &bob["attr"]), (&json!("Two"), &json!("x")));
    let count = "SELECT concat(variable_value) FROM information_schema.global_status
         WHERE variable_name = 'INNODB_DEADLOCKS'";
    let deadlocks: Option<String> = watching.query_first(count).unwrap();
    assert_ne!(deadlocks.as_deref(), Some("0"), "nobody was in the way");
}

/// Each waits for the server's answer: they are what a change costs over a network.
#[test]
fn a_change_asks_the_server_eight_times() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("asked");
    let mut root = server.root(None);
    root.query_drop("SET GLOBAL userstat = 1").unwrap();
    let mut home = schema.started();
    let mut asked = || {
        let count = "SELECT select_commands + update_commands + other_commands
             FROM information_schema.user_statistics WHERE user = 'asked'";
        root.query_first::<u64, _>(count).unwrap().unwrap_or(0)
    };
    let mut changes: Vec<u64> = Vec::new();
    for number in 0..21 {
        let before = asked();
        home.ok("users.mod", json!({"user": "bob", "display_name": format!("Bob {number}")}));
        changes.push(asked() - before);
    }
    changes.sort_unstable();
    // The daemon asks a few things by itself meanwhile.
    assert_eq!(changes[changes.len() / 2], 8, "{changes:?}");
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], json!(null));
}
