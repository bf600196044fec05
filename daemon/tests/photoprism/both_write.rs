//! PhotoPrism writes row by row while eight clients use every command: nobody loses an update, and
//! nobody sees an error.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{assert_sound, busy_elsewhere, fixture, number, photoprism, untouchable};

/// Clients of the daemon at once (the issue that asks for this).
const CLIENTS: usize = 8;

/// PhotoPrism has something else to do between two of its writes.
const PAUSE: Duration = Duration::from_millis(3);

/// Rounds of PhotoPrism's four writes: the least that a run has, however slow the disk is.
const WRITES: i64 = 6;

/// What a run came to.
#[derive(Debug, Default)]
struct Seen {
    /// Replies that a person would have seen as an error.
    errors: Vec<Value>,
    /// Rounds of all clients.
    rounds: u64,
    /// Writes of PhotoPrism.
    writes: i64,
}

#[test]
fn nobody_loses_an_update_and_nobody_sees_an_error() {
    let mut home = TestDaemon::new().with_database(fixture());
    let seen = run(&mut home, Duration::from_secs(6));
    assert_eq!(seen.errors, Vec::<Value>::new(), "{}", home.running().log());
    assert!(seen.rounds > 0 && seen.writes >= WRITES, "{seen:?}");
}

#[test]
#[ignore = "long: a minute"]
fn nobody_loses_an_update_within_a_minute() {
    let mut home = TestDaemon::new().with_database(fixture());
    let seen = run(&mut home, Duration::from_mins(1));
    assert_eq!(seen.errors, Vec::<Value>::new());
    assert!(seen.rounds > 50 && seen.writes > 100, "{seen:?}");
}

#[test]
fn without_a_lock_timeout_errors_are_seen() {
    let mut home = TestDaemon::new().with_database(fixture()).faulty("no-lock-timeout");
    let seen = run(&mut home, Duration::from_secs(6));
    assert!(seen.errors.iter().any(|error| error["code"] == "unavailable"), "{seen:?}");
}

fn run(home: &mut TestDaemon, time: Duration) -> Seen {
    let conn = home.open_database();
    conn.execute("INSERT INTO photos (id, photo_uid) VALUES (1, 'pqz1r5w1rstuvwxy')", []).unwrap();
    let before = untouchable(&conn);
    home.start();
    let stop = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicI64::new(0));
    let writing = writer(photoprism(home), (Arc::clone(&stop), Arc::clone(&written)));
    let errors = Arc::new(Mutex::new(Vec::new()));
    let until = Until { begun: Stopwatch::start(), time, written };
    let clients: Vec<JoinHandle<u64>> = (0..CLIENTS)
        .map(|number| {
            let client = TestClient::new(home.connect(), number, Arc::clone(&errors));
            let until = until.clone();
            std::thread::spawn(move || client.work(&until))
        })
        .collect();
    let rounds: Vec<u64> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    stop.store(true, Ordering::Relaxed);
    let writes = writing.join().unwrap();
    let errors = std::mem::take(&mut *errors.lock().unwrap());
    if errors.is_empty() {
        check(home, &before, (&rounds, writes));
    }
    Seen { errors, rounds: rounds.iter().sum(), writes }
}

/// When the clients of a run have done enough.
#[derive(Clone)]
struct Until {
    begun: Stopwatch,
    time: Duration,
    written: Arc<AtomicI64>,
}

impl Until {
    fn reached(&self) -> bool {
        self.begun.elapsed() >= self.time && self.written.load(Ordering::Relaxed) >= WRITES
    }
}

/// Counts up in an account, in a photo and in a session, a row at a time. Gives how far it came.
fn writer(conn: Database, (stop, written): (Arc<AtomicBool>, Arc<AtomicI64>)) -> JoinHandle<i64> {
    std::thread::spawn(move || {
        let mut count = 0_i64;
        while !stop.load(Ordering::Relaxed) {
            count += 1;
            for statement in [
                "UPDATE auth_users SET user_attr = CAST(?1 AS TEXT) WHERE user_name = 'erin'",
                "UPDATE photos SET photo_title = CAST(?1 AS TEXT) WHERE id = 1",
                "UPDATE auth_sessions SET last_active = ?1 WHERE ref_id = 'sess5l9c8mg0'",
                "INSERT INTO keywords (keyword) VALUES ('word' || ?1)",
            ] {
                conn.execute(statement, [count])
                    .unwrap_or_else(|error| panic!("{statement}: {error}"));
                busy_elsewhere(PAUSE);
            }
            written.store(count, Ordering::Relaxed);
        }
        count
    })
}

