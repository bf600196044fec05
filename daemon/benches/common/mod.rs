//! A daemon of the profile under measurement in a directory of its own, and a client for it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use photoprism_daemon::clock::Stopwatch;

/// The daemon as the bench's own profile builds it.
pub(super) const DAEMON: &str = env!("CARGO_BIN_EXE_photoprismd");

/// A request that reads one account by its name.
pub(super) const SHOW: &[u8] = b"{\"cmd\":\"users.show\",\"args\":{\"user\":\"admin\"}}\n";

/// A daemon that is ready.
pub(super) struct Daemon {
    child: Child,
    socket: PathBuf,
    /// Its process.
    pub(super) pid: Pid,
}

impl Daemon {
    /// Starts one on the database of `directory`, which is created where it is missing, and waits until
    /// it is ready. Returns as well how long that took from the start of its process.
    pub(super) fn start(directory: &impl AsRef<Path>, settings: &[&str]) -> (Self, Duration) {
        Self::start_on(directory, "admin.db", settings)
    }

    /// The same on the database of that name in it.
    pub(super) fn start_on(
        directory: &impl AsRef<Path>,
        database: &str,
        settings: &[&str],
    ) -> (Self, Duration) {
        Self::start_at(directory, directory.as_ref().join(database), settings)
    }

    /// The same on a database elsewhere, with its socket in the directory.
    pub(super) fn start_at(
        directory: &impl AsRef<Path>,
        database: impl AsRef<OsStr>,
        settings: &[&str],
    ) -> (Self, Duration) {
        let socket = directory.as_ref().join("admin.sock");
        let watch = Stopwatch::start();
        let mut child = Command::new(DAEMON)
            .env_clear()
            .arg("--database")
            .arg(database)
            .arg("--socket")
            .arg(&socket)
            .args(settings)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let mut line = String::new();
        while !line.starts_with("ready: ") {
            line.clear();
            assert!(log.read_line(&mut line).expect("its log") > 0, "it ended before it was ready");
        }
        let start = watch.elapsed();
        // Closed, the log is lost, which does not stop a daemon.
        drop(log);
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        (Self { child, socket, pid }, start)
    }

    /// A connection to it.
    pub(super) fn connect(&self) -> Client {
        Client::connect(&self.socket)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill(self.pid, Signal::SIGTERM).expect("it is there");
        assert!(self.child.wait().expect("it ends").success(), "it did not stop cleanly");
    }
}

/// A connection.
pub(super) struct Client {
    stream: UnixStream,
    replies: BufReader<UnixStream>,
    line: String,
}

impl Client {
    /// Connects to a socket.
    pub(super) fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("a connection");
        let replies = BufReader::new(stream.try_clone().expect("a descriptor"));
        Self { stream, replies, line: String::new() }
    }

    /// Sends `lines` whole and reads `count` replies, all of which must be good.
    pub(super) fn ask(&mut self, lines: &[u8], count: usize) {
        self.stream.write_all(lines).expect("it reads");
        for _ in 0..count {
            self.line.clear();
            self.replies.read_line(&mut self.line).expect("it answers");
            assert!(self.line.contains("\"ok\":true"), "{}", self.line);
        }
    }
}
