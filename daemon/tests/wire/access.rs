//! Who may run what: a table written by hand, tried with real processes of other users.

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

const WRITE: &str = "ok";
const NO: &str = "forbidden";
const SOON: &str = "unavailable";

/// Command, arguments, and the outcome for verify, read, write, admin and on the auth socket.
/// What would change something is asked in a way that is refused after the right was checked.
const TABLE: [(&str, &str, [&str; 5]); 41] = [
    ("ping", "{}", ["ok", "ok", "ok", "ok", "ok"]),
    ("status", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.legacy", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.show", r#"{"user":"admin"}"#, [NO, "ok", "ok", "ok", NO]),
    ("users.add", r#"{"name":"a b"}"#, [NO, NO, "invalid_argument", "invalid_argument", NO]),
    ("users.mod", r#"{"user":"admin"}"#, [NO, NO, WRITE, WRITE, NO]),
    ("users.rm", r#"{"user":"nobody"}"#, [NO, NO, "confirm_required", "confirm_required", NO]),
    ("users.restore", r#"{"user":"nobody"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.reset", "{}", [NO, NO, NO, "confirm_required", NO]),
    (
        "passwd.set",
        r#"{"user":"x","password":"s"}"#,
        [NO, NO, "invalid_argument", "invalid_argument", NO],
    ),
    ("passwd.remove", r#"{"user":"x"}"#, [NO, NO, "confirm_required", "confirm_required", NO]),
    ("logins.ls", "{}", [NO, SOON, SOON, SOON, NO]),
    ("logins.record", "{}", [SOON, SOON, SOON, SOON, SOON]),
    ("logins.clear", "{}", [NO, NO, NO, SOON, NO]),
    ("auth.ls", "{}", [NO, SOON, SOON, SOON, NO]),
    ("auth.add", "{}", [NO, NO, SOON, SOON, NO]),
    ("auth.show", "{}", [NO, SOON, SOON, SOON, NO]),
    ("auth.rm", "{}", [NO, NO, SOON, SOON, NO]),
    ("auth.reset", "{}", [NO, NO, NO, SOON, NO]),
    ("auth.login", "{}", [SOON, SOON, SOON, SOON, SOON]),
    ("auth.verify", "{}", [SOON, SOON, SOON, SOON, SOON]),
    ("auth.logout", "{}", [SOON, SOON, SOON, SOON, SOON]),
    ("users.why", "{}", [NO, SOON, SOON, SOON, NO]),
    ("users.2fa.show", "{}", [NO, SOON, SOON, SOON, NO]),
    ("users.2fa.enroll", "{}", [NO, NO, SOON, SOON, NO]),
    ("users.2fa.confirm", "{}", [NO, NO, SOON, SOON, NO]),
    ("users.2fa.disable", "{}", [NO, NO, SOON, SOON, NO]),
    ("users.2fa.recovery", "{}", [NO, NO, SOON, SOON, NO]),
    ("users.rename", r#"{"user":"nobody","name":"new"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.adopt", "{}", [NO, NO, NO, "invalid_argument", NO]),
    ("users.import", "{}", [NO, NO, NO, "invalid_argument", NO]),
    ("users.export", "{}", [NO, NO, NO, "ok", NO]),
    ("backup.create", r#"{"x":1}"#, [NO, NO, NO, "bad_request", NO]),
    ("backup.ls", "{}", [NO, NO, NO, "ok", NO]),
    ("backup.verify", r#"{"file":"x.db"}"#, [NO, NO, NO, "not_found", NO]),
    ("backup.restore", r#"{"file":"x.db"}"#, [NO, NO, NO, "confirm_required", NO]),
    ("doctor", "{}", [NO, "ok", "ok", "ok", NO]),
    ("metrics", "{}", [NO, "ok", "ok", "ok", NO]),
    ("audit.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("audit.verify", "{}", [NO, "ok", "ok", "ok", NO]),
];

fn tried(asked: &mut impl Ask, column: usize, who: &str) {
    for (cmd, args, outcomes) in TABLE {
        let reply = asked.reply_to(&format!(r#"{{"cmd":"{cmd}","args":{args},"id":"{cmd}"}}"#));
        assert_eq!(reply["id"], cmd, "{who}: {reply}");
        let outcome = match reply["error"]["code"].as_str() {
            None => "ok",
            Some(code) => code,
        };
        // What is built later answers with something else than that it is not built yet.
        let expected = outcomes[column];
        let later = expected == SOON && outcome != NO;
        assert!(outcome == expected || later, "{who} {cmd}: {reply}, not {expected}");
    }
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
        tried(&mut Peer::connect(&home.auth_socket(), peer), 4, &format!("{peer:?}"));
    }
    tried(&mut Client::connect(&home.auth_socket()), 4, "root");
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
