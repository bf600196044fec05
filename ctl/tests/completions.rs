//! `admin completions` in the real shells, and `admin man` under `mandoc` and `man`, where this
//! machine has them.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::outside::{PATH, clear_env, lacks, with_own_clocks};
use common::{Daemon, account, binary, output, page, session};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_photoprism");

/// The script of a shell, in a file.
fn script(directory: &Path, shell: &str) -> String {
    let seen = output(&mut binary(["admin", "completions", shell]));
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""));
    let path = directory.join(shell);
    fs::write(&path, seen.out).unwrap();
    path.display().to_string()
}

/// A daemon that knows bob, and a name that no shell may ever run.
fn daemon() -> Daemon {
    let mut hostile = account("bob");
    hostile["name"] = "bo$(touch ran)".into();
    Daemon::playing([page(&[account("bob"), hostile], None)])
}

/// Runs a shell with `code` and gives its lines. Wherever it runs something it should not, a file
/// is left behind.
fn lines(daemon: &Daemon, shell: &str, code: &str) -> BTreeSet<String> {
    let mut command = Command::new(shell);
    clear_env(&mut command).env("PATH", PATH).env("HOME", daemon.directory.path());
    command.env("PHOTOPRISM_ADMIN_SOCKET", daemon.socket()).env("LC_ALL", "C.UTF-8");
    let unset = if shell == "fish" { "set -e" } else { "unset" };
    command.args(["-c", &with_own_clocks(unset, code)]).current_dir(daemon.directory.path());
    let seen = output(&mut command);
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{code}\n{}", seen.out);
    assert!(!daemon.directory.path().join("ran").exists(), "{code}");
    seen.out.lines().map(str::to_owned).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What is before the cursor, and what must be offered there: all of it, and nothing else.
const OFFERED: [(&[&str], &[&str]); 10] = [
    (&["lo"], &["logins"]),
    (&["user", "sh"], &["show"]),
    (&["--socket", "users", "pas"], &["passwd"]),
    (&["--timeout", "9s", "users", "2fa", "en"], &["enroll"]),
    (&["users", "add", "--expires"], &["--expires-at"]),
    (&["admin", "audit", "ve"], &["verify"]),
    (&["users", "mod", "-r", "ad"], &["admin"]),
    (&["users", "add", "--role", "gu"], &["guest"]),
    (&["users", "add", "-A", "l"], &["local", "ldap"]),
    (&["admin", "completions", "z"], &["zsh"]),
];

/// A daemon that knows two sessions.
fn with_sessions() -> Daemon {
    let named = |id: &str| {
        let mut named = session("sessqf0mn4tk");
        named["id"] = id.into();
        named
    };
    Daemon::playing([page(&[named("sessabcd0123"), named("sess$(touch ran)")], None)])
}

/// A daemon that has two backups.
fn with_backups() -> Daemon {
    let backup = |file: &str| {
        json!({"file": file, "path": file, "origin": "manual", "bytes": 1,
            "created_at": "2026-11-24T08:00:00Z"})
    };
    Daemon::playing([page(&[backup("manual-1.db"), backup("$(touch ran).db")], None)])
}

/// What is before the cursor where only the daemon knows what to offer.
const LISTED: [(&[&str], &str); 5] = [
    (&["auth", "show", "se"], "sessabcd0123"),
    (&["auth", "rm", "sessabcd0123", "se"], "sessabcd0123"),
    (&["admin", "backup", "restore", "ma"], "manual-1.db"),
    (&["admin", "backup", "verify", "ma"], "manual-1.db"),
    (&["admin", "backup", "rm", "ma"], "manual-1.db"),
];

/// Asks a shell for each of them.
fn assert_listed(complete: &dyn Fn(&Daemon, &[&str]) -> BTreeSet<String>) {
    for (words, offered) in LISTED {
        let (daemon, command) = match words[0] {
            "auth" => (with_sessions(), "auth.ls"),
            _ => (with_backups(), "backup.ls"),
        };
        assert_eq!(complete(&daemon, words), set(&[offered]), "{words:?}");
        let asked = json!({"cmd": command, "args": {"limit": 200}});
        assert_eq!(daemon.requests(), [asked], "{words:?}");
    }
}

#[test]
fn bash_completes_commands_flags_and_names() {
    if lacks("bash") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = script(directory.path(), "bash");
    let complete = |daemon: &Daemon, words: &[&str]| {
        let line = words.join(" ");
        let count = words.len();
        let code = format!(
            "source {script}; COMP_WORDS=({PROGRAM} {line}); COMP_CWORD={count}; _photoprism; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        lines(daemon, "bash", &code)
    };
    for (words, offered) in OFFERED {
        assert_eq!(complete(&daemon(), words), set(offered), "{words:?}");
    }
    assert_listed(&complete);
    let names = daemon();
    assert_eq!(complete(&names, &["users", "show", "b"]), set(&["bob"]));
    let asked = json!({"cmd": "users.ls", "args": {"search": "b", "limit": 200}});
    assert_eq!(names.requests(), [asked]);
    let names = daemon();
    assert_eq!(complete(&names, &["users", "restore", "b"]), set(&["bob"]));
    assert_eq!(names.requests()[0]["args"]["deleted"], true);
    // A new account has a name that nobody has yet, and without a daemon nothing is said.
    let names = daemon();
    assert_eq!(complete(&names, &["users", "add", "b"]), set(&[""]));
    assert_eq!(names.requests(), [Value::Null; 0]);
    let none: [&str; 0] = [];
    assert_eq!(complete(&Daemon::playing(none), &["users", "rm", "b"]), set(&[""]));
}

#[test]
fn zsh_completes_commands_flags_and_names() {
    if lacks("zsh") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = script(directory.path(), "zsh");
    // What zsh itself does with the words is its own: here they are printed.
    let stand_ins = "compdef() { }; _files() { print files }; \
        compadd() { shift; print -l -- ${(M)@:#$cur*} }; \
        _describe() { local list=${@[-1]} one; for one in ${(P)list}; do \
            print -r -- ${one%%:*}; done | grep -e \"^$cur\" || true }";
    let complete = |daemon: &Daemon, words: &[&str]| {
        let (line, count) = (words.join(" "), words.len() + 1);
        let code = format!(
            "{stand_ins}; source {script}; words=({PROGRAM} {line}); CURRENT={count}; _photoprism"
        );
        lines(daemon, "zsh", &code)
    };
    for (words, offered) in OFFERED {
        assert_eq!(complete(&daemon(), words), set(offered), "{words:?}");
    }
    assert_listed(&complete);
    assert_eq!(complete(&daemon(), &["users", "show", "b"]), set(&["bob"]));
    assert_eq!(complete(&daemon(), &["users", "ls", "--socket", "b"]), set(&["files"]));
}

#[test]
fn fish_completes_commands_flags_and_names() {
    if lacks("fish") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = script(directory.path(), "fish");
    let complete = |daemon: &Daemon, words: &[&str]| {
        // It completes for the name that was typed: the directory of the program comes first.
        let bin = Path::new(PROGRAM).parent().unwrap().display();
        let line = words.join(" ");
        let code =
            format!("set -x PATH {bin} $PATH; source {script}; complete -C 'photoprism {line}'");
        lines(daemon, "fish", &code)
            .into_iter()
            .map(|line| line.split('\t').next().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    for (words, offered) in OFFERED {
        assert_eq!(complete(&daemon(), words), set(offered), "{words:?}");
    }
    assert_listed(&complete);
    assert_eq!(complete(&daemon(), &["users", "show", "b"]), set(&["bob"]));
}

#[test]
fn another_shell_is_a_usage_error() {
    let seen = output(&mut binary(["admin", "completions", "tcsh"]));
    assert_eq!(seen.code, Some(2));
    assert!(seen.err.contains("bash, zsh or fish"), "{}", seen.err);
}

#[test]
fn every_command_has_a_page_that_man_reads() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("share/man1");
    let seen = output(&mut binary(["admin", "man", target.to_str().unwrap()]));
    assert_eq!((seen.code, seen.out.as_str()), (Some(0), ""), "{seen:?}");
    let pages: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(seen.err.starts_with(&format!("wrote {} pages to ", pages.len())), "{}", seen.err);
    for name in ["photoprism.1", "photoprism-users-2fa-enroll.1", "photoprism-admin-doctor.1"] {
        assert!(target.join(name).exists(), "{name}");
    }
    let add = fs::read_to_string(target.join("photoprism-users-add.1")).unwrap();
    for part in [
        "photoprism\\-users\\-add \\- Add an account",
        "photoprism users add [OPTIONS] [USERNAME]",
        "\\fB\\-A\\fR, \\fB\\-\\-auth\\fR \\fIPROVIDER\\fR",
        "\\fB\\-\\-webdav\\fR[=\\fIBOOL\\fR]",
        "\\fBphotoprism\\-users\\fR(1)",
    ] {
        assert!(add.contains(part), "{part} in\n{add}");
    }
    let root = fs::read_to_string(target.join("photoprism.1")).unwrap();
    for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", "NOTES", "EXAMPLES", "SEE ALSO"] {
        assert_eq!(root.matches(&format!("\n.SH {section}\n")).count(), 1, "{section}\n{root}");
    }
    for part in ["77", "/run/photoprism/admin.sock", "PHOTOPRISM_FALLBACK", "photoprism users ls"] {
        assert!(root.contains(part), "{part} in\n{root}");
    }
    let show = fs::read_to_string(target.join("photoprism-users-show.1")).unwrap();
    assert!(show.contains("\n.SH EXAMPLES\n.nf\n  photoprism users show bob "), "{show}");
    assert!(seen.err.contains("/usr/local/share/man/man1"), "{}", seen.err);
    if !lacks("mandoc") {
        let mut command = Command::new("mandoc");
        let lint = command
            .env("PATH", PATH)
            .args(["-Tlint", "-W", "warning"])
            .args(&pages)
            .output()
            .unwrap();
        let found = String::from_utf8(lint.stdout).unwrap();
        // A page generated from a program has no date of its own.
        let found: Vec<_> = found.lines().filter(|line| !line.contains("missing date")).collect();
        assert_eq!(found, [""; 0]);
    }
    if !lacks("man") {
        let page = target.join("photoprism-users-add.1");
        let mut command = Command::new("man");
        clear_env(&mut command).env("PATH", PATH).env("MANWIDTH", "80").env("LC_ALL", "C");
        // Its sandbox stops what libfaketime does at the start of a program.
        command.env("MAN_DISABLE_SECCOMP", "1");
        let seen = output(command.arg("-l").arg(page));
        assert!(seen.out.contains("photoprism users add [OPTIONS] [USERNAME]"), "{seen:?}");
        assert_eq!(seen.code, Some(0));
    }
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(output(&mut binary(["admin", "man", file.to_str().unwrap()])).code, Some(1));
}