/// A client with an account of its own.
struct TestClient {
    client: Client,
    name: String,
    errors: Arc<Mutex<Vec<Value>>>,
}

impl TestClient {
    fn new(client: Client, number: usize, errors: Arc<Mutex<Vec<Value>>>) -> Self {
        Self { client, name: format!("guest-{number}"), errors }
    }

    /// Uses every command until the run is over, and at least once. Gives its rounds.
    fn work(mut self, until: &Until) -> u64 {
        let add = json!({"name": self.name, "role": "admin", "password": "longenough"});
        self.ask("users.add", add);
        let mut rounds = 0;
        while rounds == 0 || !until.reached() {
            rounds += 1;
            self.round(rounds);
        }
        rounds
    }

    fn round(&mut self, round: u64) {
        let user = self.name.clone();
        self.ask("users.mod", json!({"user": user, "attr": round.to_string()}));
        let app = self.ask("auth.add", json!({"name": "App", "scope": "webdav", "user": user}));
        let token = app["secret"].clone();
        let active = self.ask("auth.verify", json!({"token": token}));
        assert!(active.is_null() || active["active"] == true, "{active}");
        let removed = self.ask("auth.rm", json!({"session": token}));
        let active = self.ask("auth.verify", json!({"token": token}));
        let known = !removed.is_null() && !active.is_null();
        assert!(!known || active["active"] == false, "{active}");
        self.ask("users.rm", json!({"user": user}));
        self.ask("users.restore", json!({"user": user}));
        for (cmd, args) in [
            ("users.ls", json!({"search": user})),
            ("users.show", json!({"user": user})),
            ("users.why", json!({"user": user})),
            ("users.legacy", json!({})),
            ("users.2fa.enroll", json!({"user": user})),
            ("users.2fa.show", json!({"user": user})),
            ("users.2fa.disable", json!({"user": user})),
            ("auth.ls", json!({"search": user})),
            ("logins.record", json!({"name": user, "ok": true, "client_ip": "192.0.2.1"})),
            ("logins.ls", json!({"search": user})),
            ("audit.ls", json!({"limit": 5})),
            ("status", json!({})),
        ] {
            self.ask(cmd, args);
        }
        if round == 1 {
            self.ask("passwd.set", json!({"user": user, "password": "longer enough"}));
            let login =
                json!({"name": user, "password": "longer enough", "client_ip": "192.0.2.1"});
            self.ask("auth.login", login);
        }
    }

    /// The result; an error is noted.
    fn ask(&mut self, cmd: &str, args: Value) -> Value {
        if args.get("session") == Some(&Value::Null) || args.get("token") == Some(&Value::Null) {
            return Value::Null;
        }
        let reply = self.client.confirmed(cmd, args);
        if reply["ok"] != true {
            self.errors.lock().unwrap().push(reply["error"].clone());
        }
        reply["result"].clone()
    }
}

fn check(home: &mut TestDaemon, before: &[String], (rounds, writes): (&[u64], i64)) {
    for (number, rounds) in rounds.iter().enumerate() {
        let user =
            home.ok("users.show", json!({"user": format!("guest-{number}")}))["user"].clone();
        assert_eq!(user["attr"], rounds.to_string(), "an update of the daemon was lost");
    }
    let conn = photoprism(home);
    let written = [
        "SELECT CAST(user_attr AS INTEGER) FROM auth_users WHERE user_name = 'erin'",
        "SELECT CAST(photo_title AS INTEGER) FROM photos WHERE id = 1",
        "SELECT count(*) FROM keywords WHERE keyword GLOB 'word*'",
    ];
    for statement in written {
        assert_eq!(number(&conn, statement), writes, "{statement}");
    }
    assert_sound(&conn);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    let after = untouchable(&conn);
    let lost = before.iter().filter(|line| !after.contains(line)).count();
    assert!(lost <= 1, "{lost} rows changed in addition to the one that was written");
}
