//! `users import` of files with more rows than one transaction may have.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use common::terminal::Terminal;
use common::{Daemon, binary, ok, output, refused};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

const LINES: usize = 20_001;

fn item(line: u64, name: &str, refused: bool) -> Value {
    let (outcome, code) =
        if refused { ("refused", json!("exists")) } else { ("added", Value::Null) };
    json!({"line": line, "name": name, "outcome": outcome, "changed": [], "sessions_revoked": 0,
        "code": code, "field": null, "message": null})
}

fn step(done: bool, items: &[Value], left: u64) -> String {
    let refused = items.iter().filter(|item| !item["code"].is_null()).count();
    ok(&json!({"import": "abc", "done": done, "rows": 20_000, "prepared": 0, "missing_files": [],
        "items": items, "next": null, "left": left, "counts": {"added": items.len() - refused,
        "updated": 0, "unchanged": 0, "kept": 0, "pruned": 0, "refused": refused}}))
}

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.csv");
    fs::write(&path, ["name\n", &"a\n".repeat(LINES)].concat()).unwrap();
    (directory, path)
}

/// Parts of the text, and then these.
fn script(after: impl IntoIterator<Item = String>) -> Vec<String> {
    let sends = (5 + 2 * LINES).div_ceil(10_000);
    vec![step(false, &[], 0); sends].into_iter().chain(after).collect()
}

#[test]
fn a_long_file_is_imported_in_parts() {
    let (_directory, path) = file();
    let parts = || {
        script([
            step(false, &[], 9),
            step(true, &[item(2, "bob", false), item(3, "eve", true)], 9),
            step(true, &[item(4, "zoe", false)], 0),
        ])
    };
    let run = |format: &str| {
        let daemon = Daemon::playing(parts());
        let seen = output(&mut daemon.command(["users", "import", format, path.to_str().unwrap()]));
        let requests = daemon.requests();
        let run = &requests[requests.len() - 2]["args"];
        assert_eq!((&run["parts"], run.get("more")), (&json!(true), None));
        assert_eq!(requests.last().unwrap()["args"], *run);
        assert_eq!(seen.code, Some(5), "{seen:?}");
        seen
    };
    let seen = run("--csv");
    let header = "Line;Username;Outcome;Changed;Message\n";
    assert_eq!(seen.out, format!("{header}2;bob;added;;\n3;eve;refused;;\n4;zoe;added;;\n"));
    assert_eq!(seen.err, "added 2, updated 0, unchanged 0, kept 0, pruned 0, refused 1\n");
    let printed: Value = serde_json::from_str(&run("--json").out).unwrap();
    let items = [item(2, "bob", false), item(3, "eve", true), item(4, "zoe", false)];
    assert_eq!(printed["items"], json!(items));
    assert_eq!(
        (&printed["counts"]["added"], &printed["counts"]["refused"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(run("--md").out.matches("Username").count(), 1);
    // For people what was refused alone.
    let table = run("--no-input").out;
    assert!(table.contains("eve") && !table.contains("bob"), "{table}");
}

#[test]
fn a_long_file_needs_line_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, format!("[{}]", "x".repeat(16 << 20))).unwrap();
    let daemon = Daemon::playing([""; 0]);
    let seen = output(&mut daemon.command(["users", "import", path.to_str().unwrap()]));
    assert_eq!(seen.code, Some(2), "{seen:?}");
    assert!(seen.err.contains("without a line end"), "{}", seen.err);
    assert_eq!(seen.err.lines().count(), 1, "{}", seen.err);
}

#[test]
fn what_was_done_before_it_failed_is_said() {
    let (_directory, path) = file();
    let part = step(true, &[item(2, "bob", false)], 9);
    let daemon = Daemon::playing(script([part, refused("storage_full", "no")]));
    let seen = output(&mut daemon.command(["users", "import", path.to_str().unwrap()]));
    assert_eq!(seen.code, Some(1), "{seen:?}");
    assert!(seen.err.contains("1 rows were imported; run the same command again"), "{}", seen.err);
}

/// The part that runs is waited for, so that what is said is what was done.
#[test]
fn ctrl_c_says_what_really_happened() {
    let (directory, path) = file();
    let socket = directory.path().join("admin.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (asked, was_asked) = mpsc::channel();
    let (answer, may_answer) = mpsc::channel::<()>();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut runs = 0;
        for line in BufReader::new(&stream).lines() {
            let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let reply = if request["args"]["run"] == true {
                runs += 1;
                if runs == 2 {
                    asked.send(()).unwrap();
                    may_answer.recv().unwrap();
                }
                step(true, &[item(runs + 1, "bob", false)], 9)
            } else {
                step(false, &[], 0)
            };
            (&stream).write_all(format!("{reply}\n").as_bytes()).unwrap();
        }
    });
    let mut command = binary(["users", "import", path.to_str().unwrap()]);
    let mut terminal = Terminal::start(command.env("PHOTOPRISM_ADMIN_SOCKET", &socket));
    was_asked.recv().unwrap();
    terminal.wait_for("imported 1 rows, 100 % of the file");
    terminal.signal(Signal::SIGINT);
    answer.send(()).unwrap();
    assert_eq!(terminal.finish(), Some(130), "{}", terminal.shown);
    let said = "cancelled; 2 rows were imported; run the same command again for the rest";
    assert!(terminal.shown.contains(said), "{}", terminal.shown);
}
