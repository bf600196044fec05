//! What reports, help and `logins ls --follow` look like on a terminal of 80 columns.

mod common;

use common::terminal::Terminal;
use common::{Daemon, account, accounts, binary, output, page, sessions};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// What a terminal shows of `line`, without colours, and the exit code.
fn shown(daemon: &Daemon, line: &str) -> (Vec<String>, Option<i32>) {
    let mut command = daemon.command(line.split_whitespace());
    let mut terminal = Terminal::start(command.env("NO_COLOR", "1"));
    let code = terminal.finish();
    assert!(!terminal.shown.contains('\u{1b}'), "{}", terminal.shown);
    let lines: Vec<String> = terminal.shown.lines().map(str::to_owned).collect();
    let wide = lines.iter().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{line}\n{}", terminal.shown);
    (lines, code)
}

fn list(items: &[Value]) -> Daemon {
    Daemon::playing([page(items, None)])
}

#[test]
fn columns_without_room_are_left_out_and_named() {
    let (lines, code) = shown(&list(&accounts()[2..]), "users ls -lar");
    assert_eq!(code, Some(0));
    let titles: Vec<&str> = lines[1].split('|').map(str::trim).collect();
    assert_eq!(titles, ["", "Username", "Role", "Last Login", "Deleted At", ""]);
    let names = "UID, Super Admin, WebDAV, Web Login, Authentication, Created At";
    let left_out = format!("no room for: {names}; see --csv, --json, or a wider terminal times");
    assert!(lines.join(" ").contains(&left_out), "{lines:?}");
    let (lines, _) = shown(&list(&accounts()[2..]), "users ls");
    assert!(!lines[1].contains("UID") && lines[1].contains(" WebDAV "), "{lines:?}");
    let end = &lines[lines.len() - 2..];
    assert_eq!(end[0], "no room for: UID; see --csv, --json, or a wider terminal");
    assert!(end[1].starts_with("found "), "{end:?}");
    let (lines, _) = shown(&list(&sessions()), "auth ls");
    for column in ["Session ID", "User", "Client", "Last Active"] {
        assert!(lines[1].contains(column), "{column}: {lines:?}");
    }
    assert!(lines.contains(&"times are UTC".into()), "{lines:?}");
    // Piped, and in the other formats, there are all columns and no word about them.
    let piped = list(&accounts()[2..]).run("users ls");
    assert!(piped.out.contains("UID") && piped.err.lines().count() == 1, "{piped:?}");
    let (lines, _) = shown(&list(&[account("bob")]), "users ls --tsv");
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[test]
fn show_is_a_list_of_properties() {
    let (lines, code) = shown(&Daemon::done(&json!({"user": account("dave")})), "users show dave");
    assert_eq!(code, Some(0));
    for line in ["Authentication:  Default (2FA)", "Username:        dave", "times are UTC"] {
        assert!(lines.contains(&line.into()), "{line} in {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains('|')), "{lines:?}");
}

#[test]
fn a_terminal_has_bold_headers_and_dim_rules_where_colours_are_wanted() {
    let screen = |term: &str, no_color: Option<&str>| {
        let daemon = list(&[account("bob")]);
        let mut command = daemon.command(["users", "ls"]);
        command.env("TERM", term).envs(no_color.map(|value| ("NO_COLOR", value)));
        let mut terminal = Terminal::start(&mut command);
        assert_eq!(terminal.finish(), Some(0));
        terminal.shown
    };
    let coloured = screen("xterm", None);
    for part in ["\u{1b}[1mUsername\u{1b}[0m", "\u{1b}[2m|----"] {
        assert!(coloured.contains(part), "{part:?} in {coloured:?}");
    }
    assert_eq!(coloured.matches("\u{1b}[0m").count(), coloured.matches("\u{1b}[").count() / 2);
    assert!(!screen("xterm", Some("1")).contains('\u{1b}'));
    assert!(screen("xterm", Some("")).contains('\u{1b}'), "an empty one counts as none");
    for term in ["dumb", ""] {
        assert!(!screen(term, None).contains('\u{1b}'), "{term}");
    }
}

#[test]
fn doctor_marks_problems_and_counts_them() {
    let report = |advice: &Value| {
        json!({"ok": advice.is_null(), "checks": [{"check": "disk space", "ok": advice.is_null(),
            "found": "12 of 4096 MiB free", "advice": advice}]})
    };
    let (lines, code) = shown(&Daemon::done(&report(&Value::Null)), "admin doctor");
    assert_eq!((code, lines.last().map(String::as_str)), (Some(0), Some("no problems")));
    let daemon = Daemon::done(&report(&json!("make room")));
    let mut command = daemon.command(["admin", "doctor"]);
    let mut terminal = Terminal::start(command.env("TERM", "xterm"));
    assert_eq!(terminal.finish(), Some(1));
    assert!(terminal.shown.contains("\u{1b}[1;31mNo\u{1b}[0m"), "{:?}", terminal.shown);
    assert!(terminal.shown.ends_with("1 problem\r\n"), "{:?}", terminal.shown);
}

#[test]
fn follow_shows_its_header_at_once_and_ends_without_a_word() {
    let daemon = Daemon::playing(vec![page(&[], None); 99]);
    let mut command = daemon.command(["logins", "ls", "--follow"]);
    let mut terminal = Terminal::start(command.env("NO_COLOR", "1"));
    let rule = [17, 18, 16, 21].map(|width| format!("|{}", "-".repeat(width))).concat() + "|\r\n";
    let titles =
        "|    Client IP    |    User Name     |     Status     |      Failed At      |\r\n";
    terminal.wait_for(&[&rule, titles, &rule].concat());
    let notes = "no room for: Realm, Last Login; see --csv, --json, or a wider terminal\r\n\
                 times are UTC\r\n|---";
    assert!(terminal.shown.starts_with(notes), "{}", terminal.shown);
    let before = terminal.shown.clone();
    terminal.signal(Signal::SIGINT);
    assert_eq!(terminal.finish(), Some(130));
    assert_eq!(terminal.shown, before);
}

/// The words of every command that `--help` lists, from the manual pages.
fn commands() -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let line = format!("admin man {}", directory.path().display());
    output(&mut binary(line.split(' ')));
    let names =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let words = |name: String| name.trim_end_matches(".1").replace('-', " ");
    names.map(|name| words(name.into_string().unwrap()).replacen("photoprism", "", 1)).collect()
}

#[test]
fn no_line_of_help_is_wider_than_the_terminal() {
    for words in commands() {
        for flag in ["-h", "--help"] {
            let mut terminal = Terminal::start(&mut binary(words.split_whitespace().chain([flag])));
            assert_eq!(terminal.finish(), Some(0), "{words}");
            let wide = terminal.shown.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{words} {flag}");
        }
    }
}
