//! Opening a socket from processes of their own: umasks, races, foreign users, kill -9.
//!
//! The test binary runs itself again for each role; `helper` is where such a process begins.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "common/outside.rs"]
mod outside;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;

use nix::sys::stat::{Mode, umask};
use nix::unistd::{getegid, geteuid};
use outside::{as_user, skipped};
use photoprism_daemon::socket::{SocketSpec, open, systemd};

/// Which role a process plays; without it `helper` does nothing.
const ROLE: &str = "SOCKET_TEST_ROLE";
/// The socket's path for the role.
const SOCKET: &str = "SOCKET_TEST_PATH";
/// An octal umask, or a number of rounds.
const VALUE: &str = "SOCKET_TEST_VALUE";

/// Uid and gid of `nobody`.
const NOBODY: u32 = 65_534;

/// Opens in a race.
const ROUNDS: u32 = 500;

/// The same in the long run.
const LONG_ROUNDS: u32 = 4000;

fn role(program: &str, role: &str, path: &Path, value: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", "helper", "--nocapture"]);
    command.env(ROLE, role).env(SOCKET, path).env(VALUE, value);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn own(kind: &str, path: &Path, value: &str) -> Command {
    role(std::env::current_exe().unwrap().to_str().unwrap(), kind, path, value)
}

/// The rest of the line that begins with `word` in what the process prints.
fn answer(child: &mut Child, word: &str) -> String {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        // The test harness prints the test's name without a newline before the first line of this helper.
        if let Some((_, rest)) = line.split_once(word) {
            return rest.trim().to_owned();
        }
        line.clear();
    }
    panic!("the helper ended without saying {word}");
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}

#[test]
fn helper() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let path = PathBuf::from(std::env::var_os(SOCKET).unwrap());
    let value = std::env::var(VALUE).unwrap();
    match role.as_str() {
        "modes" => open_under_umask(&path, &value),
        "hold" => hold(&path),
        "open-often" => open_often(&path, value.parse().unwrap()),
        "open-badly" => open_badly(&path),
        "spin" => spin(&path),
        "passed" => passed(),
        other => panic!("no role {other}"),
    }
}

fn wait_for_end_of_input() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn open_under_umask(path: &Path, mask: &str) {
    umask(Mode::from_bits_truncate(u32::from_str_radix(mask, 8).unwrap()));
    let group = Some(getegid().as_raw()).filter(|_| path.ends_with("grouped.sock"));
    let (_listener, bound) =
        open(&SocketSpec { path: path.to_owned(), group, create_parents: true }).unwrap();
    say("is-open");
    wait_for_end_of_input();
    drop(bound);
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn modes_hold_under_every_umask() {
    for mask in ["000", "022", "077"] {
        for (name, expected) in [("plain.sock", 0o600), ("grouped.sock", 0o660)] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("photoprism/run").join(name);
            let mut child = own("modes", &path, mask).spawn().unwrap();
            answer(&mut child, "is-open");
            assert_eq!(mode(&path), expected, "{mask} {name}");
            assert_eq!(mode(&path.with_extension("sock.lock")), 0o600, "{mask} {name}");
            assert_eq!(mode(path.parent().unwrap()), 0o750, "{mask} {name}");
            assert_eq!(mode(&root.path().join("photoprism")), 0o700, "{mask} {name}");
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success());
            assert!(!path.exists());
        }
    }
}

fn hold(path: &Path) {
    let _open =
        open(&SocketSpec { path: path.to_owned(), group: None, create_parents: false }).unwrap();
    say("is-open");
    wait_for_end_of_input();
}

#[test]
fn after_a_kill_the_next_one_serves() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("admin.sock");
    let place = SocketSpec { path: path.clone(), group: None, create_parents: false };
    let mut child = own("hold", &path, "").spawn().unwrap();
    answer(&mut child, "is-open");
    let error = open(&place).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    assert!(error.to_string().contains(&format!("(pid {})", child.id())), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.exists(), "a killed process cannot tidy up");
    let (listener, _bound) = open(&place).unwrap();
    UnixStream::connect(&path).unwrap();
    listener.accept().unwrap();
}

#[test]
fn of_two_at_once_exactly_one_wins() {
    let root = tempfile::tempdir().unwrap();
    for round in 0..100 {
        // A path of its own: what another test starts may hold the lock of an earlier one until it
        // has become its program.
        let path = root.path().join(format!("{round}.sock"));
        if round % 2 == 0 {
            fs::write(root.path().join(format!("{round}.sock.lock")), "").unwrap();
        }
        if round % 3 == 0 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let barrier = Barrier::new(2);
        let attempt = || {
            let place = SocketSpec { path: path.clone(), group: None, create_parents: false };
            barrier.wait();
            let result = open(&place);
            barrier.wait();
            result.map_err(|error| error.exit_code())
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let both = [scope.spawn(attempt), scope.spawn(attempt)];
            both.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "round {round}");
        assert!(results.iter().any(|result| matches!(result, Err(73))), "round {round}");
        UnixStream::connect(&path).unwrap();
    }
}

