//! A MariaDB server of the tests' own, behind a Unix socket, with a schema for each test.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::outside::lacks;
use crate::common::test_daemon::{TestDaemon, on_mariadb};

/// The password of the daemon's user, which must not be in any text that a test sees.
pub(crate) const PASSWORD: &str = "canary-of-the-tests";

/// A dump of a real PhotoPrism's database; test data.
const DUMP: &str = include_str!("../fixtures/mariadb/index.sql");

/// Ends the server and removes its directory when the test's process has ended: the pipe to its
/// standard input is closed then.
const WATCHED: &str =
    r#"mariadbd "$@" & pid=$!; read -r line; kill -9 $pid; wait $pid; [ "$line" ] || rm -rf "$0""#;

/// For many schemas that last as long as a test: no power cut is survived, and tables share a file.
const QUICK: [&str; 2] = ["--innodb-flush-method=nosync", "--innodb-file-per-table=0"];

/// What a server is started with beyond what all have.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) args: Vec<String>,
    /// Directories with programs that it starts, with a colon after each.
    pub(crate) programs: String,
}

/// What every server is given as well: `.ci/mariadb-long` runs the suites on servers with other
/// settings.
fn settings() -> String {
    std::env::var("PHOTOPRISM_ADMIN_TEST_SERVER").unwrap_or_default()
}

/// A server. Without `mariadbd` the tests are skipped.
pub(crate) struct Server {
    directory: PathBuf,
    options: Options,
    shell: Mutex<Child>,
}

/// The server that all tests share; `None` where there is no MariaDB.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

impl Server {
    /// Starts a server of its own.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(Options::default())
    }

    /// The same with further options.
    pub(crate) fn start_with(options: Options) -> Option<Self> {
        if lacks("mariadb-install-db") {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("mariadb").tempdir().unwrap().keep();
        let copied =
            Command::new("cp").arg("-a").args([template(), directory.join("data")]).status();
        assert!(copied.unwrap().success());
        let shell = Mutex::new(launch(&directory, &options));
        Some(Self { directory, options, shell })
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join("s.sock")
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        let mut shell = self.shell.lock().unwrap();
        shell.stdin.take().unwrap().write_all(b"stay\n").unwrap();
        shell.wait().unwrap();
    }

    /// Lets it answer nothing, or go on.
    pub(crate) fn freeze(&self, signal: Signal) {
        let pid = fs::read_to_string(self.directory.join("pid")).unwrap();
        kill(Pid::from_raw(pid.trim().parse().unwrap()), signal).unwrap();
        // On a busy machine its threads run on for a moment.
        while signal == Signal::SIGSTOP && !is_stopped(pid.trim()) {}
    }

    /// Starts it again after [`Server::kill`].
    pub(crate) fn restart(&self) {
        *self.shell.lock().unwrap() = launch(&self.directory, &self.options);
    }

    /// A connection of its root to a schema. It counts rows that an UPDATE finds, as SQLite does.
    pub(crate) fn root(&self, schema: Option<&str>) -> Conn {
        self.try_root(schema).unwrap()
    }

    /// The same where the server may refuse.
    pub(crate) fn try_root(&self, schema: Option<&str>) -> Result<Conn, mysql::Error> {
        let socket = self.socket().to_str().unwrap().to_owned();
        let options = OptsBuilder::new().socket(Some(socket)).user(Some("root")).db_name(schema);
        let counts = CapabilityFlags::CLIENT_FOUND_ROWS;
        Conn::new(options.additional_capabilities(counts))
    }

    /// A new schema with PhotoPrism's database, and a user of the same name for the daemon.
    pub(crate) fn photoprism(&self, name: &str) -> Schema<'_> {
        let schema = self.empty(name);
        schema.fill();
        schema
    }

    /// A new schema without a table.
    pub(crate) fn empty(&self, name: &str) -> Schema<'_> {
        let mut root = self.root(None);
        for statement in [
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
            format!("CREATE USER {name}@localhost IDENTIFIED BY '{PASSWORD}'"),
            format!("GRANT ALL ON {name}.* TO {name}@localhost"),
        ] {
            root.query_drop(statement).unwrap();
        }
        Schema { server: self, name: name.to_owned() }
    }
}

/// A schema, and its user.
pub(crate) struct Schema<'a> {
    pub(crate) server: &'a Server,
    pub(crate) name: String,
}

