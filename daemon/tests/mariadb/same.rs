//! The same requests to a daemon on PhotoPrism's SQLite file and to one on its MariaDB get the same
//! answers: both fixtures have the same accounts.

use regex::Regex;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::refused;
use crate::server::shared;

/// Keys whose values are another thing in each database, or at each time.
const OTHERS: [&str; 10] = [
    "daemons",
    "engine",
    "hash",
    "host",
    "last_active",
    "next",
    "path",
    "pid",
    "server",
    "uptime_s",
];

/// Texts that are drawn by lot, or are times.
const DRAWN: &str = r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$|\bu[a-z0-9]{15}\b|\bsess[a-z0-9]{8}\b|\b[0-9a-f]{48,64}\b|\b\w{6}-\w{6}-\w{6}-\w{6}\b";

fn comparable(value: &mut Value, drawn: &Regex) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !OTHERS.contains(&key.as_str()));
            map.values_mut().for_each(|value| comparable(value, drawn));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| comparable(value, drawn)),
        Value::String(text) => *text = drawn.replace_all(text, "DRAWN").into_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Both daemons.
struct Both {
    homes: [TestDaemon; 2],
    drawn: Regex,
    asked: usize,
}

impl Both {
    /// Asks both the same, and compares the answers.
    fn ask(&mut self, cmd: &str, args: Value) -> [Value; 2] {
        self.ask_each(cmd, &[args.clone(), args])
    }

    /// The same with what each has of its own.
    fn ask_each(&mut self, cmd: &str, args: &[Value; 2]) -> [Value; 2] {
        let replies: Vec<Value> = self
            .homes
            .iter_mut()
            .zip(args)
            .map(|(home, args)| home.confirmed(cmd, args.clone()))
            .collect();
        let [mut sqlite, mut mariadb] = [replies[0].clone(), replies[1].clone()];
        comparable(&mut sqlite, &self.drawn);
        comparable(&mut mariadb, &self.drawn);
        assert_eq!(sqlite, mariadb, "{cmd} {}", args[0]);
        self.asked += 1;
        [replies[0].clone(), replies[1].clone()]
    }
}

fn searches(both: &mut Both) {
    for search in ["bob", "al", "a", "ERIN", "we irdname", "1", "-1", "@example.com", "B", "nobody"]
    {
        for command in ["users.ls", "users.legacy", "logins.ls", "users.export"] {
            both.ask(command, json!({"search": search}));
            both.ask(command, json!({"search": search, "limit": 1}));
        }
    }
    for user in
        ["bob", "gone", "dave", "nologin", "we irdname", "mixed.case", "nobody", "BOB", "böb"]
    {
        both.ask("users.show", json!({"user": user}));
        both.ask("users.why", json!({"user": user, "password": "mysecret"}));
    }
}

fn logins(both: &mut Both) {
    for (name, password) in [
        ("admin", "photoprism"),
        ("bob", "mysecret"),
        ("alice", "correct horse battery"),
        ("dave", "davessecret"),
        ("erin", "erin|secret|1"),
        ("nologin", "nologin123"),
        ("gone", "deleted123"),
        ("nobody", "whatever-it-is"),
    ] {
        let login =
            |password: &str, ip: &str| json!({"name": name, "password": password, "client_ip": ip});
        both.ask("auth.login", login(password, "192.0.2.9"));
        both.ask("auth.login", login("something else", "192.0.2.8"));
    }
    both.ask("logins.clear", json!({"client_ip": "192.0.2.8"}));
    both.ask("logins.ls", json!({"name": "bob"}));
}

