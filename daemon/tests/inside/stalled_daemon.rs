//! A daemon whose writes wait until the test lets them go on.

use std::io::{PipeWriter, Write, pipe};

use serde_json::json;

use crate::common::client::Client;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;

/// A daemon with `stall` among its faults.
pub(crate) struct StalledDaemon {
    /// Its directory and settings.
    pub(crate) home: TestDaemon,
    /// Its process.
    pub(crate) running: Running,
    more: PipeWriter,
}

impl StalledDaemon {
    /// Starts it.
    pub(crate) fn start(home: TestDaemon) -> Self {
        let (input, more) = pipe().unwrap();
        let mut command = home.command();
        command.stdin(input);
        Self { running: Running::start(command), home, more }
    }

    /// Lets so many writes go on.
    pub(crate) fn let_go(&mut self, writes: usize) {
        self.more.write_all(&vec![b'.'; writes]).unwrap();
    }

    /// A client whose request is on its way.
    pub(crate) fn send(&self, line: &str) -> Client {
        let mut client = self.home.connect();
        client.send(format!("{line}\n"));
        client
    }

    /// Waits until so many writes have begun: the database thread is stalled in the last one.
    pub(crate) fn stalled(&self, writes: usize) {
        self.running.wait_for_logs("a write stalls", writes);
    }

    /// Waits until what was sent before has been read: the lines of one thread come in order. Not
    /// until the database thread has taken it: see [`StalledDaemon::stalled`].
    pub(crate) fn settle(&self) {
        for _ in 0..3 {
            assert_eq!(self.home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
        }
    }
}

/// The line that gives that account a display name.
pub(crate) fn naming(display_name: &str) -> String {
    let args = json!({"user": "admin", "display_name": display_name});
    json!({"cmd": "users.mod", "args": args}).to_string()
}