impl Schema<'_> {
    /// The URL for the daemon, without the password.
    pub(crate) fn url(&self) -> String {
        let (name, socket) = (&self.name, self.server.socket());
        format!("mysql://{name}@/{name}?socket={}", socket.display())
    }

    /// A connection of its user.
    pub(crate) fn connect(&self) -> Result<Conn, mysql::Error> {
        let socket = self.server.socket().to_str().unwrap().to_owned();
        let options = OptsBuilder::new().socket(Some(socket)).user(Some(&self.name));
        Conn::new(options.pass(Some(PASSWORD)))
    }

    /// A daemon on it, not yet started.
    pub(crate) fn home(&self) -> TestDaemon {
        TestDaemon::new()
            .with_server(&self.url())
            .env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", PASSWORD)
    }

    /// A daemon on it.
    pub(crate) fn started(&self) -> TestDaemon {
        let mut home = self.home();
        home.start();
        home
    }

    /// Puts PhotoPrism's database into it.
    pub(crate) fn fill(&self) {
        let mut root = self.server.root(Some(&self.name));
        for statement in statements() {
            root.query_drop(statement).unwrap();
        }
    }

    /// Runs a statement as root.
    pub(crate) fn run(&self, statement: &str) {
        self.server.root(Some(&self.name)).query_drop(statement).unwrap();
    }

    /// A checksum of every table.
    pub(crate) fn checksums(&self) -> Vec<(String, Option<u64>)> {
        let mut root = self.server.root(Some(&self.name));
        let tables: Vec<String> = root.query("SHOW TABLES").unwrap();
        root.query(format!("CHECKSUM TABLE {}", tables.join(", "))).unwrap()
    }
}

/// Whether each thread of a process is.
fn is_stopped(pid: &str) -> bool {
    let is_stopped = |thread: std::io::Result<fs::DirEntry>| {
        let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
    };
    fs::read_dir(format!("/proc/{pid}/task")).unwrap().all(is_stopped)
}

/// The statements of the dump.
pub(super) fn statements() -> Vec<String> {
    let statement = |text: &str| {
        let is_said = |line: &&str| !line.starts_with("--") && !line.is_empty();
        text.lines().filter(is_said).collect::<Vec<_>>().join("\n")
    };
    DUMP.split(";\n").map(statement).filter(|text| !text.is_empty()).collect()
}

/// A data directory as it is after the installation, made once.
fn template() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let template = place.join("mariadb-template");
    if template.exists() {
        return template;
    }
    let new = tempfile::Builder::new().prefix("mariadb").tempdir_in(place).unwrap().keep();
    let made = Command::new("mariadb-install-db")
        .args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"])
        .arg(format!("--datadir={}", new.display()))
        .args(as_root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    // Another process may have been faster.
    if fs::rename(&new, &template).is_err() {
        fs::remove_dir_all(&new).unwrap();
    }
    template
}

/// Root has to say that it means it.
fn as_root() -> Option<&'static str> {
    crate::common::is_root().then_some("--user=root")
}

/// Starts it and waits until it is ready.
fn launch(directory: &Path, options: &Options) -> Child {
    let path = |name: &str, file: &str| format!("--{name}={}", directory.join(file).display());
    let mut shell = Command::new("sh")
        .args(["-c", WATCHED])
        .arg(directory)
        .args(["--no-defaults", "--skip-networking", "--innodb-buffer-pool-size=32M"])
        .args(on_mariadb().then_some(QUICK).into_iter().flatten())
        .args(["--transaction-isolation=READ-COMMITTED", "--character-set-server=utf8mb4"])
        .args([path("datadir", "data"), path("socket", "s.sock"), path("pid-file", "pid")])
        // One that starts removes the temporary tables of the others in `/tmp`.
        .arg(format!("--tmpdir={}", directory.display()))
        .args(&options.args)
        .args(settings().split_whitespace())
        .args(as_root())
        .env(
            "PATH",
            [&options.programs, "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"].concat(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(shell.stderr.take().unwrap()).lines();
    let is_ready = log.by_ref().any(|line| line.unwrap().contains("ready for connections"));
    assert!(is_ready, "the server does not start");
    std::thread::spawn(move || log.for_each(drop));
    shell
}
