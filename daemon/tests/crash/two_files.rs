//! kill -9 within commits that change PhotoPrism's `index.db` and the daemon's own tables next to
//! it. A reader of PhotoPrism's kind opens `index.db` first, half of the time after the directory
//! was moved.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::killer::Killer;
use crate::writers::request;

/// Rounds in the suite, and in the long run.
const ROUNDS: usize = 40;
const LONG_ROUNDS: usize = 400;

/// Steps within which the process dies, writes counted and not: some commits have so many.
const STEPS: usize = 149;
const SYNCS: usize = 29;

fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"))
}

/// What a run came to.
#[derive(Debug, Default)]
struct Seen {
    faults: Vec<String>,
    /// Rounds in which the change was cut off and undone.
    undone: usize,
    /// Rounds in which the change was committed and not acknowledged.
    committed: usize,
}

struct Harness {
    home: TestDaemon,
    killer: Killer,
    seen: Seen,
}

impl Harness {
    fn new(faults: Option<&'static str>) -> Self {
        let mut home = TestDaemon::new().with_database(fixture());
        if let Some(faults) = faults {
            home = home.faulty(faults);
        }
        let killer = Killer::between(&mut home);
        home.start();
        home.ok("users.mod", json!({"user": "bob", "attr": "first"}));
        Self { home, killer, seen: Seen::default() }
    }

    /// Adds accounts and changes one until the process is gone. Gives the request without an answer,
    /// and those that were acknowledged.
    fn until_it_dies(&self, round: usize) -> (Value, Vec<Value>) {
        if round % 4 == 3 {
            self.killer.order(round * 7 % STEPS);
        } else {
            self.killer.order_sync(round * 5 % SYNCS);
        }
        let mut client = self.home.connect();
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let line = match number % 3 {
                0 => request(&format!("round{round}-{number}")),
                1 => json!({"cmd": "users.mod", "key": format!("key-of-mod{round}-{number}"),
                    "args": {"user": "bob", "attr": format!("{round}-{number}")}}),
                _ => json!({"cmd": "auth.add", "key": format!("key-of-app{round}-{number}"),
                    "args": {"user": "bob", "scope": "webdav",
                        "name": format!("app{round}-{number}")}}),
            };
            match answer(&mut client, &line) {
                Some(reply) => {
                    assert_eq!(reply["ok"], true, "{reply}");
                    acknowledged.push(line);
                }
                None => return (line, acknowledged),
            }
        }
        unreachable!("it dies")
    }

    fn round(&mut self, round: usize) {
        let (unanswered, acknowledged) = self.until_it_dies(round);
        self.home.kill();
        self.killer.spare();
        if round % 2 == 1 {
            self.home.move_data(&format!("data-{round}"));
        }
        let conn = Connection::open(self.home.database()).unwrap();
        let verdict: String =
            conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        if verdict != "ok" {
            self.fault(round, &format!("index.db is torn: {verdict}"));
        }
        let was_applied = is_made(&conn, &unanswered);
        for line in acknowledged.iter().filter(|line| is_last(line, &acknowledged)) {
            let overwritten = was_applied && same_kind(line, &unanswered);
            if !overwritten && !is_made(&conn, line) {
                self.fault(round, &format!("{line} was acknowledged and is lost"));
            }
        }
        self.home.start();
        self.check(round, (&unanswered, was_applied), &conn);
    }

    fn check(&mut self, round: usize, (line, was_applied): (&Value, bool), conn: &Connection) {
        let verdict = self.home.ok("audit.verify", json!({}));
        if verdict["ok"] != true {
            self.fault(round, &format!("the trail is broken: {verdict}"));
        }
        let newest = self.home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
        let undone = newest["command"] == "daemon.undone";
        if was_applied && newest["command"] != line["cmd"] {
            self.fault(
                round,
                &format!("{line} was carried out, and the newest record is {newest}"),
            );
        }
        if undone && newest["socket"] != Value::Null {
            self.fault(round, &format!("{newest}"));
        }
        self.seen.undone += usize::from(undone);
        self.seen.committed += usize::from(was_applied);
        // The retry does the work exactly where it was not done.
        let reply = self.home.ask(&line.to_string());
        let replayed = reply["result"]["replayed"] == true;
        if reply["ok"] != true || replayed != was_applied || !is_made(conn, line) {
            self.fault(
                round,
                &format!("applied: {was_applied}, and the retry of {line} gave {reply}"),
            );
        }
    }

    fn fault(&mut self, round: usize, what: &str) {
        self.seen.faults.push(format!("round {round}: {what}"));
    }
}

/// The reply; `None` where the daemon is gone.
fn answer(client: &mut Client, line: &Value) -> Option<Value> {
    client.try_send(format!("{line}\n")).ok()?;
    let reply = client.try_line().filter(|reply| reply.ends_with('\n'))?;
    Some(serde_json::from_str(&reply).unwrap())
}

