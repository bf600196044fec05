//! Settings from flag, environment and file, seen in what the daemon does.

use std::fs;

use serde_json::{Value, json};

use crate::common::json::{Ask, fault};
use crate::common::test_daemon::TestDaemon;

fn config(home: TestDaemon, text: &str) -> TestDaemon {
    let path = home.root().join("settings");
    fs::write(&path, text).unwrap();
    home.args(["--config", path.to_str().unwrap()])
}

/// The longest line that this daemon takes, asked by sending one.
fn takes_line_of(home: &mut TestDaemon, bytes: usize) -> bool {
    let start = r#"{"cmd":"ping"}"#;
    let line = format!("{start}{}", " ".repeat(bytes - start.len()));
    let reply = home.ask(&line);
    assert!(reply["ok"] == true || reply["error"]["code"] == "too_large", "{reply}");
    reply["ok"] == true
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = || config(TestDaemon::new(), "# comment\n\nPHOTOPRISM_ADMIN_MAX_LINE=1024\n");
    let mut home = file();
    home.start();
    assert!(takes_line_of(&mut home, 1024) && !takes_line_of(&mut home, 1025));
    let mut home = file().env("PHOTOPRISM_ADMIN_MAX_LINE", "1100");
    home.start();
    assert!(takes_line_of(&mut home, 1100) && !takes_line_of(&mut home, 1101));
    let mut home = file().env("PHOTOPRISM_ADMIN_MAX_LINE", "1100").args(["--max-line=1200"]);
    home.start();
    assert!(takes_line_of(&mut home, 1200) && !takes_line_of(&mut home, 1201));
}

#[test]
fn database_and_socket_are_taken_from_the_environment() {
    let home = TestDaemon::new();
    let (database, socket) = (home.data().join("other.db"), home.root().join("run/other.sock"));
    let mut command = crate::bare::photoprismd();
    command.env("PHOTOPRISM_ADMIN_DATABASE", &database).env("PHOTOPRISM_ADMIN_SOCKET", &socket);
    let running = crate::common::running::Running::start(command);
    assert!(database.exists() && socket.exists());
    running.stop();
}

fn add(home: &mut TestDaemon, password: &str) -> Value {
    home.confirmed("users.add", json!({"name": "bob", "role": "user", "password": password}))
}

#[test]
fn the_shortest_password_is_a_setting() {
    let mut home = TestDaemon::new().env("PHOTOPRISM_PASSWORD_LENGTH", "12");
    home.start();
    let error = add(&mut home, "elevenchars")["error"].clone();
    assert_eq!(fault(&error), ("invalid_argument".into(), "password".into()));
    assert_eq!(add(&mut home, "twelve-chars")["ok"], true);
}

fn hash_of(home: &mut TestDaemon) -> String {
    let args = json!({"user": "admin", "password": "correct horse battery", "show_hash": true});
    home.ok("passwd.set", args)["hash"].as_str().unwrap().to_owned()
}

