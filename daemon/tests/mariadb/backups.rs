//! Backups, restores and resets, also between the engines.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::refused;
use crate::server::{Schema, Server, shared};
use crate::stalled_daemon::StalledDaemon;

const ACCOUNTS: [&str; 7] = [
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "passwords",
    "passcodes",
    "auth_sessions",
];

const LONG_ENOUGH: &str = "long-enough-1";

/// Every row of accounts; a time that never was is NULL in any form.
fn rows(schema: &Schema<'_>) -> Vec<Vec<mysql::Value>> {
    let mut root = schema.server.root(Some(&schema.name));
    let mut all = Vec::new();
    for table in ACCOUNTS {
        let found: Vec<mysql::Row> =
            root.exec(format!("SELECT * FROM {table} ORDER BY 1, 2"), ()).unwrap();
        all.extend(found.into_iter().map(|row| row.unwrap().into_iter().map(known).collect()));
    }
    all
}

fn known(value: mysql::Value) -> mysql::Value {
    match value {
        mysql::Value::Date(0 | 1, ..) => mysql::Value::NULL,
        other => other,
    }
}

/// A schema with a daemon whose backups are in a directory of their own.
struct Place<'a> {
    schema: Schema<'a>,
    home: TestDaemon,
    backups: TempDir,
}

impl<'a> Place<'a> {
    fn new(server: &'a Server, name: &str) -> Self {
        let (schema, backups) = (server.photoprism(name), tempfile::tempdir().unwrap());
        let mut home = schema.home().args(["--backups", backups.path().to_str().unwrap()]);
        home.start();
        Self { schema, home, backups }
    }

    fn files(&self) -> Vec<PathBuf> {
        let found = fs::read_dir(self.backups.path()).unwrap();
        found.map(|entry| entry.unwrap().path()).collect()
    }

    fn restore(&mut self, file: &Value) -> Value {
        self.home.ok("backup.restore", json!({"file": file, "with_sessions": true}))
    }
}

/// The name of a file in a path of a reply.
fn name_of(path: &Value) -> Value {
    json!(Path::new(path.as_str().unwrap()).file_name().unwrap().to_str().unwrap())
}

#[test]
fn a_backup_brings_every_row_back() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "backups");
    at.home.ok("auth.add", json!({"user": "bob", "name": "Phone", "scope": "webdav"}));
    let before = rows(&at.schema);
    let made = at.home.ok("backup.create", json!({}));
    assert!(Path::new(made["backup"].as_str().unwrap()).starts_with(at.backups.path()), "{made}");
    let file = made["file"].clone();
    let verified = at.home.ok("backup.verify", json!({"file": file}));
    assert_eq!(verified["backups"][0]["counts"], made["counts"], "{verified}");

    at.home.ok("users.rename", json!({"user": "bob", "name": "robert"}));
    at.home.ok("users.rm", json!({"user": "alice"}));
    at.home.ok("users.add", json!({"name": "eve", "role": "user", "password": LONG_ENOUGH}));
    at.home.ok("passwd.set", json!({"user": "dave", "password": LONG_ENOUGH}));
    let changed = rows(&at.schema);
    let dry = json!({"file": file, "with_sessions": true, "dry_run": true});
    let plan = at.home.ok("backup.restore", dry.clone());
    let what: Vec<(&str, &str)> = plan["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["change"].as_str().unwrap()))
        .collect();
    let expected =
        [("alice", "changed"), ("bob", "changed"), ("dave", "changed"), ("eve", "removed")];
    assert_eq!(what, expected, "{plan}");
    assert_eq!(rows(&at.schema), changed, "a dry run");
    assert_eq!(at.files().len(), 1, "its copy is gone");

    let done = at.restore(&file);
    assert_eq!(rows(&at.schema), before);
    for key in ["added", "changed", "removed", "unchanged", "accounts", "sessions_restored"] {
        assert_eq!(done[key], plan[key], "{key}");
    }
    let again = at.home.ok("backup.restore", dry);
    assert_eq!([&again["added"], &again["changed"], &again["removed"]], [0, 0, 0]);

    // The automatic backup has what was there before.
    at.restore(&name_of(&done["backup"]));
    assert_eq!(rows(&at.schema), changed);
    assert_eq!(at.home.ok("audit.verify", json!({}))["broken_at"], Value::Null);
}

