//! Databases, and daemons on copies of them.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::client::Client;
use crate::common::Daemon;
use crate::filled::{Kind, Size, create};
use crate::probes::Place;

/// A database that is copied before it is changed.
pub(crate) struct Template {
    directory: TempDir,
    kind: Kind,
}

impl Template {
    pub(crate) fn new(kind: Kind, size: Size) -> Self {
        let directory = directory();
        create(directory.path(), kind, size);
        Self { directory, kind }
    }

    /// A daemon on a copy, and how long its start took.
    pub(crate) fn start(&self) -> (Served, Duration) {
        let directory = directory();
        for file in [self.kind.file(), "photoprism-admin.db"] {
            let from = self.directory.path().join(file);
            if from.exists() {
                std::fs::copy(from, directory.path().join(file)).expect("a copy");
            }
        }
        let (daemon, taken) = Daemon::start_on(&directory, self.kind.file(), &SETTINGS);
        let place = Place {
            socket: directory.path().join("admin.sock"),
            database: directory.path().join(self.kind.file()),
        };
        let served = Served { daemon: Some(daemon), place, kind: self.kind, directory };
        served.settle();
        (served, taken)
    }
}

/// Room for the clients, and no backup but those that are asked for.
const SETTINGS: [&str; 2] = ["--max-connections-per-uid", "128"];

/// A daemon that runs, and its directory.
pub(crate) struct Served {
    daemon: Option<Daemon>,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    directory: TempDir,
}

impl Served {
    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.place.socket)
    }

    /// Waits until what a start leaves to the time after it is done: a write is answered, and the
    /// process has stopped growing.
    pub(crate) fn settle(&self) {
        let refused = json!({"name": "nobody", "ok": false, "client_ip": "192.0.2.9"});
        self.connect().ok("logins.record", &refused);
        let mut still = 0;
        let mut before = 0.0;
        while still < 4 {
            photoprism_daemon::clock::pause(Duration::from_millis(50));
            let now = self.mib("VmRSS");
            still = if now > before { 0 } else { still + 1 };
            before = now;
        }
    }

    /// Stops the daemon and starts it again. Returns how long the start took.
    pub(crate) fn restart(&mut self) -> Duration {
        drop(self.daemon.take());
        let (daemon, taken) = Daemon::start_on(&self.directory, self.kind.file(), &SETTINGS);
        self.daemon = Some(daemon);
        taken
    }

    /// A figure of its memory.
    pub(crate) fn mib(&self, figure: &str) -> f64 {
        let pid = self.daemon.as_ref().expect("it runs").pid;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("the figure");
        let kib = line.trim_start_matches(':').trim().trim_end_matches(" kB");
        kib.parse::<f64>().expect("a number") / 1024.0
    }
}

fn directory() -> TempDir {
    TempDir::new_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a directory")
}
