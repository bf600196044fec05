//! Sockets that systemd passes, and the notifications that it gets.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;
use photoprism_daemon::clock::Stopwatch;

use crate::bare::{End, text};
use crate::common::client::Client;
use crate::common::outside::clear_env;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::common::{TIMEOUT, run_to_end};

/// `LISTEN_PID` has to be the daemon's own: a shell sets it, moves the socket from its input to
/// the descriptor 3, and becomes the daemon.
const AS_SYSTEMD: &str = "export LISTEN_PID=$$; exec \"$0\" \"$@\" 3<&0 0</dev/null";

/// The daemon with the socket at `path` passed under that name.
fn with_passed(home: &TestDaemon, path: &PathBuf, name: &str) -> Command {
    let listener = UnixListener::bind(path).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o640)).unwrap();
    let mut command = Command::new("/bin/sh");
    clear_env(&mut command).env("HOME", home.root()).current_dir(home.root());
    command.args(["-c", AS_SYSTEMD, env!("CARGO_BIN_EXE_photoprismd")]);
    command.args(["--database", text(home.database())]);
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", name);
    command.stdin(OwnedFd::from(listener));
    command
}

#[test]
fn a_passed_admin_socket_is_used_as_it_is() {
    let home = TestDaemon::new();
    let path = home.root().join("run/given.sock");
    let running = Running::start(with_passed(&home, &path, "admin"));
    assert!(
        running.log().contains(&format!("ready: socket={} ", text(&path))),
        "{}",
        running.log()
    );
    let before = fs::metadata(&path).unwrap();
    let status = Client::connect(&path).ask(r#"{"cmd":"status"}"#);
    assert_eq!(status["result"]["sockets"]["admin"], text(&path));
    assert!(!home.socket().exists());
    assert!(home.data().join("admin.db.lock").exists(), "the lock is next to the database");
    assert!(!home.root().join("run/given.sock.lock").exists());
    running.stop();
    let after = fs::metadata(&path).unwrap();
    assert_eq!(
        (after.ino(), after.mode(), after.ctime_nsec()),
        (before.ino(), before.mode(), before.ctime_nsec())
    );
}

#[test]
fn a_passed_socket_whose_file_was_removed_is_reported_and_left_to_systemd() {
    const GONE: &str = "the socket that systemd created was removed or replaced";
    let home = TestDaemon::new();
    let path = home.root().join("run/given.sock");
    let running = Running::start(with_passed(&home, &path, "admin"));
    let mut open = Client::connect(&path);
    running.signal(Signal::SIGHUP);
    running.wait_for_log("settings read again");
    let away = home.root().join("run/away.sock");
    fs::rename(&path, &away).unwrap();
    running.signal(Signal::SIGHUP);
    let log = running.wait_for_log(GONE);
    assert!(log.contains("systemctl restart photoprismd.socket"), "{log}");
    assert!(!path.exists());
    // Once, however often it is looked for, and for another file as well.
    let other = UnixListener::bind(&path).unwrap();
    running.signal(Signal::SIGHUP);
    running.wait_for_logs("settings read again", 3);
    assert_eq!(open.ask(r#"{"cmd":"ping"}"#)["ok"], true, "what was open stays so");
    drop(other);
    fs::rename(&away, &path).unwrap();
    running.signal(Signal::SIGHUP);
    let log = running.wait_for_log("the socket that systemd created is there again");
    assert_eq!(log.matches(GONE).count(), 1, "{log}");
    running.stop();
    assert!(path.exists());
}

#[test]
fn a_second_daemon_with_a_passed_socket_is_73() {
    let home = TestDaemon::new();
    let first = Running::start(with_passed(&home, &home.root().join("run/one.sock"), "admin"));
    let mut second = with_passed(&home, &home.root().join("run/two.sock"), "admin");
    End::from(run_to_end(&mut second)).assert(73, &[]);
    first.stop();
}

#[test]
fn a_socket_under_another_name_is_2() {
    let home = TestDaemon::new();
    let mut command = with_passed(&home, &home.root().join("run/given.sock"), "web");
    End::from(run_to_end(&mut command)).assert(2, &["web", "FileDescriptorName=admin"]);
    assert!(!home.database().exists());
}

#[test]
fn what_was_passed_to_another_process_is_ignored() {
    for [pid, count, names] in [["1", "1", "admin"], ["", "", ""], ["1", "", "admin"]] {
        let home = TestDaemon::new();
        let mut command = home.command();
        command.env("LISTEN_PID", pid).env("LISTEN_FDS", count).env("LISTEN_FDNAMES", names);
        let running = Running::start(command);
        assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
        running.stop();
    }
}

/// systemd's end of `NOTIFY_SOCKET`.
struct Listening(UnixDatagram);

impl Listening {
    fn new(home: &TestDaemon) -> (Self, PathBuf) {
        let path = home.root().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        (Self(socket), path)
    }

    /// The next message that is not a watchdog ping.
    fn next(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1\n" {
                return message;
            }
        }
    }

    fn any(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).unwrap();
        let text = std::str::from_utf8(&bytes[..length]).unwrap();
        text.trim_end_matches('\n').to_owned() + "\n"
    }
}

