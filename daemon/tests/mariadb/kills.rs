//! The server is killed while eight clients write: nothing that was acknowledged is lost, nothing that
//! was refused was done, nothing is done twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use mysql::prelude::Queryable;
use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::TIMEOUT;
use crate::common::client::Client;
use crate::common::json::Ask;
use crate::server::Server;

const CLIENTS: usize = 8;

#[derive(Debug, Default)]
struct Written {
    done: Vec<String>,
    refused: Vec<String>,
    unknown: Vec<String>,
}

/// Adds accounts until the end, each once.
fn write(mut client: Client, number: usize, stop: &AtomicBool) -> Written {
    let mut written = Written::default();
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("w{number}-{count}");
        let reply =
            client.call("users.add", json!({"name": name, "role": "user", "provider": "none"}));
        let list = match (reply["ok"].as_bool(), reply["error"]["code"].as_str()) {
            (Some(true), _) => &mut written.done,
            (_, Some("unavailable" | "busy")) => &mut written.refused,
            (_, Some("outcome_unknown")) => &mut written.unknown,
            _ => panic!("{reply}"),
        };
        list.push(name);
    }
    written
}

/// Lets the clients end.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn rounds(rounds: usize) {
    let Some(server) = Server::start() else { return };
    let schema = server.photoprism("kills");
    let mut home = schema.started();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let stop = AtomicBool::new(false);
    let written: Vec<Written> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (client, stop) = (home.connect(), &stop);
                scope.spawn(move || write(client, number, stop))
            })
            .collect();
        // A client must not go on for ever where this thread fails.
        let end = End(&stop);
        let (_never, pause) = channel::<()>();
        let mut looks = home.connect();
        for round in 1..=rounds {
            // Somewhere in the middle of a transaction.
            let _ = pause.recv_timeout(Duration::from_millis(150 + (round as u64 * 37) % 100));
            server.kill();
            server.restart();
            let watch = Stopwatch::start();
            while looks.call("users.show", json!({"user": "bob"}))["ok"] != true {
                assert!(watch.elapsed() < TIMEOUT);
            }
        }
        let _ = pause.recv_timeout(Duration::from_millis(300));
        drop(end);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], json!(null));
    let mut root = server.root(Some("kills"));
    let names: Vec<String> = root.query("SELECT user_name FROM auth_users").unwrap();
    let mut counts = HashMap::new();
    for name in &names {
        *counts.entry(name).or_insert(0) += 1;
    }
    let count = |name: &String| counts.get(name).copied().unwrap_or(0);
    let records: Vec<String> =
        root.query("SELECT target FROM admin_audit WHERE command = 'users.add'").unwrap();
    let mut unknown = 0;
    for Written { done, refused, unknown: maybe } in &written {
        assert!(!done.is_empty(), "a client never got through");
        assert!(done.iter().all(|name| count(name) == 1), "lost, or done twice");
        assert!(refused.iter().all(|name| count(name) == 0), "refused, and done all the same");
        assert!(maybe.iter().all(|name| count(name) <= 1), "done twice");
        unknown += maybe.len();
    }
    let added = names.iter().filter(|name| name.contains('-')).count();
    assert_eq!(added, records.len(), "each account has its record, and each record its account");
    let refused: usize = written.iter().map(|written| written.refused.len()).sum();
    assert!(added > rounds, "{added} added, {refused} refused, {unknown} unknown");
}

/// Adds accounts as long as the daemon lives, and says which were acknowledged.
fn add(mut client: Client, names: &str, done: &Sender<String>) {
    for count in 0.. {
        let name = format!("{names}-{count}");
        let add = json!({"name": name, "role": "user", "provider": "none"});
        let line = json!({"cmd": "users.add", "args": add}).to_string();
        let sent = client.try_send(line + "\n");
        let Some(reply) = sent.ok().and_then(|()| client.try_line()) else { return };
        assert!(reply.contains(r#""ok":true"#), "{reply}");
        if done.send(name).is_err() {
            return;
        }
    }
}

#[test]
fn a_daemon_that_is_killed_loses_nothing_that_it_acknowledged() {
    let Some(server) = Server::start() else { return };
    let schema = server.photoprism("killed");
    let mut home = schema.started();
    let mut done = Vec::new();
    for round in 0..4 {
        let (acknowledged, answers) = channel();
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (client, done) = (home.connect(), acknowledged.clone());
                std::thread::spawn(move || add(client, &format!("r{round}-{number}"), &done))
            })
            .collect();
        drop(acknowledged);
        done.extend(answers.iter().take(40 + 7 * round));
        home.kill();
        for client in clients {
            client.join().unwrap();
        }
        done.extend(answers.iter());
        home.start();
    }
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], json!(null));
    let mut root = server.root(Some("killed"));
    let names: Vec<String> = root.query("SELECT user_name FROM auth_users").unwrap();
    let records: Option<usize> =
        root.query_first("SELECT count(*) FROM admin_audit WHERE command = 'users.add'").unwrap();
    for name in &done {
        assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name}");
    }
    let added = names.iter().filter(|name| name.contains('-')).count();
    assert!(added >= done.len() && done.len() > 160, "{added} {}", done.len());
    assert_eq!(records, Some(added));
}

#[test]
fn a_server_that_is_killed_loses_nothing_that_was_acknowledged() {
    rounds(5);
}

#[test]
#[ignore = "takes minutes: 50 rounds, or as many as PHOTOPRISM_ADMIN_TEST_ROUNDS says"]
fn a_server_that_is_killed_again_and_again_loses_nothing() {
    let said = std::env::var("PHOTOPRISM_ADMIN_TEST_ROUNDS");
    rounds(said.map_or(50, |said| said.parse().unwrap()));
}