/// Whether `index.db` has what a request asks for.
fn is_made(conn: &Connection, line: &Value) -> bool {
    let (statement, text) = match line["cmd"].as_str().unwrap() {
        "users.add" => {
            ("SELECT count(*) FROM auth_users WHERE user_name = ?1", &line["args"]["name"])
        }
        "users.mod" => {
            ("SELECT count(*) FROM auth_users WHERE user_attr = ?1", &line["args"]["attr"])
        }
        _ => ("SELECT count(*) FROM auth_sessions WHERE client_name = ?1", &line["args"]["name"]),
    };
    let created: i64 =
        conn.query_row(statement, [text.as_str().unwrap()], |row| row.get(0)).unwrap();
    assert!(created < 2, "{line} is there twice");
    created == 1
}

fn same_kind(one: &Value, other: &Value) -> bool {
    one["cmd"] == "users.mod" && other["cmd"] == "users.mod"
}

/// Of the changes of one account the last is there.
fn is_last(line: &Value, all: &[Value]) -> bool {
    let last = all.iter().rfind(|other| same_kind(line, other));
    line["cmd"] != "users.mod" || last == Some(line)
}

fn run(rounds: usize, faults: Option<&'static str>) -> Seen {
    let mut harness = Harness::new(faults);
    for round in 0..rounds {
        harness.round(round);
    }
    harness.seen
}

#[test]
fn nothing_is_torn_and_no_key_answers_for_what_was_undone() {
    let seen = run(ROUNDS, None);
    assert_eq!(seen.faults, [""; 0]);
    assert!(seen.undone > 3 && seen.committed > 3, "{seen:?}");
}

#[test]
#[ignore = "long: 400 rounds"]
fn nothing_is_torn_in_the_long_run() {
    let seen = run(LONG_ROUNDS, None);
    assert_eq!(seen.faults, [""; 0]);
    assert!(seen.undone > 30 && seen.committed > 30, "{seen:?}");
}

#[test]
fn without_the_comparison_a_key_answers_for_what_was_undone() {
    let seen = run(ROUNDS / 2, Some("trust-last-group"));
    assert!(seen.faults.iter().any(|fault| fault.contains("applied: false")), "{seen:?}");
}

#[test]
fn the_daemon_s_file_is_synced_first_and_photoprism_s_journal_goes_last() {
    let harness = Harness::new(None);
    harness.killer.steps();
    harness.home.connect().ok("users.mod", json!({"user": "bob", "attr": "second"}));
    let steps = harness.killer.steps();
    let syncs: Vec<&str> =
        steps.iter().map(String::as_str).filter(|step| !step.starts_with("write")).collect();
    let end = ["sync index", "sync wal", "unlink journal", "sync directory"];
    assert_eq!(syncs[syncs.len() - end.len()..], end, "{syncs:?}");
    assert!(syncs.contains(&"sync journal"), "{syncs:?}");
}

/// A copy of the fixture with the tables of an earlier version in it.
fn with_earlier_tables(home: &TestDaemon) {
    let conn = Connection::open(home.database()).unwrap();
    for statements in [
        include_str!("../../src/store/migrations/0001/logins.sql"),
        include_str!("../../src/store/migrations/0001/admin.sql"),
    ] {
        conn.execute_batch(statements).unwrap();
    }
    let mut own = TestDaemon::started();
    for attr in ["one", "two", "three"] {
        own.ok("users.mod", json!({"user": "admin", "attr": attr}));
    }
    own.stop();
    conn.execute("ATTACH ?1 AS own", [own.database().to_str().unwrap()]).unwrap();
    conn.execute_batch(
        "INSERT INTO admin_audit SELECT * FROM own.admin_audit;
         INSERT INTO admin_meta VALUES ('schema_version', 1);
         INSERT INTO admin_passcode_steps VALUES ('u1', 5); DETACH own",
    )
    .unwrap();
}

/// Starts the daemon; whether it lived to be ready. It is killed in the end.
fn lives(home: &TestDaemon) -> bool {
    let mut child = home.command().stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line.contains("ready: socket="));
    child.kill().unwrap();
    child.wait().unwrap();
    ready
}

fn tables(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let statement = "SELECT name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*' ORDER BY name";
    let mut statement = conn.prepare(statement).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_move_that_is_killed_at_any_step_happens_once() {
    let mut home = TestDaemon::new().with_database(fixture());
    let killer = Killer::between(&mut home);
    with_earlier_tables(&home);
    let before: PathBuf = home.root().join("before.db");
    fs::copy(home.database(), &before).unwrap();
    for step in 0.. {
        for file in
            ["index.db", "index.db-journal", "photoprism-admin.db", "photoprism-admin.db-wal"]
        {
            let _ = fs::remove_file(home.data().join(file));
        }
        fs::copy(&before, home.database()).unwrap();
        killer.order(step);
        let lived = lives(&home);
        killer.spare();
        home.start();
        assert_eq!(tables(home.database()), tables(fixture()), "{step}");
        let verdict = home.ok("audit.verify", json!({}));
        assert_eq!((&verdict["ok"], &verdict["records"]), (&json!(true), &json!(3)), "{step}");
        home.ok("users.mod", json!({"user": "bob", "attr": "after"}));
        home.kill();
        if lived {
            assert!(step > 20, "{step} steps are too few to be true");
            return;
        }
    }
}