#[test]
fn systemd_is_notified_of_start_reload_and_stop() {
    let home = TestDaemon::new();
    let (notified, path) = Listening::new(&home);
    let mut command = home.command();
    command.env("NOTIFY_SOCKET", &path);
    let running = Running::start(command);
    assert_eq!(notified.next(), "READY=1\n");
    running.signal(Signal::SIGHUP);
    let reloading = notified.next();
    let (first, rest) = reloading.split_once('\n').unwrap();
    assert_eq!(first, "RELOADING=1");
    let since: u64 = rest.trim().strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!(since > 0);
    assert_eq!(notified.next(), "READY=1\n");
    running.signal(Signal::SIGTERM);
    assert_eq!(notified.next(), "STOPPING=1\n");
    assert_eq!(running.ended().0.code(), Some(0));
}

#[test]
fn a_bad_reload_ends_with_ready_too() {
    let home = TestDaemon::new();
    let settings = home.root().join("settings");
    fs::write(&settings, "").unwrap();
    let (notified, path) = Listening::new(&home);
    let mut command = home.command();
    command.env("NOTIFY_SOCKET", &path).args(["--config", text(&settings)]);
    let running = Running::start(command);
    assert_eq!(notified.next(), "READY=1\n");
    fs::write(&settings, "NONSENSE=1\n").unwrap();
    running.signal(Signal::SIGHUP);
    assert!(notified.next().starts_with("RELOADING=1\n"));
    assert_eq!(notified.next(), "READY=1\n");
    running.stop();
}

#[test]
fn the_watchdog_hears_of_it_while_the_database_thread_moves() {
    let home = TestDaemon::new();
    let (notified, path) = Listening::new(&home);
    let mut command = home.command();
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "4000000");
    let running = Running::start(command);
    assert_eq!(notified.any(), "READY=1\n");
    let watch = Stopwatch::start();
    for _ in 0..3 {
        assert_eq!(notified.any(), "WATCHDOG=1\n");
    }
    assert!(watch.elapsed().as_secs() < 12, "{:?}", watch.elapsed());
    running.stop();
}

#[test]
fn a_daemon_that_cannot_start_never_says_that_it_is_ready() {
    let home = TestDaemon::new();
    let (notified, path) = Listening::new(&home);
    fs::write(home.database(), "not a database").unwrap();
    let end: End = run_to_end(home.command().env("NOTIFY_SOCKET", &path)).into();
    end.assert(78, &[]);
    notified.0.set_nonblocking(true).unwrap();
    assert!(notified.0.recv(&mut [0; 64]).is_err());
}