#[test]
fn resets_can_be_taken_back() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "resets");
    let before = rows(&at.schema);
    for command in ["auth.reset", "users.reset"] {
        let done = at.home.ok(command, json!({}));
        let left = at.home.ok("users.ls", json!({}))["items"].as_array().unwrap().len();
        assert_eq!(left == 1, command == "users.reset", "{done}");
        assert_eq!(at.home.ok("auth.ls", json!({}))["items"], json!([]));
        at.restore(&name_of(&done["backup"]));
        assert_eq!(rows(&at.schema), before, "{command}");
    }
}

/// The accounts as commands show them; MariaDB keeps no fractions of a second.
fn shown(home: &mut TestDaemon) -> Vec<Value> {
    let mut items = home.ok("users.ls", json!({"deleted": true}))["items"].clone();
    for item in items.as_array_mut().unwrap() {
        for (_, value) in item.as_object_mut().unwrap() {
            if let Some(text) = value.as_str()
                && let Some((whole, fraction)) = text.split_once('.')
                && fraction.ends_with('Z')
            {
                *value = json!(format!("{whole}Z"));
            }
        }
    }
    items.as_array().unwrap().clone()
}

#[test]
fn accounts_move_from_sqlite_to_mariadb_and_back() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "moved");
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let mut sqlite = TestDaemon::new().with_database(&index);
    sqlite.start();
    sqlite.ok("passwd.set", json!({"user": "alice", "password": LONG_ENOUGH}));
    let phone = sqlite.ok("auth.add", json!({"user": "alice", "name": "Phone", "scope": "webdav"}));
    let made = sqlite.ok("backup.create", json!({}));
    let accounts = shown(&mut sqlite);
    let there = at.backups.path().join("moved.db");
    fs::copy(made["backup"].as_str().unwrap(), &there).unwrap();

    let done = at.restore(&json!("moved.db"));
    assert_eq!(shown(&mut at.home), accounts, "{done}");
    let login = json!({"name": "alice", "password": LONG_ENOUGH, "client_ip": "192.0.2.1"});
    at.home.ok("auth.login", login);
    let verify = json!({"token": phone["secret"]});
    assert_eq!(at.home.ok("auth.verify", verify.clone())["username"], "alice");
    let dry = json!({"file": "moved.db", "dry_run": true});
    let plan = at.home.ok("backup.restore", dry);
    // She has logged in.
    assert_eq!([&plan["added"], &plan["changed"], &plan["removed"]], [0, 1, 0], "{plan}");

    at.restore(&json!("moved.db"));
    at.home.ok("users.add", json!({"name": "eve", "role": "user", "password": LONG_ENOUGH}));
    let accounts = shown(&mut at.home);
    let back = at.home.ok("backup.create", json!({}));
    let directory = Path::new(made["backup"].as_str().unwrap()).parent().unwrap();
    fs::copy(back["backup"].as_str().unwrap(), directory.join("back.db")).unwrap();
    sqlite.ok("backup.restore", json!({"file": "back.db", "with_sessions": true}));
    assert_eq!(shown(&mut sqlite), accounts);
    assert_eq!(sqlite.ok("auth.verify", verify)["username"], "alice");
}

#[test]
fn names_that_the_collation_takes_for_one_are_refused_together() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "pairs");
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let mut sqlite = TestDaemon::new().with_database(&index);
    sqlite.start();
    for (name, email) in [("böb", "a@example.com"), ("alícé", "böb@example.com")] {
        let add = json!({"name": name, "role": "user", "password": LONG_ENOUGH, "email": email});
        sqlite.ok("users.add", add);
    }
    let made = sqlite.ok("backup.create", json!({}));
    fs::copy(made["backup"].as_str().unwrap(), at.backups.path().join("pairs.db")).unwrap();
    let before = rows(&at.schema);
    let error = refused(&mut at.home, "backup.restore", json!({"file": "pairs.db"}), "conflict");
    let message = error["message"].as_str().unwrap();
    for pair in ["bob and böb", "alice and alícé", "bob@example.com and böb@example.com"] {
        assert!(message.contains(pair), "{message}");
    }
    assert_eq!(rows(&at.schema), before);
    assert_eq!(at.files().len(), 1, "nothing was replaced, so no backup of it stays");
}

