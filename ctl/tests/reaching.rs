//! Finding the daemon, and what is said where it cannot be reached or replies nonsense.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use common::outside::clear_env;
use common::{Daemon, binary, ok, output, refused};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// Anybody; the tests run as root or as somebody.
const NOBODY: u32 = 65534;

fn empty_list() -> String {
    ok(&json!({"items": [], "next": null}))
}

#[test]
fn the_flag_beats_the_variable_and_an_empty_variable_is_none() {
    let daemon = Daemon::playing([empty_list(), empty_list()]);
    let socket = daemon.socket();
    let mut command = binary(["users", "ls", "--socket", socket.to_str().unwrap()]);
    command.env("PHOTOPRISM_ADMIN_SOCKET", "/nowhere/admin.sock");
    assert_eq!(output(&mut command).code, Some(0));
    let flag = format!("--socket={}", socket.display());
    assert_eq!(output(&mut binary([flag.as_str(), "users", "ls"])).code, Some(0));
    let mut command = binary(["users", "ls"]);
    command.env("PHOTOPRISM_ADMIN_SOCKET", "");
    let output = output(&mut command);
    assert_eq!(output.code, Some(69));
    assert!(output.err.contains("/run/photoprism/admin.sock"), "{}", output.err);
}

#[test]
fn without_a_daemon_the_path_and_the_way_to_start_it_are_named() {
    let output = Daemon::playing([""]).run("users ls --socket /nowhere/admin.sock");
    assert_eq!((output.code, output.out.as_str()), (Some(69), ""));
    for part in ["/nowhere/admin.sock", "photoprismd", "systemctl start", "compose up"] {
        assert!(output.err.contains(part), "{}", output.err);
    }
    let output = Daemon::playing([""]).run("users ls --socket /nowhere/admin.sock --json");
    assert_eq!((output.code, output.error()["code"].as_str()), (Some(69), Some("no_daemon")));
}

#[test]
fn a_socket_that_nobody_listens_on_is_not_a_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [socket, file] {
        let output = output(&mut binary(["users", "ls", "--socket", path.to_str().unwrap()]));
        assert_eq!(output.code, Some(69), "{output:?}");
        assert!(output.err.contains(path.to_str().unwrap()), "{}", output.err);
    }
}

#[test]
fn a_path_that_no_socket_can_have_is_a_usage_error() {
    let path = format!("/{}", "x".repeat(120));
    assert_eq!(output(&mut binary(["users", "ls", "--socket", &path])).code, Some(2));
}

/// The binary, copied to where everybody reaches it, run as somebody without rights.
fn as_nobody(directory: &tempfile::TempDir) -> Command {
    let copy = directory.path().join("photoprism");
    // By another process: a descriptor for writing that a child of another test inherits would keep
    // the copy from being executed.
    let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_photoprism")).arg(&copy).status();
    assert!(done.unwrap().success());
    let mut command = Command::new(copy);
    clear_env(&mut command);
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn without_permission_owner_group_and_mode_are_named() {
    let open = tempfile::tempdir().unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = Daemon::playing([empty_list()]);
    std::fs::set_permissions(&daemon.directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(daemon.socket(), std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = as_nobody(&open);
    command.args(["users", "ls", "--socket"]).arg(daemon.socket());
    let seen = output(&mut command);
    assert_eq!(seen.code, Some(77), "{seen:?}");
    assert!(seen.err.contains("mode 0000") && seen.err.contains("the socket"), "{}", seen.err);

    let hidden = daemon.directory.path().join("hidden");
    std::fs::create_dir(&hidden).unwrap();
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = as_nobody(&open);
    command.args(["users", "ls", "--json", "--socket"]).arg(hidden.join("admin.sock"));
    let output = output(&mut command);
    assert_eq!(output.code, Some(77), "{output:?}");
    let message = output.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("its directory {}", hidden.display())), "{message}");
    assert_eq!(output.error()["code"], "no_permission");

    // One thing to do, and never to start what may run already.
    let mut command = as_nobody(&open);
    command.args(["admin", "doctor", "--csv", "--socket"]).arg(hidden.join("admin.sock"));
    let seen = common::output(&mut command);
    assert_eq!(seen.code, Some(77), "{seen:?}");
    assert!(seen.out.contains("as root or with sudo"), "{}", seen.out);
    for text in [&seen.out, &seen.err] {
        assert!(!text.contains("start it") && !text.contains("systemctl"), "{text}");
    }
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_daemon_that_says_nothing_is_waited_for_as_long_as_the_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let path = path.to_str().unwrap();
    let line = ["users", "ls", "--timeout", "50ms", "--json", "--socket", path];
    let output = output(&mut binary(line));
    assert_eq!((output.code, output.error()["code"].as_str()), (Some(75), Some("timeout")));
}

#[test]
fn ctrl_c_while_waiting_for_an_answer_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut command = binary(["users", "ls", "--json", "--socket", path.to_str().unwrap()]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let (stream, _) = listener.accept().unwrap();
    BufReader::new(&stream).read_line(&mut String::new()).unwrap();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "cancelled");
}

#[test]
fn timeouts_must_be_valid() {
    for text in ["0", "soon", "-5s", ""] {
        let mut command = binary(["users", "ls", "--timeout", text]);
        assert_eq!(output(&mut command).code, Some(2), "{text}");
    }
}

#[test]
fn invalid_replies_are_a_fault() {
    for reply in ["", "{}", "[]", "{\"ok\":true}", "{\"ok\":true,\"result\":{}}", "\u{1b}"] {
        let output = Daemon::playing([reply]).run("users ls --json");
        let found = (output.code, output.error()["code"].clone());
        assert_eq!(found, (Some(70), json!("bad_reply")), "{reply}");
    }
    let none: [&str; 0] = [];
    assert_eq!(Daemon::playing(none).run("users ls").code, Some(70));
    let long = "x".repeat(1024 * 1024 + 1);
    assert_eq!(Daemon::playing([long]).run("users ls").code, Some(70));
}

#[test]
fn a_refusal_before_the_request_was_read_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let daemon = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let line = refused("busy", "too many connections");
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    });
    let output = output(&mut binary(["users", "ls", "--socket", path.to_str().unwrap()]));
    daemon.join().unwrap();
    assert_eq!(output.code, Some(75));
    assert_eq!(output.err, "error: too many connections\n");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let daemon = Daemon::playing([ok(&json!({"items": [], "next": null}))]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = daemon.command(["users", "ls", "--csv"]);
    command.stdout(writer);
    let output = output(&mut command);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
}

#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let daemon = Daemon::playing([empty_list()]);
    let output = output(daemon.command(["users", "ls", "--csv"]).stdout(full));
    assert_eq!(output.code, Some(1));
    assert!(output.err.contains("standard output"), "{}", output.err);
}
