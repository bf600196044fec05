//! What comes through a pipe, with a name or of a shell, is read once and whole.

mod common;

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use common::outside::{clear_env, with_own_clocks};
use common::{Daemon, Output, ok, output};
use nix::sys::stat::Mode;
use serde_json::{Value, json};

fn step(done: bool, more: &Value) -> String {
    let mut step = json!({"import": "abc", "done": done, "rows": 1, "prepared": 1,
        "missing_files": [], "items": [], "next": null, "counts": {"added": 0, "updated": 0,
        "unchanged": 0, "kept": 0, "pruned": 0, "refused": 0}});
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    ok(&step)
}

/// A daemon that takes a text in as many parts as it comes.
fn taking(parts: usize) -> Daemon {
    let mut replies = vec![step(false, &json!({})); parts];
    replies.push(step(true, &json!({})));
    Daemon::playing(replies)
}

/// All of the text that it was sent.
fn sent(daemon: &Daemon) -> String {
    let requests = daemon.requests();
    requests.iter().filter_map(|request| request["args"]["text"].as_str()).collect()
}

fn fifo(directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
    path
}

/// Writes once, in these pieces, as soon as somebody reads. A reader that goes away is not an error.
fn written(path: &Path, pieces: &[&[u8]]) -> JoinHandle<()> {
    let path = path.to_owned();
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
        for piece in pieces {
            let _ = pipe.write_all(&piece);
        }
    })
}

const TOML: &str = "[[account]]\nname = 'bob'\nrole = 'user'\n";

#[test]
fn a_pipe_with_a_name_is_sent_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(directory.path(), "accounts");
    let path = path.to_str().unwrap();
    let long = format!("name;role\n{}", "bob;user\n".repeat(10_000));
    for text in ["", "x", "name\nbob\n", "0123456789abcdef", TOML, &long] {
        for line in [
            vec!["users", "import", path],
            vec!["users", "apply", "-f", path],
            vec!["users", "apply", "-f", path, "--prune", "--yes"],
            vec!["users", "apply", "-f", path, "--dry-run"],
        ] {
            let (first, second) = text.split_at(text.len() / 3);
            let writer = written(Path::new(path), &[first.as_bytes(), second.as_bytes()]);
            let daemon = taking(text.len().div_ceil(10_000).max(1));
            let seen = output(&mut daemon.command(&line));
            writer.join().unwrap();
            assert_eq!(seen.code, Some(0), "{line:?}: {seen:?}");
            assert_eq!(sent(&daemon), text, "{line:?}");
        }
    }
}

fn bash(daemon: &Daemon, script: &str) -> Output {
    let mut command = Command::new("bash");
    let script = with_own_clocks("unset", script);
    clear_env(&mut command).args(["-c", &script]).stdin(Stdio::null());
    command.env("PHOTOPRISM_ADMIN_SOCKET", daemon.socket());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_photoprism"));
    output(&mut command)
}

#[test]
fn process_substitution_of_a_shell_is_sent_whole() {
    for (script, text) in [
        ("\"$PROGRAM\" users import <(printf 'name\\nbob\\n')", "name\nbob\n"),
        ("\"$PROGRAM\" users apply -f <(printf 'name\\nbob\\n')", "name\nbob\n"),
        ("\"$PROGRAM\" users apply --prune --yes -f <(printf name; printf '\\nbob')", "name\nbob"),
        ("printf 'name\\nbob\\n' | \"$PROGRAM\" users import -", "name\nbob\n"),
        ("printf 'name\\nbob\\n' | \"$PROGRAM\" users import /dev/stdin", "name\nbob\n"),
        ("\"$PROGRAM\" users import - <<< name", "name\n"),
    ] {
        let daemon = taking(1);
        let seen = bash(&daemon, script);
        assert_eq!(seen.code, Some(0), "{script}: {seen:?}");
        assert_eq!(sent(&daemon), text, "{script}");
    }
}

