//! `logins`: attempts listed, followed and cleared.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use common::terminal::Terminal;
use common::{Daemon, ok, page, refused};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

fn attempt(name: &str, status: &str) -> Value {
    let ok = status == "OK";
    let at = |on: bool| if on { json!("2026-11-24T08:00:00Z") } else { Value::Null };
    json!({"client_ip": "192.0.2.7", "name": name, "realm": "api", "status": status,
        "error": "", "repeated": 0, "user_agent": "", "login_at": at(ok), "failed_at": at(!ok),
        "banned_at": null, "updated_at": "2026-11-24T08:00:00Z"})
}

fn args(line: &str) -> Value {
    let daemon = Daemon::playing([page(&[], None)]);
    let output = daemon.run(line);
    assert_eq!(output.code, Some(0), "{line}: {output:?}");
    let request = daemon.requests().remove(0);
    assert_eq!(request["cmd"], "logins.ls");
    request["args"].clone()
}

#[test]
fn ls_has_the_columns_of_the_documentation() {
    let items = [attempt("bob", "wrong password"), attempt("\u{1b}[2J", "OK")];
    let run = |line: &str| Daemon::playing([page(&items, None)]).run(line);
    let output = run("logins ls");
    assert_eq!(
        output.out,
        "|-----------|-----------|-------|----------------|---------------------|---------------------|\n\
         | Client IP | User Name | Realm |     Status     |     Last Login      |      Failed At      |\n\
         |-----------|-----------|-------|----------------|---------------------|---------------------|\n\
         | 192.0.2.7 | bob       | api   | wrong password |                     | 2026-11-24 08:00:00 |\n\
         | 192.0.2.7 | \\u{1b}[2J | api   | OK             | 2026-11-24 08:00:00 |                     |\n\
         |-----------|-----------|-------|----------------|---------------------|---------------------|\n"
    );
    assert_eq!(output.err, "found 2 attempts\n");
    assert!(run("audit logins -c").out.starts_with("Client IP;User Name;Realm;Status;Last"));
    assert_eq!(serde_json::from_str::<Value>(&run("audit logins -j").out).unwrap(), json!(items));
}

#[test]
fn filters_are_arguments_of_the_protocol() {
    assert_eq!(args("logins ls"), json!({"limit": 100}));
    assert_eq!(
        args("logins ls -n 5 192. --failed --ip 192.0.2.7 --user bob --since 2026-11-01"),
        json!({"search": "192.", "limit": 5, "failed": true, "client_ip": "192.0.2.7",
            "name": "bob", "since": "2026-11-01T00:00:00Z"})
    );
    assert_eq!(args("logins ls --ok"), json!({"limit": 100, "failed": false}));
    let since = args("logins ls --since 2h")["since"].as_str().unwrap().to_owned();
    assert!(since.len() == 20 && since.ends_with('Z'), "{since}");
    assert_eq!(Daemon::playing([""]).run("logins ls --ok --failed").code, Some(2));
    assert_eq!(Daemon::playing([""]).run("logins ls --since 9000y").code, Some(2));
}

#[test]
fn clear_says_what_went() {
    for (line, args) in [
        ("logins clear --yes", json!({})),
        ("audit reset -y", json!({})),
        ("logins clear --user bob -y", json!({"name": "bob"})),
        (
            "logins clear --ip 192.0.2.7 --user bob -y",
            json!({"name": "bob", "client_ip": "192.0.2.7"}),
        ),
    ] {
        let daemon = Daemon::done(&json!({"removed": 2}));
        let output = daemon.run(line);
        assert_eq!((output.code, output.out.as_str()), (Some(0), ""), "{line}");
        assert_eq!(output.err, "removed 2 login records\n");
        let request = json!({"cmd": "logins.clear", "args": args, "confirm": true});
        assert_eq!(daemon.requests(), [request], "{line}");
    }
    let output = Daemon::done(&json!({"removed": 2})).run("logins clear -y --json");
    assert_eq!(output.out, "{\"removed\":2}\n");
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("logins clear -y").code, Some(4));
    assert_eq!(Daemon::playing([""]).run("logins clear").code, Some(2));
}

#[test]
fn clearing_is_asked_about() {
    let daemon = Daemon::done(&json!({"removed": 2}));
    let mut terminal = Terminal::start(&mut daemon.command(["logins", "clear", "--user", "bob"]));
    terminal.wait_for("Clear the login records and bans of \"bob\"? [y/N] ");
    terminal.type_in("n\n");
    assert_eq!(terminal.finish(), Some(1));
    assert!(daemon.requests().is_empty());
}

/// Starts `line` with its standard output on a pipe.
fn start(daemon: &Daemon, line: &str) -> Child {
    let mut command = daemon.command(line.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
}

#[test]
fn follow_prints_each_new_attempt_once() {
    let old = attempt("old", "OK");
    let (one, two) = (attempt("one", "wrong password"), attempt("two", "OK"));
    let daemon = Daemon::playing([
        page(std::slice::from_ref(&old), None),
        page(&[two.clone(), one.clone(), old.clone()], None),
        page(&[two.clone(), one.clone()], None),
        page(&[attempt("two", "scope"), one.clone()], None),
        page(&[], None),
        page(&[], None),
        page(&[], None),
    ]);
    let mut child = start(&daemon, "logins ls --follow --json");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!([next(), next(), next()], [one, two, attempt("two", "scope")]);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "cancelled");
    let sent = daemon.requests();
    assert!(sent.iter().all(|request| request["args"]["since"].is_string()), "{sent:?}");
}

#[test]
fn follow_begins_with_what_since_asks_for() {
    let old = attempt("old", "OK");
    let daemon = Daemon::playing([
        page(std::slice::from_ref(&old), None),
        page(&[old.clone(), attempt("older", "OK")], None),
        page(&[attempt("new", "OK"), old], None),
        page(&[], None),
        page(&[], None),
    ]);
    let mut child = start(&daemon, "logins ls --follow --since 2026-11-01 -n 2");
    // Read to the end of the test: a pipe that is closed ends it as well, and quietly.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let rows: Vec<String> = lines.by_ref().map(Result::unwrap).take(6).collect();
    assert!(rows[0].starts_with("|---") && rows[2].starts_with("|---"), "{rows:?}");
    let names: Vec<&str> =
        rows[3..].iter().filter_map(|row| row.split('|').nth(2)).map(str::trim).collect();
    assert_eq!(names, ["older", "old", "new"]);
    assert_eq!(daemon.requests()[1]["args"]["since"], "2026-11-01T00:00:00Z");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn follow_ends_when_nobody_reads_or_the_daemon_refuses() {
    let daemon = Daemon::playing(vec![page(&[], None); 9]);
    let mut child = start(&daemon, "logins ls --follow");
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let daemon = Daemon::playing([refused("forbidden", "no")]);
    assert_eq!(daemon.run("logins ls --follow").code, Some(4));
    let daemon = Daemon::playing([page(&[], None), ok(&json!({}))]);
    assert_eq!(daemon.run("logins ls --follow").code, Some(70));
}
