//! A COMMIT that never arrives, and one whose answer is lost on the way: the client is answered what
//! has happened.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mysql::prelude::Queryable;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::server::{PASSWORD, shared};

/// What becomes of the next COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Fate {
    /// It is answered.
    Passes,
    /// The connection is cut before it arrives.
    Cut,
    /// The connection is cut in the middle of it.
    Half,
    /// It arrives, and the connection is cut instead of the answer.
    Swallowed,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Passes, Self::Cut, Self::Half, Self::Swallowed];
}

/// Stands between the daemon and the server.
struct Proxy {
    socket: PathBuf,
    fate: Arc<AtomicUsize>,
    _directory: tempfile::TempDir,
}

impl Proxy {
    fn start(server: PathBuf) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("p.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let fate = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&fate);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&server).unwrap());
                let fate = Arc::clone(&shared);
                std::thread::spawn(move || pass(client, server, &fate));
            }
        });
        Self { socket, fate, _directory: directory }
    }

    fn next_commit(&self, fate: Fate) {
        self.fate.store(fate as usize, Ordering::SeqCst);
    }

    /// It cannot be found any more, until it comes back.
    fn hide(&self, hidden: bool) {
        let away = self.socket.with_extension("away");
        let (from, to) = if hidden { (&self.socket, &away) } else { (&away, &self.socket) };
        std::fs::rename(from, to).unwrap();
    }

    /// Whether it has met a COMMIT since.
    fn is_over(&self) -> bool {
        self.fate.load(Ordering::SeqCst) == Fate::Passes as usize
    }
}

/// Passes everything on, both ways, until a COMMIT is not to pass.
fn pass(mut client: UnixStream, mut server: UnixStream, fate: &AtomicUsize) {
    let (answers, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let swallows = Arc::new(AtomicBool::new(false));
    let swallow = Arc::clone(&swallows);
    std::thread::spawn(move || pass_answers(answers, to, &swallow));
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let packet = &bytes[..length];
        let is_commit = packet.len() == 11 && packet[4] == 3 && &packet[5..] == b"COMMIT";
        let met = if is_commit { fate.swap(0, Ordering::SeqCst) } else { 0 };
        match Fate::ALL[met] {
            Fate::Passes => {}
            Fate::Cut => break,
            Fate::Half => {
                server.write_all(&packet[..8]).unwrap();
                break;
            }
            Fate::Swallowed => swallows.store(true, Ordering::SeqCst),
        }
        if server.write_all(packet).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Write);
}

/// The answer that is swallowed has come: what it is about has happened.
fn pass_answers(mut server: UnixStream, mut client: UnixStream, swallows: &AtomicBool) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if swallows.load(Ordering::SeqCst) || client.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// Fates after which the answer was not what had happened.
fn wrong_answers(name: &str, faults: Option<&'static str>) -> Vec<Fate> {
    let Some(server) = shared() else { return Vec::new() };
    let schema = server.photoprism(name);
    let proxy = Proxy::start(server.socket());
    let url = format!("mysql://{name}@/{name}?socket={}", proxy.socket.display());
    let mut home =
        TestDaemon::new().with_server(&url).env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", PASSWORD);
    if let Some(faults) = faults {
        home = home.faulty(faults);
    }
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let mut root = server.root(Some(&schema.name));
    let mut wrong = Vec::new();
    for round in 0..5 {
        for fate in Fate::ALL {
            let name = format!("{fate:?}-{round}").to_lowercase();
            proxy.next_commit(fate);
            let add = json!({"name": name, "role": "user", "provider": "none"});
            let reply = home.call("users.add", add);
            assert!(proxy.is_over(), "{fate:?}: no COMMIT came");
            let rows = format!("SELECT count(*) FROM auth_users WHERE user_name = '{name}'");
            let found: Option<u8> = root.query_first(rows).unwrap();
            let arrived = matches!(fate, Fate::Passes | Fate::Swallowed);
            assert_eq!(found, Some(u8::from(arrived)), "{name}: the proxy does something else");
            let is_known = reply["ok"] == true || reply["error"]["code"] == "unavailable";
            assert!(is_known, "{reply}");
            if reply["ok"] != arrived {
                wrong.push(fate);
            }
            // The next one is as ever.
            home.ok("users.mod", json!({"user": "bob", "display_name": name}));
        }
    }
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], json!(null));
    wrong
}

#[test]
fn the_outcome_of_a_commit_without_an_answer_is_found_out() {
    assert_eq!(wrong_answers("commits", None), []);
}

#[test]
fn without_the_mark_or_without_asking_it_would_be_answered_wrongly() {
    for (name, faults) in [("unmarked", "no-mark"), ("unasked", "no-answer-is-no")] {
        let wrong = wrong_answers(name, Some(faults));
        assert!(shared().is_none() || wrong == [Fate::Swallowed; 5], "{faults}: {wrong:?}");
    }
}

/// The server took the COMMIT and is gone for longer than an answer may wait.
#[test]
fn what_nobody_can_know_yet_is_said_and_logged_later() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("unknown");
    let proxy = Proxy::start(server.socket());
    let url = format!("mysql://unknown@/unknown?socket={}", proxy.socket.display());
    let mut home =
        TestDaemon::new().with_server(&url).env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", PASSWORD);
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    proxy.next_commit(Fate::Swallowed);
    proxy.hide(true);
    let error = home.refused("users.mod", json!({"user": "bob", "display_name": "Two"}));
    assert_eq!(error["code"], "outcome_unknown", "{error}");
    proxy.hide(false);
    home.running().wait_for_log("the database exists now");
    home.ok("users.mod", json!({"user": "alice", "display_name": "One"}));
    home.running().wait_for_log("answered with outcome_unknown were made");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["display_name"], "Two");
    drop(schema);
}
