//! How many imports there may be at once, and how much of them.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};
use crate::sent;

#[test]
fn one_uid_has_two_imports_at_once() {
    let mut home = TestDaemon::started();
    let first = home.ok("users.import", json!({"text": "x"}))["import"].clone();
    home.ok("users.import", json!({"text": "x"}));
    assert_eq!(home.fault("users.import", json!({"text": "x"})).0, "busy");
    // What is invalid as a whole gives its place back.
    home.refused("users.import", json!({"import": first, "run": true}));
    home.ok("users.import", json!({"text": "x"}));
}

#[test]
fn all_imports_together_hold_32_mib() {
    if !is_root() {
        return skipped("other users need root");
    }
    let mut home = TestDaemon::new().args([
        "--socket-group",
        "root",
        "--allow",
        "admin=uid:54001",
        "--allow",
        "admin=uid:54002",
    ]);
    home.start();
    let text = "x".repeat(16 << 20);
    let full: Vec<Value> = (0..2).map(|_| sent(&mut home, &text)).collect();
    open_to_all(&home.socket());
    let peer = |uid| Peer::connect(&home.socket(), Who { uid, gid: uid, groups: &[] });
    let mut peer = peer(54_001);
    // What is refused takes no place, however often it is.
    for _ in 0..5 {
        assert_eq!(peer.fault("users.import", json!({"text": "x"})).0, "busy");
        // Before the file is looked for.
        assert_eq!(peer.fault("users.import", json!({"database": "/not/there"})).0, "busy");
    }
    let empty = peer.ok("users.import", json!({"text": ""}))["import"].clone();
    let args = json!({"import": empty, "text": "x"});
    for _ in 0..5 {
        assert_eq!(peer.fault("users.import", args.clone()).0, "busy");
    }
    // One that ends gives its bytes back.
    home.refused("users.import", json!({"import": full[0], "run": true}));
    peer.ok("users.import", args);
    assert_eq!(peer.fault("users.import", json!({"database": "/not/there"})).0, "not_found");
}
