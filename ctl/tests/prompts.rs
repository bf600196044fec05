//! Questions on a terminal: asked, answered, refused, interrupted.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;

use common::terminal::Terminal;
use common::{Daemon, account, binary, ok, refused};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const FIRST: &str = "New password (8 to 72 characters): ";
const SECOND: &str = "Repeat the password: ";

fn changed() -> Value {
    json!({"sessions_revoked": 0})
}

/// Shows an account, which is checked before a password is asked for, and then changes it.
fn changing() -> Daemon {
    Daemon::playing([ok(&json!({"user": account("bob")})), ok(&changed())])
}

fn start(daemon: &Daemon, line: &str) -> Terminal {
    Terminal::start(&mut daemon.command(line.split(' ')))
}

#[test]
fn a_password_is_asked_for_twice_without_echo() {
    let daemon = changing();
    let mut terminal = start(&daemon, "passwd admin");
    terminal.wait_for(FIRST);
    assert!(!terminal.echoes());
    terminal.type_in("new secret\n");
    terminal.wait_for(SECOND);
    assert!(!terminal.echoes());
    terminal.type_in("new secret\n");
    assert_eq!(terminal.finish(), Some(0));
    assert!(terminal.echoes());
    assert!(!terminal.shown.contains("secret"), "{}", terminal.shown);
    assert!(terminal.shown.contains("changed the password of admin"), "{}", terminal.shown);
    assert_eq!(daemon.requests()[1]["args"]["password"], "new secret");
}

#[test]
fn what_is_typed_ahead_of_the_second_prompt_is_not_shown() {
    let daemon = changing();
    let mut terminal = start(&daemon, "passwd admin");
    terminal.wait_for(FIRST);
    terminal.type_in("new secret\nnew secret\n");
    assert_eq!(terminal.finish(), Some(0));
    assert!(!terminal.shown.contains("secret"), "{}", terminal.shown);
}

#[test]
fn two_different_passwords_are_asked_for_anew() {
    let daemon = changing();
    let mut terminal = start(&daemon, "passwd admin");
    terminal.wait_for(FIRST);
    for attempt in 1..=3 {
        assert!(!terminal.echoes());
        terminal.type_in("one secret\n");
        terminal.wait_for(SECOND);
        terminal.type_in("another secret\n");
        if attempt < 3 {
            terminal.wait_for(&format!("differ; nothing was changed\r\n{FIRST}"));
        }
    }
    assert_eq!(terminal.finish(), Some(1));
    assert_eq!(terminal.shown.matches("differ").count(), 3, "{}", terminal.shown);
    assert_eq!(daemon.requests().len(), 1);
}

