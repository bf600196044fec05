//! Others lock tables, change them and restore them while the daemon works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use mysql::prelude::Queryable;
use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::server::{Schema, shared};

/// A lock is waited for during 5 s; the last answer may be later on a busy machine, but not twice as
/// late.
const EARLIEST: Duration = Duration::from_millis(4500);
const LATEST: Duration = Duration::from_secs(8);

/// Three times what a reader may wait on a quiet machine.
const READ: Duration = Duration::from_millis(150);

/// Each on a connection of its own, at the same time: the replies and how long each took.
fn writes_at_once(home: &TestDaemon, count: usize) -> Vec<(Value, Duration)> {
    thread::scope(|scope| {
        let writers: Vec<ScopedJoinHandle<'_, _>> = (0..count)
            .map(|number| {
                let mut client = home.connect();
                let args = json!({"user": "bob", "display_name": format!("Bob {number}")});
                scope.spawn(move || {
                    let watch = Stopwatch::start();
                    (client.call("users.mod", args), watch.elapsed())
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

/// Reads until the end: how long each took, the longest last.
fn read_until(home: &TestDaemon, stop: &AtomicBool) -> Vec<Duration> {
    let mut client = home.connect();
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let watch = Stopwatch::start();
        client.ok("users.show", json!({"user": "alice"}));
        times.push(watch.elapsed());
    }
    times.sort_unstable();
    times
}

/// While somebody has that lock, all who write are answered once, and reads go on.
fn is_waited_for_once(schema: &Schema<'_>, lock: &str) {
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let mut other = schema.server.root(Some(&schema.name));
    other.query_drop(lock).unwrap();
    let stop = AtomicBool::new(false);
    let times = thread::scope(|scope| {
        let reader = scope.spawn(|| read_until(&home, &stop));
        let replies = writes_at_once(&home, 20);
        stop.store(true, Ordering::Relaxed);
        for (reply, took) in replies {
            assert_eq!(reply["error"]["code"], "unavailable", "{lock}: {reply}");
            assert!((EARLIEST..LATEST).contains(&took), "{lock}: answered after {took:?}");
        }
        reader.join().unwrap()
    });
    let p99 = times[times.len() * 99 / 100];
    assert!(p99 < READ && times.len() > 100, "{lock}: {} reads, p99 {p99:?}", times.len());
    other.query_drop("UNLOCK TABLES").unwrap();
    for (reply, _) in writes_at_once(&home, 20) {
        assert_eq!(reply["ok"], true, "{lock}: {reply}");
    }
}

#[test]
fn a_dump_that_locks_every_table_is_waited_for_once() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("dumped");
    // The daemon's own tables are dumped as well.
    schema.started().ok("users.mod", json!({"user": "bob", "display_name": "Two"}));
    let tables: Vec<String> = server.root(Some("dumped")).query("SHOW TABLES").unwrap();
    is_waited_for_once(&schema, &format!("LOCK TABLES {} READ", tables.join(" READ, ")));
}

#[test]
fn a_lock_of_one_table_is_waited_for_once() {
    let Some(server) = shared() else { return };
    is_waited_for_once(&server.photoprism("locked"), "LOCK TABLES auth_users READ");
}

/// It stops the writes of the whole server, which nobody else may use meanwhile.
#[test]
#[ignore = "like the two others, with a server of its own"]
fn a_lock_of_the_whole_server_is_waited_for_once() {
    let Some(server) = crate::server::Server::start() else { return };
    is_waited_for_once(&server.photoprism("flushed"), "FLUSH TABLES WITH READ LOCK");
}

/// Writes until the end: the last name that was acknowledged.
fn write_until(home: &TestDaemon, user: &str, stop: &AtomicBool) -> String {
    let mut client = home.connect();
    let mut last = String::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("Number {number}");
        let reply = client.call("users.mod", json!({"user": user, "display_name": name}));
        let code = &reply["error"]["code"];
        let is_right = reply["ok"] == true || code == "unavailable";
        assert!(is_right, "{reply}\n{}", home.running().log());
        if reply["ok"] == true {
            last = name;
        }
    }
    last
}

#[test]
fn tables_are_altered_while_the_daemon_writes() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("altered");
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let stop = AtomicBool::new(false);
    let lasts = thread::scope(|scope| {
        let users = ["bob", "alice", "erin", "dave"];
        let writers = users.map(|user| {
            let (home, stop) = (&home, &stop);
            (user, scope.spawn(move || write_until(home, user, stop)))
        });
        let mut other = server.root(Some("altered"));
        other.query_drop("SET lock_wait_timeout = 5").unwrap();
        for number in 0..5 {
            let table = ["auth_users", "auth_sessions", "passwords"][number % 3];
            for change in ["ADD COLUMN", "DROP COLUMN"] {
                let kind = if change.starts_with("ADD") { " INT, ALGORITHM=COPY" } else { "" };
                let name = format!("extra_{number}");
                other.query_drop(format!("ALTER TABLE {table} {change} {name}{kind}")).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        writers.map(|(user, writer)| (user, writer.join().unwrap()))
    });
    for (user, last) in lasts {
        let found = home.ok("users.show", json!({"user": user}));
        assert_eq!(found["user"]["display_name"], json!(last), "{user}");
    }
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

/// What a dump does, with the daemon's tables in it: each is dropped and made again.
#[test]
fn a_dump_is_restored_while_the_daemon_works() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("again");
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "Of the dump"}));
    let mut other = server.root(Some("again"));
    let tables: Vec<String> = other.query("SHOW TABLES").unwrap();
    for table in &tables {
        other.query_drop(format!("CREATE TABLE dump_{table} LIKE {table}")).unwrap();
        other.query_drop("SET sql_mode = ''").unwrap();
        other.query_drop(format!("INSERT INTO dump_{table} SELECT * FROM {table}")).unwrap();
    }
    for number in 0..20 {
        home.ok("users.mod", json!({"user": "bob", "display_name": format!("Later {number}")}));
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&home, "alice", &stop));
        for table in &tables {
            other.query_drop(format!("DROP TABLE {table}")).unwrap();
            other.query_drop(format!("RENAME TABLE dump_{table} TO {table}")).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    let show = json!({"user": "bob"});
    assert_eq!(home.ok("users.show", show)["user"]["display_name"], "Of the dump");
    home.ok("users.mod", json!({"user": "alice", "display_name": "After it"}));
    let found = home.ok("audit.verify", json!({}));
    assert_eq!(found["ok"], true, "{found}");
}

/// What PhotoPrism's next version may do while both run: the next request is answered.
#[test]
fn a_column_that_goes_costs_nobody_an_answer() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("dropped");
    let mut home = schema.started();
    let write = json!({"user": "bob", "display_name": "One"});
    for (column, command, args) in [
        ("webdav", "users.ls", json!({})),
        ("upload_path", "users.show", json!({"user": "bob"})),
        ("base_path", "users.export", json!({})),
        ("auth_id", "users.mod", write),
    ] {
        home.ok(command, args.clone());
        schema.run(&format!("ALTER TABLE auth_users DROP COLUMN {column}"));
        home.ok(command, args);
    }
}

/// A table that is not there for a moment is not taken for one that PhotoPrism does not have: whose
/// second factor is in it would get in without.
#[test]
fn a_table_that_was_gone_for_a_moment_is_found_again() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("moment");
    let mut home = schema.started();
    let show = json!({"user": "dave"});
    assert_eq!(home.ok("users.show", show.clone())["user"]["two_factor"], true);
    schema.run("RENAME TABLE passcodes TO away");
    assert_eq!(home.ok("users.show", show.clone())["user"]["two_factor"], false);
    schema.run("RENAME TABLE away TO passcodes");
    let watch = Stopwatch::start();
    while home.ok("users.show", show.clone())["user"]["two_factor"] != true {
        assert!(watch.elapsed() < Duration::from_secs(20));
    }
}

#[test]
#[ignore = "waits 10 s for a dump that does not come"]
fn tables_that_nobody_restores_are_made_anew() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("made_anew");
    let mut home = schema.started();
    let write = json!({"user": "bob", "display_name": "One"});
    home.ok("users.mod", write.clone());
    schema.run("DROP TABLE admin_meta, admin_audit");
    let watch = Stopwatch::start();
    while home.call("users.mod", write.clone())["ok"] != true {
        assert!(watch.elapsed() < Duration::from_secs(30));
    }
    assert!(watch.elapsed() > Duration::from_secs(9), "{:?}", watch.elapsed());
    assert_eq!(home.ok("audit.verify", json!({}))["records"], 1);
}
