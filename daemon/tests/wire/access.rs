//! Who may run what, tried with real processes of other users.

use serde_json::{Value, json};

use crate::access_table::{AUTH_SOCKET, TABLE};
use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

fn tried(asked: &mut impl Ask, column: usize, who: &str) {
    let mut wrong = Vec::new();
    for (cmd, args, outcomes) in TABLE {
        let reply = asked.reply_to(&format!(r#"{{"cmd":"{cmd}","args":{args},"id":"{cmd}"}}"#));
        assert_eq!(reply["id"], cmd, "{who}: {reply}");
        let outcome = match reply["error"]["code"].as_str() {
            None => "ok",
            Some(code) => code,
        };
        if outcome != outcomes[column] {
            wrong.push(format!("{cmd}: {reply}, not {}", outcomes[column]));
        }
    }
    assert!(wrong.is_empty(), "{who}\n{}", wrong.join("\n"));
}

const fn who(uid: u32, groups: &'static [u32]) -> Who {
    Who { uid, gid: uid, groups }
}

fn shared() -> TestDaemon {
    let mut home = TestDaemon::new().with_auth_socket().args([
        "--socket-group",
        "54321",
        "--allow",
        "verify=uid:54001",
        "--allow",
        "read=uid:54002",
        "--allow",
        "write=uid:54003",
        "--allow",
        "admin=uid:54004",
        "--allow",
        "verify=gid:54101",
        "--allow",
        "read=gid:54102",
        "--allow",
        "write=gid:54103",
        "--allow",
        "admin=gid:54104",
        "--allow",
        "write=uid:54005",
        "--allow",
        "read=gid:54005",
    ]);
    home.start();
    open_to_all(&home.socket());
    open_to_all(&home.auth_socket());
    home
}

#[test]
fn every_level_runs_its_commands_and_no_others() {
    if !is_root() {
        return skipped("needs root");
    }
    let mut home = shared();
    let peers = [
        (who(54_001, &[]), 0),
        (who(54_002, &[]), 1),
        (who(54_003, &[]), 2),
        (who(54_004, &[]), 3),
        (who(54_200, &[54_101]), 0),
        (who(54_200, &[54_102]), 1),
        (who(54_200, &[7, 54_103, 8]), 2),
        (who(54_200, &[54_104]), 3),
        (who(54_102, &[]), 1),
        // Several entries: the highest counts, in whatever order they are given.
        (who(54_005, &[]), 2),
        (who(54_001, &[54_104]), 3),
        (who(54_002, &[54_101]), 1),
        // The socket's group.
        (who(54_200, &[54_321]), 3),
        (who(54_321, &[]), 3),
        (who(54_001, &[54_321]), 3),
        (who(0, &[]), 3),
    ];
    for (peer, column) in peers {
        tried(&mut Peer::connect(&home.socket(), peer), column, &format!("{peer:?}"));
    }
    tried(&mut home, 3, "root");
}

#[test]
fn the_auth_socket_gives_nobody_more_than_verify() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = shared();
    for peer in [who(0, &[]), who(54_004, &[54_321]), who(54_999, &[]), who(65_534, &[])] {
        tried(&mut Peer::connect(&home.auth_socket(), peer), AUTH_SOCKET, &format!("{peer:?}"));
    }
    tried(&mut Client::connect(&home.auth_socket()), AUTH_SOCKET, "root");
}

#[test]
fn a_group_of_the_socket_that_has_an_entry_has_no_more_than_that() {
    if !is_root() {
        return skipped("needs root");
    }
    let mut home = TestDaemon::new().args(["--socket-group", "54321", "--allow", "read=gid:54321"]);
    home.start();
    for peer in [who(54_200, &[54_321]), who(54_321, &[])] {
        tried(&mut Peer::connect(&home.socket(), peer), 1, &format!("{peer:?}"));
    }
}

#[test]
fn a_stranger_is_refused_before_anything_is_read() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = shared();
    for peer in [who(54_999, &[]), who(65_534, &[54_104]), who(54_200, &[7, 8, 9])] {
        let mut peer = Peer::connect(&home.socket(), peer);
        let line = peer.line().expect("one line");
        let reply: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&reply["id"], &reply["ok"]), (&Value::Null, &json!(false)), "{line}");
        assert_eq!(reply["error"]["code"], "forbidden");
        assert_eq!(peer.line(), None, "and the end");
    }
    assert_eq!(home.connect().ok("status", json!({}))["counts"]["users"], 1);
}
