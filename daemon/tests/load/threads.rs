//! Threads, of which peers start none.

use std::fs;

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::measure::alone;

/// Commands that work on threads of their own, at once.
const AT_ONCE: usize = 30;

/// The one that works, and those that have given their result and are still ending: on a machine
/// that is busy with others that takes them a while. One for each command would be all of them.
const FEW: usize = AT_ONCE / 2;

fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).unwrap().count()
}

/// Work on files takes one thread, however many ask for it.
#[test]
fn many_commands_at_once_take_few_threads_more() {
    let _alone = alone();
    let mut home = TestDaemon::started();
    let pid = home.running().pid();
    let file = home.ok("backup.create", json!({}))["file"].clone();
    let before = threads(pid);
    let verify = json!({"cmd": "backup.verify", "args": {"file": file}});
    let mut clients: Vec<Client> = (0..AT_ONCE).map(|_| home.connect()).collect();
    for client in &mut clients {
        client.send(format!("{verify}\n").repeat(20));
    }
    let mut most = before;
    for _ in 0..20 {
        for client in &mut clients {
            most = most.max(threads(pid));
            let reply = client.reply();
            assert_eq!(reply["ok"], true, "{reply}");
        }
    }
    assert!(most <= before + FEW, "{most} threads, {before} before");
}