#[test]
fn a_password_that_breaks_a_rule_is_asked_for_anew_at_once() {
    let daemon = changing();
    let mut terminal = start(&daemon, "passwd bob");
    terminal.wait_for(FIRST);
    for (typed, rule) in [("short", "choose a longer one"), (" leading blank", "leave it out")] {
        terminal.type_in(&format!("{typed}\n"));
        terminal.wait_for(&format!("{rule}\r\n{FIRST}"));
        assert!(!terminal.shown.contains(SECOND), "{}", terminal.shown);
    }
    terminal.type_in("new secret\nnew secret\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    assert_eq!(daemon.requests()[1]["args"]["password"], "new secret");

    let daemon = changing();
    let mut terminal = start(&daemon, "passwd bob");
    terminal.wait_for(FIRST);
    terminal.type_in("a\nb\nc\n");
    assert_eq!(terminal.finish(), Some(2), "{}", terminal.shown);
    assert_eq!(daemon.requests().len(), 1);
}

/// A rule that only the daemon knows: a longer minimum, a list of common passwords.
fn refused_password() -> String {
    let error = json!({"code": "invalid_argument", "message": "too common", "field": "password"});
    json!({"id": null, "ok": false, "error": error}).to_string()
}

#[test]
fn a_password_that_the_daemon_refuses_is_asked_for_anew() {
    let show = ok(&json!({"user": account("bob")}));
    let bad = refused_password();
    let daemon = Daemon::playing([show.clone(), bad.clone(), ok(&changed())]);
    let mut terminal = start(&daemon, "passwd bob");
    terminal.wait_for(FIRST);
    terminal.type_in("password\npassword\n");
    terminal.wait_for(&format!("error: too common\r\n{FIRST}"));
    terminal.type_in("new secret\nnew secret\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    assert_eq!(daemon.requests()[2]["args"]["password"], "new secret");

    let not_there = refused("not_found", "no zed");
    let daemon = Daemon::playing([not_there, bad.clone(), bad.clone(), bad]);
    let mut terminal = start(&daemon, "users add -r guest zed");
    terminal.wait_for(FIRST);
    for typed in ["password", "passw0rd"] {
        terminal.type_in(&format!("{typed}\n{typed}\n"));
        terminal.wait_for(&format!("error: too common\r\n{FIRST}"));
    }
    terminal.type_in("12345678\n12345678\n");
    assert_eq!(terminal.finish(), Some(2), "{}", terminal.shown);
    assert_eq!(daemon.requests()[3]["args"]["password"], "12345678");
}

#[test]
fn an_account_is_checked_before_a_password_is_asked_for() {
    let show = |name| ok(&json!({"user": account(name)}));
    let missing = || refused("not_found", "no nobody");
    for (line, reply, code, said) in [
        ("passwd nobody", missing(), 3, "no nobody"),
        ("passwd --password-stdin nobody", missing(), 3, "no nobody"),
        ("passwd gone", show("gone"), 3, "photoprism users restore gone"),
        ("passwd olga", show("olga"), 2, "its provider is oidc"),
        ("users add -r guest bob", show("bob"), 5, "the name \"bob\" is taken"),
        ("users add -r guest --password-stdin bob", show("bob"), 5, "is taken"),
        ("users mod --password-stdin nobody", missing(), 3, "no nobody"),
        ("auth add nobody", missing(), 3, "no nobody"),
    ] {
        let daemon = Daemon::playing([reply]);
        let mut terminal = start(&daemon, line);
        assert_eq!(terminal.finish(), Some(code), "{line}: {}", terminal.shown);
        assert!(terminal.shown.contains(said), "{line}: {}", terminal.shown);
        assert_eq!(daemon.requests()[0]["cmd"], "users.show");
        assert!(!terminal.shown.contains(": \r") && !terminal.shown.contains("New password"));
    }
}

#[test]
fn ctrl_c_at_a_password_leaves_the_terminal_as_it_was() {
    for (prompt, typed) in [(FIRST, "half"), (SECOND, "")] {
        let daemon = changing();
        let mut terminal = start(&daemon, "passwd admin --json");
        terminal.wait_for(FIRST);
        if prompt == SECOND {
            terminal.type_in("new secret\n");
            terminal.wait_for(SECOND);
        }
        terminal.type_in(&format!("{typed}\u{3}"));
        assert_eq!(terminal.finish(), Some(130));
        assert!(terminal.echoes());
        assert_eq!(terminal.shown.matches("nothing was changed").count(), 1, "{}", terminal.shown);
        assert!(terminal.shown.contains(r#""code":"cancelled""#), "{}", terminal.shown);
        assert_eq!(daemon.requests().len(), 1);
    }
}

#[test]
fn signals_at_a_password_leave_the_terminal_as_it_was() {
    for (signal, code) in
        [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, None), (Signal::SIGHUP, None)]
    {
        let daemon = changing();
        let mut terminal = start(&daemon, "passwd admin");
        terminal.wait_for(FIRST);
        terminal.signal(signal);
        assert_eq!(terminal.finish(), code, "{signal}");
        assert!(terminal.echoes(), "{signal}");
    }
}

#[test]
fn no_core_is_dumped_at_a_password() {
    let dumps = |program: &str| {
        let directory = tempfile::tempdir().unwrap();
        let mut shell = std::process::Command::new("sh");
        // Where the tests run in the background of a shell, the signal is ignored.
        let program = format!("env --default-signal=QUIT {program}");
        shell.arg("-c").arg(format!("ulimit -c unlimited && exec {program}"));
        shell.current_dir(directory.path());
        let mut terminal = Terminal::start(&mut shell);
        terminal.wait_for(FIRST);
        terminal.signal(Signal::SIGQUIT);
        terminal.ended().core_dumped()
    };
    if !dumps(&format!("sh -c 'printf \"{FIRST}\"; read line'")) {
        return common::outside::skipped("this system dumps no cores");
    }
    let daemon = changing();
    let socket = daemon.socket().display().to_string();
    let program = env!("CARGO_BIN_EXE_photoprism");
    assert!(!dumps(&format!("{program} --socket {socket} passwd admin")));
}

#[test]
fn an_interrupt_ends_everything_else_too() {
    let daemon = Daemon::done(&changed());
    let mut terminal = start(&daemon, "users rm bob");
    terminal.wait_for("[y/N] ");
    terminal.signal(Signal::SIGINT);
    assert_eq!(terminal.finish(), Some(130));
    assert!(terminal.shown.ends_with("error: cancelled; nothing was changed\r\n"));
    assert!(daemon.requests().is_empty());
}

#[test]
fn signals_end_the_wait_for_an_answer_after_a_prompt() {
    for (signal, code) in [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, None)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let socket = path.to_str().unwrap();
        let mut terminal = Terminal::start(&mut binary(["passwd", "admin", "--socket", socket]));
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        BufReader::new(&stream).read_line(&mut request).unwrap();
        let show = ok(&json!({"user": account("bob")}));
        stream.write_all(format!("{show}\n").as_bytes()).unwrap();
        terminal.wait_for(FIRST);
        terminal.type_in("new secret\nnew secret\n");
        BufReader::new(&stream).read_line(&mut request).unwrap();
        assert!(terminal.echoes());
        terminal.signal(signal);
        assert_eq!(terminal.finish(), code, "{signal}");
        assert_eq!(terminal.shown.contains("cancelled"), signal == Signal::SIGINT);
    }
}

#[test]
fn the_end_of_the_input_is_a_no() {
    for (line, prompt) in [("passwd admin", FIRST), ("users rm bob", "[y/N] ")] {
        let daemon = changing();
        let mut terminal = start(&daemon, line);
        terminal.wait_for(prompt);
        terminal.type_in("\u{4}");
        assert_eq!(terminal.finish(), Some(1), "{line}");
        assert!(daemon.requests().iter().all(|sent| sent["cmd"] == "users.show"));
    }
}

#[test]
fn nothing_but_a_yes_deletes() {
    let removed = json!({"user": account("bob"), "sessions_revoked": 0});
    for (answer, code) in [("y", 0), ("YES", 0), ("", 1), ("n", 1), ("yep", 1)] {
        let daemon = Daemon::playing([ok(&removed), ok(&removed)]);
        let mut terminal = start(&daemon, "users rm bob alice");
        terminal.wait_for("Delete \"bob\", \"alice\"? [y/N] ");
        terminal.type_in(&format!("{answer}\n"));
        assert_eq!(terminal.finish(), Some(code), "{answer}");
        let sent = daemon.requests();
        assert_eq!(sent.len(), if code == 0 { 2 } else { 0 }, "{answer}");
        assert!(sent.iter().all(|request| request["confirm"] == true));
    }
}

#[test]
fn removing_a_password_and_a_reset_are_asked_about() {
    let daemon = Daemon::done(&changed());
    let mut terminal = start(&daemon, "passwd --remove bob");
    terminal.wait_for("[y/N] ");
    terminal.type_in("n\n");
    assert_eq!(terminal.finish(), Some(1));
    assert!(daemon.requests().is_empty());
}

#[test]
fn a_missing_name_is_asked_for() {
    let daemon = Daemon::done(&json!({"user": account("bob")}));
    let mut terminal = start(&daemon, "users show -j");
    terminal.wait_for("Username: ");
    terminal.type_in("bob\n");
    assert_eq!(terminal.finish(), Some(0));
    assert_eq!(daemon.requests()[0]["args"], json!({"user": "bob"}));
}

#[test]
fn add_asks_for_what_is_missing() {
    let not_there = refused("not_found", "no bob");
    let daemon = Daemon::playing([not_there, ok(&json!({"user": account("bob")}))]);
    let mut terminal = start(&daemon, "users add");
    terminal.wait_for("Username: ");
    terminal.type_in("bob\n");
    terminal.wait_for(FIRST);
    terminal.type_in("mysecret\n");
    terminal.wait_for(SECOND);
    terminal.type_in("mysecret\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    let args = json!({"name": "bob", "role": "admin", "password": "mysecret"});
    assert_eq!(daemon.requests()[1], json!({"cmd": "users.add", "args": args}));
}

#[test]
fn a_deleted_account_is_offered_before_a_password_is_asked_for() {
    let gone = ok(&json!({"user": account("gone")}));
    let daemon = Daemon::playing([gone.clone(), gone.clone()]);
    let mut terminal = start(&daemon, "users add -n Back gone");
    terminal.wait_for("Restore it? [y/N] ");
    terminal.type_in("y\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    let args = json!({"name": "gone", "restore": true, "display_name": "Back"});
    assert_eq!(daemon.requests()[1], json!({"cmd": "users.add", "args": args}));

    let daemon = Daemon::playing([gone]);
    let mut terminal = start(&daemon, "users add gone");
    terminal.wait_for("Restore it? [y/N] ");
    terminal.type_in("n\n");
    assert_eq!(terminal.finish(), Some(1));
    assert_eq!(daemon.requests().len(), 1);
}

#[test]
fn a_deleted_account_is_offered_after_its_name_was_refused() {
    let gone = ok(&json!({"user": account("gone")}));
    let daemon = Daemon::playing([refused("exists", "taken"), gone.clone(), gone]);
    let mut terminal = start(&daemon, "users add -p mysecret gone");
    terminal.wait_for("Restore it? [y/N] ");
    terminal.type_in("y\n");
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown);
    let args = json!({"name": "gone", "restore": true, "password": "mysecret"});
    assert_eq!(daemon.requests()[2]["args"], args);

    let bob = ok(&json!({"user": account("bob")}));
    let daemon = Daemon::playing([refused("exists", "taken"), bob]);
    assert_eq!(start(&daemon, "users add -p mysecret bob").finish(), Some(5));
}

#[test]
fn nothing_is_asked_where_that_was_forbidden() {
    let daemon = changing();
    assert_eq!(start(&daemon, "passwd admin --no-input").finish(), Some(2));
    let mut command = daemon.command(["users", "rm", "bob"]);
    let mut terminal = Terminal::start(command.env("PHOTOPRISM_CLI", "noninteractive"));
    assert_eq!(terminal.finish(), Some(2));
    assert!(terminal.shown.contains("--yes"), "{}", terminal.shown);
}

#[test]
fn long_cells_wrap_on_a_terminal() {
    let mut user = account("bob");
    user["display_name"] = "long ".repeat(40).into();
    let daemon = Daemon::done(&json!({"user": user}));
    let mut terminal = start(&daemon, "users show bob");
    assert_eq!(terminal.finish(), Some(0));
    assert!(terminal.shown.lines().all(|line| line.chars().count() <= 80), "{}", terminal.shown);
    assert!(terminal.shown.contains("long long"));
}
