//! The daemon on PhotoPrism's accounts in a real MariaDB server, which the tests start.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;

mod backups;
mod commits;
mod found;
mod galera;
mod golden;
mod kills;
mod late;
mod locks;
mod proxy;
mod reads;
mod same;
mod settings;
mod several;
#[path = "../inside/stalled_daemon.rs"]
#[expect(dead_code, reason = "other test binaries use the rest of it")]
mod stalled_daemon;
mod waits;
mod writers;
mod writes;

use common::json::Ask;
use common::server;
use common::test_daemon::TestDaemon;
use serde_json::Value;

/// The error of a command that must be refused with that code.
fn refused(home: &mut TestDaemon, cmd: &str, args: Value, code: &str) -> Value {
    let error = home.refused(cmd, args);
    assert_eq!(error["code"], code, "{cmd}: {error}");
    error
}
