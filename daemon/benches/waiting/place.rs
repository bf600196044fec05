//! Databases, and daemons on copies of them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::client::Client;
use crate::common::Daemon;
use crate::filled::{Kind, Size, create};
use crate::options::Target;
use crate::probes::Place;
use crate::server::Server;

/// A database from which each daemon's is copied or, in MariaDB, restored.
pub(crate) struct Template {
    directory: TempDir,
    target: Target,
    /// With a backup of the database in `directory`.
    restored: Option<(Server, String)>,
}

impl Template {
    /// `None` where there is no MariaDB for it.
    pub(crate) fn new(target: Target, size: Size) -> Option<Self> {
        let directory = directory();
        create(directory.path(), target.kind(), size);
        let restored = match target {
            Target::Own | Target::PhotoPrism => None,
            Target::MariaDb => Some((Server::start()?, backup(&directory, target.kind()))),
        };
        Some(Self { directory, target, restored })
    }

    pub(crate) const fn target(&self) -> Target {
        self.target
    }

    /// A daemon on it, and how long its start took.
    pub(crate) fn start(&self) -> (Served<'_>, Duration) {
        let directory = directory();
        let mariadb = self.restored.as_ref().map(|(server, _)| server);
        let file = self.target.kind().file();
        let database = match mariadb {
            Some(mariadb) => mariadb.url().into(),
            None => directory.path().join(file).into_os_string(),
        };
        if mariadb.is_none() {
            for file in [file, "photoprism-admin.db"] {
                let from = self.directory.path().join(file);
                if from.exists() {
                    let to = directory.path().join(file);
                    std::fs::copy(from, &to).expect("a copy");
                    // Or the first sync of the daemon would wait for all of it.
                    std::fs::File::open(to).and_then(|copy| copy.sync_all()).expect("a sync");
                }
            }
        }
        let place = Place {
            socket: directory.path().join("admin.sock"),
            database: directory.path().join(file),
        };
        let of_database = if mariadb.is_some() { &self.directory } else { &directory };
        let backups = of_database.path().join("backups");
        let (daemon, taken) = start(&directory, &database, &backups);
        let (daemon, target) = (Some(daemon), self.target);
        let served = Served { daemon, place, target, mariadb, database, backups, directory };
        if let Some((_, backup)) = &self.restored {
            let mut client = served.connect();
            let restored = json!({"file": backup, "with_sessions": true});
            let before = client.ok("backup.restore", &restored)["backup"].take();
            std::fs::remove_file(before.as_str().expect("a path")).expect("it is there");
        }
        served.settle();
        (served, taken)
    }
}

/// A backup in `directory` of the database there.
fn backup(directory: &TempDir, kind: Kind) -> String {
    let (daemon, _) = Daemon::start_on(directory, kind.file(), &SETTINGS);
    let mut client = Client::connect(&directory.path().join("admin.sock"));
    let file = client.ok("backup.create", &json!({}))["file"].take();
    drop(daemon);
    file.as_str().expect("a path").to_owned()
}

/// With its socket in that directory.
fn start(directory: &TempDir, database: &OsStr, backups: &Path) -> (Daemon, Duration) {
    let backups = backups.display().to_string();
    let settings = [&SETTINGS[..], &["--backups", &backups]].concat();
    Daemon::start_at(directory, database, &settings)
}

/// Room for the clients, and no backup but those that are asked for.
const SETTINGS: [&str; 2] = ["--max-connections-per-uid", "128"];

/// A daemon that runs, and its directory.
pub(crate) struct Served<'a> {
    daemon: Option<Daemon>,
    pub(crate) place: Place,
    pub(crate) target: Target,
    pub(crate) mariadb: Option<&'a Server>,
    database: OsString,
    backups: PathBuf,
    directory: TempDir,
}

impl Served<'_> {
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
        let (daemon, taken) = start(&self.directory, &self.database, &self.backups);
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