#[test]
fn a_database_through_a_pipe_is_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(directory.path(), "index.db");
    let bytes = b"SQLite format 3\0and a page of it";
    let file = directory.path().join("real.db");
    std::fs::write(&file, bytes).unwrap();
    for verb in [&["import"][..], &["apply", "-f"]] {
        let none: [&str; 0] = [];
        let daemon = Daemon::playing(none);
        let writer = written(&path, &[&bytes[..5], &bytes[5..]]);
        let line = [&["users"], verb, &[path.to_str().unwrap()]].concat();
        let seen = output(&mut daemon.command(line));
        writer.join().unwrap();
        assert_eq!(seen.code, Some(2), "{seen:?}");
        assert!(seen.err.contains("give the path of the file"), "{}", seen.err);
        let mut command = daemon.command([&["users"], verb, &["-"]].concat());
        let seen = output(command.stdin(std::fs::File::open(&file).unwrap()));
        assert_eq!(seen.code, Some(2), "{seen:?}");
        assert!(seen.err.contains("standard input is an SQLite database"), "{}", seen.err);
        assert!(daemon.requests().is_empty());
    }
}

#[test]
fn a_password_comes_through_a_pipe() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(directory.path(), "secret");
    for (pieces, password) in [
        (&[&b"x"[..]][..], "x"),
        (&[b"correct", b" horse", b"\n"], "correct horse"),
        (&[b"0123456789abcdef\r\n"], "0123456789abcdef"),
    ] {
        let daemon = Daemon::done(&json!({"sessions_revoked": 0}));
        let writer = written(&path, pieces);
        let line = ["passwd", "bob", "--password-file", path.to_str().unwrap()];
        let seen = output(&mut daemon.command(line));
        writer.join().unwrap();
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert_eq!(daemon.requests()[0]["args"]["password"], password);
    }
    // What everybody may read is found on the open pipe itself.
    nix::sys::stat::fchmodat(
        nix::fcntl::AT_FDCWD,
        &path,
        Mode::from_bits_truncate(0o604),
        nix::sys::stat::FchmodatFlags::FollowSymlink,
    )
    .unwrap();
    let none: [&str; 0] = [];
    let writer = written(&path, &[b"correct horse"]);
    let line = ["passwd", "bob", "--password-file", path.to_str().unwrap()];
    let seen = output(&mut Daemon::playing(none).command(line));
    writer.join().unwrap();
    assert_eq!(seen.code, Some(2), "{seen:?}");
    assert!(seen.err.contains("chmod 600"), "{}", seen.err);
}

#[test]
fn a_password_file_of_a_declared_file_is_read_once_for_plan_and_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accounts.toml");
    std::fs::write(&path, [TOML, "password_file = 'bob'\n"].concat()).unwrap();
    let secret = directory.path().join("bob");
    std::fs::write(&secret, "correct horse\n").unwrap();
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let missing = json!({"missing_files": ["bob"]});
    let run = || {
        [
            step(false, &json!({})),
            step(false, &missing),
            step(false, &json!({})),
            step(true, &json!({})),
        ]
    };
    let daemon = Daemon::playing(run().into_iter().chain(run()));
    let line = ["users", "apply", "--prune", "-f", path.to_str().unwrap()];
    let seen = output(&mut daemon.command(line));
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let requests = daemon.requests();
    let given: Vec<&Value> = requests.iter().map(|request| &request["args"]["password"]).collect();
    let given: Vec<&&Value> = given.iter().filter(|password| !password.is_null()).collect();
    assert_eq!(given, [&&json!("correct horse"); 2]);
}

/// Nobody writes into the FIFO: reading it would wait for ever.
#[test]
fn a_declared_password_file_is_a_regular_file() {
    let directory = tempfile::tempdir().unwrap();
    fifo(directory.path(), "fifo");
    std::fs::create_dir(directory.path().join("directory")).unwrap();
    for name in ["fifo", "directory", "/dev/zero"] {
        let path = directory.path().join("accounts.toml");
        std::fs::write(&path, format!("{TOML}password_file = '{name}'\n")).unwrap();
        let missing = json!({"missing_files": [name]});
        let daemon = Daemon::playing([step(false, &json!({})), step(false, &missing)]);
        let seen = output(&mut daemon.command(["users", "import", path.to_str().unwrap()]));
        assert_eq!(seen.code, Some(2), "{name}: {seen:?}");
        assert!(seen.err.contains("not a regular file"), "{}", seen.err);
    }
}