fn changes(both: &mut Both) {
    let password = "first-password";
    for args in [
        json!({"name": "eve", "role": "guest", "password": password, "email": "eve@example.org"}),
        json!({"name": "eve", "role": "guest", "password": password}),
        json!({"name": "eve2", "role": "guest", "password": password, "email": "EVE@example.org"}),
        json!({"name": "gone", "role": "guest", "password": password}),
        json!({"name": "kim", "role": "admin", "super_admin": true, "password": password,
            "base_path": "kim", "upload_path": "kim/up", "attr": "x=1", "webdav": true,
            "expires_at": "2090-01-01T00:00:00Z"}),
    ] {
        both.ask("users.add", args);
    }
    for args in [
        json!({"user": "kim", "display_name": "Kimmy", "expires_at": "never"}),
        json!({"user": "kim", "display_name": "Kimmy"}),
        json!({"user": "kim", "role": "guest", "super_admin": false, "email": "kim@example.org"}),
        json!({"user": "kim", "email": "bob@example.com"}),
        json!({"user": "kim", "provider": "oidc", "auth_id": "a-subject"}),
        json!({"user": "eve", "provider": "oidc", "auth_id": "a-subject"}),
        json!({"user": "admin", "super_admin": false}),
        json!({"user": "gone", "restore": true}),
    ] {
        both.ask("users.mod", args);
    }
    for name in ["kimberly", "bob", "gone", "eve"] {
        both.ask("users.rename", json!({"user": "kim", "name": name}));
    }
    both.ask("users.rm", json!({"user": "erin"}));
    both.ask("users.rm", json!({"user": "kimberly"}));
    both.ask("users.rm", json!({"user": "kimberly"}));
    for password in ["second-password", "short", "second-password"] {
        both.ask("passwd.set", json!({"user": "eve", "password": password}));
    }
    for _ in 0..2 {
        both.ask("users.adopt", json!({"dry_run": true}));
    }
    both.ask("users.adopt", json!({}));
}

fn app_passwords(both: &mut Both) {
    let added = both.ask("auth.add", json!({"name": "Phone", "scope": "webdav", "user": "eve"}));
    let [secrets, ids] =
        [("/result/secret", "token"), ("/result/session/id", "session")].map(|(pointer, name)| {
            added.each_ref().map(|reply| json!({name: reply.pointer(pointer).unwrap()}))
        });
    both.ask_each("auth.verify", &secrets);
    both.ask_each("auth.show", &ids);
    both.ask("auth.ls", json!({"search": "eve"}));
    both.ask_each("auth.rm", &ids);
    both.ask_each("auth.rm", &ids);
    both.ask_each("auth.verify", &secrets);
    both.ask("auth.ls", json!({"search": "eve"}));
    both.ask("auth.add", json!({"name": "metrics", "scope": "metrics"}));
    both.ask("auth.add", json!({"name": "x", "scope": "*", "user": "nobody"}));
}

#[test]
fn both_engines_answer_the_same() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("same");
    // The one thing in which the accounts differ.
    schema.run("UPDATE auth_users SET auth_id = '8a2b4c6d-1111-2222' WHERE user_name = 'olga'");
    let index = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    let mut file = TestDaemon::new().with_database(index.as_ref());
    file.start();
    let mut both =
        Both { homes: [file, schema.started()], drawn: Regex::new(DRAWN).unwrap(), asked: 0 };
    searches(&mut both);
    logins(&mut both);
    changes(&mut both);
    app_passwords(&mut both);
    both.ask("users.ls", json!({"search": "all", "deleted": true}));
    both.ask("users.export", json!({}));
    both.ask("audit.ls", json!({"limit": 100}));
    both.ask("audit.verify", json!({}));
    assert!(both.asked > 150, "{}", both.asked);
}

/// A table that was made for Western Europe alone.
#[test]
fn what_the_character_set_cannot_hold_is_refused_at_its_argument() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("western");
    schema.run("ALTER TABLE auth_users CONVERT TO CHARACTER SET latin1");
    let mut home = schema.started();
    let password = "long-enough-1";
    home.ok("users.add", json!({"name": "böb2", "role": "user", "password": password}));
    for (command, args, field) in [
        ("users.add", json!({"name": "żółw", "role": "user", "password": password}), "name"),
        ("users.rename", json!({"user": "alice", "name": "żółw"}), "name"),
        ("users.mod", json!({"user": "alice", "display_name": "Żółw"}), "display_name"),
    ] {
        let error = refused(&mut home, command, args, "invalid_argument");
        assert_eq!(error["field"], field, "{error}");
        assert!(error["message"].as_str().unwrap().contains("utf8mb4"), "{error}");
    }
    refused(&mut home, "users.show", json!({"user": "żółw"}), "not_found");
    let login = json!({"name": "żółw", "password": password, "client_ip": "192.0.2.1"});
    refused(&mut home, "auth.login", login, "invalid_credentials");
    assert_eq!(home.ok("audit.ls", json!({}))["items"].as_array().unwrap().len(), 1);
}