fn open_often(path: &Path, rounds: u32) {
    umask(Mode::empty());
    for _ in 0..rounds {
        let place = SocketSpec { path: path.to_owned(), group: None, create_parents: false };
        let (_listener, bound) = open(&place).unwrap();
        drop(bound);
    }
}

/// The mistake that the race test must find: listening first, mode second.
fn open_badly(path: &Path) {
    umask(Mode::empty());
    let listener = UnixListener::bind(path).unwrap();
    listener.accept().unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Connects until the file `stop` is there, and says how often it tried and got through.
fn spin(path: &Path) {
    let stop = path.with_file_name("stop");
    let (mut attempts, mut connected) = (0_u64, 0_u64);
    say("is-spinning");
    while !stop.exists() {
        attempts += 1;
        match UnixStream::connect(path) {
            Ok(_) => connected += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => connected += 1,
            Err(_) => {}
        }
    }
    say(&format!("spun {attempts} {connected}"));
}

/// Runs `opener` while nobody spins on connect; attempts and connections, or `None` without root.
fn race(opener: &str, rounds: u32) -> Option<(u64, u64)> {
    if !geteuid().is_root() {
        skipped("needs root");
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = root.path().join("admin.sock");
    let mut spinning = role("/proc/self/exe", "spin", &path, "");
    let Ok(mut spinning) = as_user(&mut spinning, NOBODY).current_dir("/").spawn() else {
        skipped("nobody may not run the test");
        return None;
    };
    answer(&mut spinning, "is-spinning");
    let mut opening = own(opener, &path, &rounds.to_string()).spawn().unwrap();
    assert!(opening.wait().unwrap().success());
    fs::write(root.path().join("stop"), "").unwrap();
    let spun = answer(&mut spinning, "spun ");
    spinning.wait().unwrap();
    let (attempts, connected) = spun.split_once(' ').unwrap();
    Some((attempts.parse().unwrap(), connected.parse().unwrap()))
}

fn nobody_gets_through(rounds: u32) {
    let Some((attempts, connected)) = race("open-often", rounds) else { return };
    assert!(attempts > u64::from(rounds), "only {attempts} attempts");
    assert_eq!(connected, 0);
}

#[test]
fn nobody_gets_through_while_the_socket_is_created() {
    nobody_gets_through(ROUNDS);
}

#[test]
#[ignore = "long: the same 4000 times"]
fn nobody_gets_through_in_the_long_run() {
    nobody_gets_through(LONG_ROUNDS);
}

#[test]
fn the_race_finds_a_socket_that_listens_before_its_mode_is_set() {
    let Some((_, connected)) = race("open-badly", 1) else { return };
    assert!(connected > 0);
}

fn passed() {
    let admin = systemd::passed().unwrap().admin.expect("one named admin");
    say(&format!("group {}", admin.gid));
    let again = systemd::passed().unwrap();
    assert!(again.admin.is_none() && again.auth.is_none());
    nix::poll::poll(
        &mut [nix::poll::PollFd::new(
            std::os::fd::AsFd::as_fd(&admin.listener),
            nix::poll::PollFlags::POLLIN,
        )],
        nix::poll::PollTimeout::NONE,
    )
    .unwrap();
    admin.listener.accept().unwrap().0.write_all(b"served").unwrap();
}

#[test]
fn a_passed_socket_is_served_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("given.sock");
    let listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "export LISTEN_PID=$$; exec \"$0\" --exact helper --nocapture 3<&0"])
        .arg(exe)
        .env(ROLE, "passed")
        .env(SOCKET, &path)
        .env(VALUE, "")
        .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "admin")])
        .stdin(std::os::fd::OwnedFd::from(listener))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let gid = fs::metadata(&path).unwrap().gid();
    assert_eq!(answer(&mut child, "group "), gid.to_string());
    let mut served = String::new();
    UnixStream::connect(&path).unwrap().read_to_string(&mut served).unwrap();
    assert_eq!(served, "served");
    assert!(child.wait().unwrap().success());
    assert_eq!(mode(&path), 0o644, "still there, mode as it was");
    assert!(!path.with_extension("sock.lock").exists());
}
