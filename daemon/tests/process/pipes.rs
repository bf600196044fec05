//! Settings and passwords through pipes, by a shell as well.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::outside::clear_env;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;

fn fifo(home: &TestDaemon, name: &str) -> PathBuf {
    let path = home.root().join(name);
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
    path
}

/// Writes in two pieces as soon as somebody reads.
fn written(path: &Path, text: &str) -> JoinHandle<()> {
    let (path, text) = (path.to_owned(), text.to_owned());
    thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
        let (first, second) = text.split_at(text.len() / 2);
        pipe.write_all(first.as_bytes()).unwrap();
        pipe.write_all(second.as_bytes()).unwrap();
    })
}

fn logs_in(home: &mut TestDaemon) -> bool {
    let login = json!({"name": "admin", "password": "correct horse", "client_ip": "192.0.2.1",
        "session": false});
    home.confirmed("auth.login", login)["ok"] == true
}

fn reset(home: &mut TestDaemon) -> Value {
    let reply = home.confirmed("users.reset", json!({}));
    assert_eq!(reply["ok"], true, "{reply}");
    reply
}

#[test]
fn a_config_in_a_pipe_is_read_once_with_its_password() {
    let home = TestDaemon::new();
    let path = fifo(&home, "settings");
    let writer =
        written(&path, "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_PASSWORD=correct horse\n");
    let mut home = home.args(["--config", path.to_str().unwrap()]);
    home.start();
    writer.join().unwrap();
    assert!(logs_in(&mut home));
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_log("the settings stay as they were");
    assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
    let reply = reset(&mut home);
    assert_eq!(reply.get("warnings"), None, "{reply}");
    assert!(logs_in(&mut home), "a reset uses it again");
}

#[test]
fn a_password_file_in_a_pipe_is_read_at_the_start_and_stops_no_reset() {
    let home = TestDaemon::new();
    let path = fifo(&home, "password");
    let writer = written(&path, "correct horse\n");
    let mut home = home.args(["--admin-password-file", path.to_str().unwrap()]);
    home.start();
    writer.join().unwrap();
    assert!(logs_in(&mut home));
    let warnings = reset(&mut home)["warnings"].to_string();
    assert!(warnings.contains("is a pipe, which can be read at the start alone"), "{warnings}");
    assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
}

#[test]
fn process_substitution_of_a_shell_works() {
    let home = TestDaemon::new();
    let line = "exec \"$0\" --config <(printf 'PHOTOPRISM_ADMIN_USER=boss\\n') \
                --admin-password-file <(printf 'correct horse') \"$@\"";
    let mut command = Command::new("bash");
    clear_env(&mut command).args(["-c", line, env!("CARGO_BIN_EXE_photoprismd")]);
    command.arg("--database").arg(home.database()).arg("--socket").arg(home.socket());
    let running = Running::start({
        command.stdin(Stdio::null());
        command
    });
    let login = json!({"cmd": "auth.login", "args": {"name": "boss", "password": "correct horse",
        "client_ip": "192.0.2.1", "session": false}});
    assert_eq!(home.ask(&login.to_string())["ok"], true);
    // Both descriptors are still there and nobody writes any more.
    running.signal(Signal::SIGHUP);
    running.wait_for_log("the settings stay as they were");
    assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
    running.stop();
}

#[test]
fn a_pipe_that_nobody_writes_is_2_before_anything_is_created() {
    let home = TestDaemon::new();
    let path = fifo(&home, "password");
    let home = home.args(["--admin-password-file", path.to_str().unwrap()]);
    let end = crate::bare::End::from(home.ends());
    end.assert(2, &["admin-password-file", "nobody writes into it"]);
    assert!(!home.database().exists() && !home.socket().exists());
}
