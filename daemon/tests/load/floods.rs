//! Another user who connects as fast as it can.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::common::json::Ask;
use crate::common::outside::as_user;
use crate::common::peer::open_to_all;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};
use crate::measure::{P99, alone, best_p99};

/// The socket to flood; without it `helper` does nothing.
const SOCKET: &str = "FLOOD_TEST_SOCKET";

const STRANGER: u32 = 54_001;

/// Requests of the honest client meanwhile.
const REQUESTS: usize = 500;

static OVER: AtomicBool = AtomicBool::new(false);

/// Connects until standard input ends, and holds each connection that is held.
#[test]
fn helper() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        OVER.store(true, Ordering::Relaxed);
    });
    let mut held = Vec::new();
    while !OVER.load(Ordering::Relaxed) {
        let Ok(stream) = UnixStream::connect(&socket) else { continue };
        if held.len() < 500 {
            held.push(stream);
        }
    }
}

fn flood(socket: &Path) -> Child {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", "floods::helper"]).env(SOCKET, socket);
    as_user(&mut command, STRANGER).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn is_served_during_a_flood(allow: &[&str], sign: &str) {
    if !is_root() {
        return skipped("needs root");
    }
    let _alone = alone();
    let mut home = TestDaemon::new().args(["--socket-group=54009"]);
    for entry in allow {
        home = home.args(["--allow", entry]);
    }
    home.start();
    open_to_all(&home.socket());
    let mut honest = home.connect();
    let mut flooding = flood(&home.socket());
    // The flood has begun.
    match sign {
        "forbidden" => drop(home.running().wait_for_log("a peer without rights was refused")),
        _ => while honest.ok("status", json!({}))["connections"]["open"] != 33 {},
    }
    let p99 = best_p99(&mut honest, r#"{"cmd":"users.ls"}"#, REQUESTS);
    for _ in 0..20 {
        assert_eq!(home.connect().ask(r#"{"cmd":"ping"}"#)["ok"], true, "a new connection");
    }
    drop(flooding.stdin.take());
    flooding.wait().unwrap();
    assert!(p99 < P99, "{p99:?}");
    home.stop();
}

#[test]
fn a_flood_of_somebody_with_rights_is_turned_away() {
    is_served_during_a_flood(&["read=uid:54001"], "busy");
}

#[test]
fn a_flood_of_somebody_without_rights_is_turned_away() {
    is_served_during_a_flood(&[], "forbidden");
}
