//! How many connections there are for whom.

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

const PING: &str = r#"{"cmd":"ping"}"#;

const ONE: Who = Who { uid: 54_001, gid: 54_001, groups: &[] };
const TWO: Who = Who { uid: 54_002, gid: 54_002, groups: &[] };

fn served(home: &TestDaemon, count: usize) -> Vec<Client> {
    let connect = |_| {
        let mut client = home.connect();
        assert_eq!(client.ask(PING)["ok"], true);
        client
    };
    (0..count).map(connect).collect()
}

fn assert_busy(line: Option<String>) {
    let reply: serde_json::Value = serde_json::from_str(&line.expect("a refusal")).unwrap();
    assert_eq!((&reply["id"], &reply["ok"]), (&json!(null), &json!(false)));
    assert_eq!(reply["error"]["code"], "busy", "{reply}");
    assert!(reply["error"]["retry_after_s"].as_u64().unwrap() >= 1);
}

fn assert_turned_away(mut client: Client) {
    assert_busy(client.line());
    client.assert_closed();
}

/// A place that was given back is there again.
fn await_place(home: &TestDaemon) {
    loop {
        let mut client = home.connect();
        // Turned away, the client may find the daemon's end closed already.
        let _ = client.try_send(format!("{PING}\n"));
        if client.try_line().is_some_and(|line| line.contains("pong")) {
            return;
        }
    }
}

#[test]
fn one_uid_has_its_places_and_owners_the_reserved_ones() {
    let mut home =
        TestDaemon::new().args(["--max-connections-per-uid", "3", "--reserved-connections", "2"]);
    home.start();
    let mut clients = served(&home, 5);
    for _ in 0..3 {
        assert_turned_away(home.connect());
    }
    assert_eq!(clients[0].ok("status", json!({}))["connections"]["open"], 5);
    clients.pop();
    await_place(&home);
}

#[test]
fn both_sockets_share_the_places_of_all_and_the_auth_socket_has_no_reserved_ones() {
    let mut home = TestDaemon::new().with_auth_socket().args([
        "--max-connections",
        "8",
        "--reserved-connections",
        "1",
    ]);
    home.start();
    let mut clients = served(&home, 7);
    let mut of_auth = Client::connect(&home.auth_socket());
    assert_eq!(of_auth.ask(PING)["ok"], true);
    assert_turned_away(Client::connect(&home.auth_socket()));
    clients.extend(served(&home, 1));
    assert_turned_away(home.connect());
    drop(of_auth);
    await_place(&home);
}

#[test]
fn each_socket_counts_a_uid_by_itself() {
    let mut home = TestDaemon::new().with_auth_socket().args([
        "--max-connections-per-uid",
        "1",
        "--reserved-connections",
        "0",
    ]);
    home.start();
    let _of_admin = served(&home, 1);
    let mut of_auth = Client::connect(&home.auth_socket());
    assert_eq!(of_auth.ask(PING)["ok"], true);
    assert_turned_away(home.connect());
    assert_turned_away(Client::connect(&home.auth_socket()));
}

#[test]
fn strangers_cannot_take_what_is_reserved_or_belongs_to_each_other() {
    if !is_root() {
        return skipped("needs root");
    }
    let mut home = TestDaemon::new().args([
        "--socket-group=54009",
        "--allow=read=uid:54001",
        "--allow=read=uid:54002",
        "--max-connections=8",
        "--max-connections-per-uid=5",
        "--reserved-connections=1",
    ]);
    home.start();
    open_to_all(&home.socket());
    let connect = |who| {
        let mut peer = Peer::connect(&home.socket(), who);
        peer.ok("ping", json!({}));
        peer
    };
    let mut peers: Vec<Peer> = (0..5).map(|_| connect(ONE)).collect();
    assert_busy(Peer::connect(&home.socket(), ONE).line());
    peers.extend((0..3).map(|_| connect(TWO)));
    assert_busy(Peer::connect(&home.socket(), TWO).line());
    let _mine = served(&home, 1);
    assert_turned_away(home.connect());
}