/// A cascade would remove rows that no backup holds.
#[test]
fn foreign_keys_remove_nothing() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "cascades");
    at.schema.run(
        "ALTER TABLE auth_users_settings ADD FOREIGN KEY (user_uid) REFERENCES auth_users (user_uid)
         ON DELETE CASCADE",
    );
    at.schema.run(
        "CREATE TABLE notes (user_uid VARBINARY(42), FOREIGN KEY (user_uid)
         REFERENCES auth_users (user_uid) ON DELETE CASCADE)",
    );
    at.schema.run("INSERT INTO notes SELECT user_uid FROM auth_users WHERE user_name = 'bob'");
    let before = rows(&at.schema);
    let file = at.home.ok("backup.create", json!({}))["file"].clone();
    at.restore(&file);
    assert_eq!(rows(&at.schema), before);
    let count = || {
        let mut root = at.schema.server.root(Some(&at.schema.name));
        root.query_first::<u64, _>("SELECT count(*) FROM notes").unwrap()
    };
    assert_eq!(count(), Some(1));
    let error = refused(&mut at.home, "users.reset", json!({}), "conflict");
    assert!(error["message"].as_str().unwrap().contains("notes"), "{error}");
    assert_eq!(rows(&at.schema), before);
    assert_eq!(count(), Some(1));
}

/// What was acknowledged before the restore is in the backup that it made of that.
#[test]
fn the_backup_before_a_restore_has_every_acknowledged_change() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "meanwhile");
    let file = at.home.ok("backup.create", json!({}))["file"].clone();
    for _ in 0..5 {
        let other = at.schema.started();
        let mut client = other.connect();
        let first = at.home.ok("audit.ls", json!({"limit": 1}))["items"][0]["number"].as_i64();
        let restored = std::thread::scope(|scope| {
            let (stop, stopped) = std::sync::mpsc::channel::<()>();
            let writes = scope.spawn(move || {
                let mut count = 0;
                while stopped.try_recv().is_err() {
                    count += 1;
                    client
                        .ok("users.mod", json!({"user": "bob", "display_name": count.to_string()}));
                }
            });
            let restored = at.restore(&file);
            stop.send(()).unwrap();
            writes.join().unwrap();
            restored
        });
        let records = at.home.ok("audit.ls", json!({"limit": 1000}))["items"].clone();
        let records = records.as_array().unwrap();
        let restore = records.iter().position(|one| one["command"] == "backup.restore").unwrap();
        let before = records[restore..]
            .iter()
            .filter(|one| one["command"] == "users.mod" && one["number"].as_i64() > first)
            .count();
        at.restore(&name_of(&restored["backup"]));
        let name = at.home.ok("users.show", json!({"user": "bob"}))["user"]["display_name"].clone();
        let expected = if before == 0 { "Bob".into() } else { before.to_string() };
        assert_eq!(name, expected);
    }
}

#[test]
fn an_import_that_prunes_can_be_taken_back() {
    let Some(server) = shared() else { return };
    let mut at = Place::new(server, "prunes");
    let before = rows(&at.schema);
    let text = "name,role,super_admin\nadmin,admin,true\nbob,admin,false\n";
    let begun = at.home.ok("users.import", json!({"text": text}));
    let run = json!({"import": begun["import"], "run": true, "prune": true});
    let done = at.home.ok("users.import", run);
    let left: Vec<Value> = at.home.ok("users.ls", json!({}))["items"].as_array().unwrap().clone();
    let names: Vec<&str> = left.iter().map(|one| one["name"].as_str().unwrap()).collect();
    // No text can have the name of the last one.
    assert_eq!(names, ["admin", "bob", "we irdname"], "{done}");
    at.restore(&name_of(&done["backup"]));
    assert_eq!(rows(&at.schema), before);
}

/// The server would end an ordinary transaction after 10 s.
#[test]
fn a_transaction_with_a_backup_in_it_may_take_long() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("takes_long");
    let mut held = StalledDaemon::start(schema.home().faulty("stall"));
    let mut reset = held.send(&json!({"cmd": "auth.reset", "confirm": true}).to_string());
    held.stalled(1);
    let (_never, pause) = channel::<()>();
    let _ = pause.recv_timeout(Duration::from_secs(12));
    held.let_go(1);
    let reply = reset.reply();
    assert_eq!(reply["ok"], true, "{reply}");
    held.running.stop();
}