#[test]
fn scheme_and_costs_of_hashes_are_settings() {
    let mut home = TestDaemon::started();
    assert!(hash_of(&mut home).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    let mut home = TestDaemon::new().args(["--argon2", "m=20480,t=3,p=2"]);
    home.start();
    assert!(hash_of(&mut home).starts_with("$argon2id$v=19$m=20480,t=3,p=2$"));
    let mut home = TestDaemon::new().env("PHOTOPRISM_PASSWORD_HASH", "bcrypt");
    home.start();
    assert!(hash_of(&mut home).starts_with("$2"));
    let args = json!({"user": "admin", "password": "x".repeat(73)});
    assert_eq!(home.fault("passwd.set", args).0, "invalid_argument");
}

#[test]
fn limits_of_connections_are_settings() {
    let home = TestDaemon::new().args(["--max-connections", "8", "--reserved-connections=1"]);
    let mut home = home.env("PHOTOPRISM_ADMIN_MAX_CONNECTIONS_PER_UID", "65536");
    home.start();
    let mut clients: Vec<_> = (0..9).map(|_| home.connect()).collect();
    assert!(clients.iter_mut().all(|client| client.ask(r#"{"cmd":"ping"}"#)["ok"] == true));
    let refused = home.connect().line().unwrap();
    assert!(refused.contains(r#""code":"busy""#), "{refused}");
    let status = clients[0].ask(r#"{"cmd":"status"}"#);
    assert_eq!(status["result"]["connections"], json!({"open": 9, "limit": 8}));
}

#[test]
fn an_idle_connection_is_closed_when_its_time_is_up() {
    let mut home = TestDaemon::new().args(["--idle-timeout", "1"]);
    home.start();
    home.connect().assert_closed();
    let mut home = TestDaemon::new().args(["--line-timeout", "1"]);
    home.start();
    let mut client = home.connect();
    client.send("{");
    client.assert_closed();
}

#[test]
fn the_log_is_text_or_json_of_the_level_that_was_set() {
    let mut home = TestDaemon::new().args(["--log-format", "json"]);
    home.start();
    let log = home.stop();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ready = records.iter().find(|record| record.get("socket").is_some()).unwrap();
    let (socket, database) = (home.socket(), home.database().to_owned());
    let (socket, database) = (socket.to_str().unwrap(), database.to_str().unwrap());
    assert_eq!(ready["socket"], socket);
    assert_eq!(ready["database"], database);
    assert_eq!((&ready["kind"], &ready["accounts"]), (&json!("own"), &json!(1)));
    let line = format!("ready: socket={socket} database={database} (own) accounts=1");
    assert_eq!(ready["message"], line);
    assert_eq!(ready.get("auth_socket"), None);
    let mut home = TestDaemon::new().env("PHOTOPRISM_LOG_LEVEL", "error");
    home.start();
    let log = home.stop();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("ready: socket="), "{log}");
}

#[test]
fn the_ready_line_names_the_auth_socket_where_there_is_one() {
    let mut home = TestDaemon::new().with_auth_socket().args(["--log-format", "json"]);
    home.start();
    let log = home.stop();
    let records = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ready = records.into_iter().find(|record| record.get("socket").is_some()).unwrap();
    let auth_socket = home.auth_socket();
    assert_eq!(ready["auth_socket"], auth_socket.to_str().unwrap());
    let (socket, database) = (home.socket(), home.database().display());
    let line = format!(
        "ready: socket={} database={database} (own) accounts=1 auth-socket={}",
        socket.display(),
        auth_socket.display()
    );
    assert_eq!(ready["message"], line);
}

/// Every line is an object with these keys, and none has one twice.
fn records(log: &str) -> Vec<Value> {
    let record = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for key in ["timestamp", "level", "message"] {
            let written = format!("\"{key}\":");
            assert_eq!(line.matches(&written).count(), 1, "{line}");
            assert!(record[key].is_string(), "{line}");
        }
        record
    };
    log.lines().map(record).collect()
}

#[test]
fn with_json_every_line_is_an_object_the_last_one_too() {
    let mut home = TestDaemon::new().args(["--log-format", "json", "--log-level", "trace"]);
    home.start();
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": "correct horse"}));
    let login = |password: &str| json!({"name": "b\u{1b}\nb", "password": password, "client_ip": "192.0.2.7"});
    home.refused("auth.login", login("wrong"));
    home.ok("users.export", json!({"secrets": true}));
    home.ask("no json");
    home.running().signal(nix::sys::signal::Signal::SIGUSR1);
    home.running().wait_for_log("uptime_s");
    home.running().signal(nix::sys::signal::Signal::SIGHUP);
    home.running().wait_for_log("settings read again");

    // One that cannot start says why as a record, with its exit code.
    let ends = crate::common::run_to_end(&mut home.command());
    let said = records(std::str::from_utf8(&ends.stderr).unwrap());
    let last = said.last().unwrap();
    assert_eq!((ends.status.code(), &last["exit_code"]), (Some(73), &json!(73)), "{last}");
    assert_eq!(last["level"], "ERROR");
    assert!(last["message"].as_str().unwrap().contains("admin.sock"), "{last}");

    let all = records(&home.stop());
    let refused = all.iter().find(|record| record["message"] == "login refused").unwrap();
    assert_eq!((&refused["ip"], &refused["user"]), (&json!("192.0.2.7"), &json!("b\u{1b}\nb")));
    for message in ["status", "settings read again", "stopping", "stopped"] {
        assert!(all.iter().any(|record| record["message"] == message), "{message}");
    }
}

#[test]
fn the_ready_line_counts_accounts() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "guest", "provider": "none"}));
    home.ok("users.add", json!({"name": "eve", "role": "guest", "provider": "none"}));
    home.ok("users.rm", json!({"user": "eve"}));
    home.restart();
    let ready = format!(
        "ready: socket={} database={} (own) accounts=2",
        home.socket().display(),
        home.database().display()
    );
    let log = home.running().log();
    assert_eq!(log.lines().filter(|line| *line == ready).count(), 1, "{log}");
}

#[test]
fn a_fault_of_a_file_is_reported_with_its_line() {
    for (text, words) in [
        (
            "PHOTOPRISM_ADMIN_MAX_LINE=1024\nPHOTOPRISM_NONSENSE=1\n",
            &["PHOTOPRISM_NONSENSE", "2"][..],
        ),
        ("no equals sign\n", &["1"]),
        ("PHOTOPRISM_ADMIN_MAX_LINE=many\n", &["max-line"]),
    ] {
        let home = config(TestDaemon::new(), text);
        crate::bare::End::from(home.ends()).assert(2, words);
    }
}
