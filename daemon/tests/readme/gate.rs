//! The page about `photoprism-gate`: what it tries, in front of a daemon with an auth socket.

use std::net::{Ipv4Addr, TcpListener};

use super::blocks::{Block, GATE_PAGE, blocks, section};
use super::needs::lacks;
use super::place::{Place, Terminal};

/// The port that the page shows; the test takes one that is free.
const PORT: &str = "8081";

/// A free port. Nothing else listens there until somebody is as unlucky as to get the same.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The daemon, the gate and the client of the page, in its three terminals.
#[test]
fn what_the_page_tries_comes_out() {
    let (place, port) = (Place::new(), free_port());
    let [daemon, gate, tries]: [Block; 3] =
        blocks(section(GATE_PAGE, "\n## Try it\n")).try_into().ok().expect("three blocks");
    if lacks(&place, &tries.script) {
        return;
    }
    let (_daemon, _) = Terminal::start(&place, &daemon.script, "ready: ");
    let elsewhere = format!("{} --listen 127.0.0.1:{port}", gate.script.trim_end());
    let (_gate, _) = Terminal::start(&place, &elsewhere, "ready: ");
    let script = tries.script.replace(PORT, &port.to_string());
    let output = place.bash(&format!("{{\n{script}\n}} 2>&1")).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success(), "{printed}");
    assert_eq!(place.settled(&printed), place.settled(tries.shown.as_ref().unwrap()), "{printed}");
}
