//! The directory of a daemon, its settings, and what is started in it.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::copies::{Copy, Rows};
use super::database::{Database, NO_FILE};
use super::outside::clear_env;
use super::running::Running;

/// The variable that lets the tests of a suite run on a schema of a MariaDB server, which they start,
/// where they would use a file.
const ENGINE: &str = "PHOTOPRISM_ADMIN_TEST_ENGINE";

/// Whether the tests run on MariaDB.
pub(crate) fn on_mariadb() -> bool {
    std::env::var_os(ENGINE).is_some_and(|engine| engine == "mariadb")
}

/// A private directory with the settings of a daemon, and the daemon while it runs. It is killed
/// when this is dropped.
pub(crate) struct TestDaemon {
    root: TempDir,
    database: PathBuf,
    /// The address of a server in its place.
    server: Option<String>,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    faults: Option<&'static str>,
    running: Option<Running>,
    /// What the schema has that is in its place where the tests run on MariaDB.
    rows: Rows,
    copy: OnceLock<Copy>,
}

impl TestDaemon {
    /// A directory without a database. The socket's directory lets every user in, the rest nobody.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("data").join("admin.db");
        for (name, mode) in [(".", 0o755), ("run", 0o755), ("auth", 0o755), ("data", 0o700)] {
            let directory = root.path().join(name);
            fs::create_dir_all(&directory).unwrap();
            fs::set_permissions(&directory, PermissionsExt::from_mode(mode)).unwrap();
        }
        let (args, env) = (Vec::new(), Vec::new());
        let (rows, copy) = (Rows::FirstStart, OnceLock::new());
        Self { root, database, server: None, args, env, faults: None, running: None, rows, copy }
    }

    /// A daemon that runs with nothing but defaults.
    pub(crate) fn started() -> Self {
        let mut home = Self::new();
        home.start();
        home
    }

    /// Adds arguments of the command line.
    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.map(Into::into));
        self
    }

    /// Adds a variable; the environment holds no other.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.set_env(name, value);
        self
    }

    /// The same for the next start of one that has run.
    pub(crate) fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.into()));
    }

    /// Switches defences off, by the words of `examples/faulty.rs`, with commas between them.
    pub(crate) const fn faulty(mut self, faults: &'static str) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Turns the auth socket on, for members of this process' own group.
    pub(crate) fn with_auth_socket(self) -> Self {
        let path = self.auth_socket();
        let group = nix::unistd::getegid().to_string();
        self.args(["--auth-socket", path.to_str().unwrap(), "--auth-socket-group", &group])
    }

    /// Puts a copy of `file` in the place of the database, under its own name.
    pub(crate) fn with_database(mut self, file: &Path) -> Self {
        if on_mariadb() {
            let is_fixture =
                file == Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
            assert!(is_fixture, "{NO_FILE}");
            self.rows = Rows::Fixture;
            return self;
        }
        self.database = self.data().join(file.file_name().unwrap());
        fs::write(&self.database, fs::read(file).unwrap()).unwrap();
        self
    }

    /// Lets it use a database server, by this URL.
    pub(crate) fn with_server(mut self, url: &str) -> Self {
        self.server = Some(url.to_owned());
        self
    }

    /// The directory of everything.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// The schema in the place of the database, where the tests run on MariaDB.
    fn copy(&self) -> Option<&Copy> {
        let is_used = on_mariadb() && self.server.is_none();
        is_used.then(|| self.copy.get_or_init(|| Copy::of(self.rows)))
    }

    /// The directory of the database.
    pub(crate) fn data(&self) -> PathBuf {
        self.database.parent().unwrap().to_owned()
    }

    /// Gives the directory of the database another name: the old path is not there any more.
    pub(crate) fn move_data(&mut self, name: &str) {
        let to = self.root.path().join(name);
        fs::rename(self.data(), &to).unwrap();
        self.database = to.join(self.database.file_name().unwrap());
    }

    /// The database.
    pub(crate) fn database(&self) -> &Path {
        assert!(self.copy().is_none(), "{NO_FILE}");
        &self.database
    }

    /// The admin socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.path().join("run").join("admin.sock")
    }

    /// The auth socket, where it is on.
    pub(crate) fn auth_socket(&self) -> PathBuf {
        self.root.path().join("auth").join("auth.sock")
    }

    fn program(&self) -> Command {
        let daemon = Path::new(env!("CARGO_BIN_EXE_photoprismd"));
        let Some(faults) = self.faults else { return Command::new(daemon) };
        let program = daemon.with_file_name("examples").join("faulty");
        assert!(program.exists(), "faulty is not built: run cargo build --examples");
        let mut command = Command::new(program);
        command.arg(faults);
        command
    }

    /// The command that starts the daemon, in an environment of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.program();
        clear_env(&mut command).env("HOME", self.root()).envs(self.env.iter().cloned());
        let mut server = self.server.clone();
        if let Some(copy) = self.copy() {
            let (url, password) = copy.settings();
            command.env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", password);
            // As in an own database, which the test would have otherwise.
            if self.rows == Rows::FirstStart {
                command.env("PHOTOPRISM_PASSWORD_HASH", "argon2id");
            }
            server = Some(url);
            // Where a test looks for them.
            command.env("PHOTOPRISM_ADMIN_BACKUPS", self.data().join("backups"));
        }
        let database = server.as_ref().map_or(self.database.as_os_str(), OsStr::new);
        command.arg("--database").arg(database).arg("--socket").arg(self.socket());
        command.args(&self.args).stdin(Stdio::null()).current_dir(self.root());
        command
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) fn start(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        self.running = Some(Running::start(self.command()));
    }

    /// Runs the daemon, which must end by itself.
    pub(crate) fn ends(&self) -> Output {
        super::run_to_end(&mut self.command())
    }

    /// The daemon, which must run.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("the daemon runs")
    }

    /// Stops it by SIGTERM; it must end with 0. Gives its log.
    pub(crate) fn stop(&mut self) -> String {
        self.running.take().expect("the daemon runs").stop()
    }

    /// Stops it by SIGKILL.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take().expect("the daemon runs"));
    }

    /// Stops it and starts it again. Gives the log of the run that ended.
    pub(crate) fn restart(&mut self) -> String {
        let log = self.stop();
        self.start();
        log
    }

    /// Stops it, lets `work` have the database, and starts it again.
    pub(crate) fn offline<T>(&mut self, work: impl FnOnce(&mut Database) -> T) -> T {
        self.stop();
        let result = work(&mut self.open_database());
        self.start();
        result
    }

    /// Opens the database of a daemon that does not run.
    pub(crate) fn open_database(&self) -> Database {
        assert!(self.running.is_none(), "its database is locked while it runs");
        self.outside()
    }

    /// Opens the database as PhotoPrism does, while the daemon runs.
    pub(crate) fn outside(&self) -> Database {
        match self.copy() {
            Some(copy) => Database::MariaDb(RefCell::new(copy.connect())),
            None => Database::Sqlite(Connection::open(&self.database).unwrap()),
        }
    }

    /// A connection to the admin socket.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.socket())
    }

    /// The reply to one line on a connection of its own.
    pub(crate) fn ask(&self, line: &str) -> Value {
        self.connect().ask(line)
    }
}
