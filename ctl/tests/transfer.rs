//! `users export`, `users import` and `users apply` against a daemon that plays a script.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{Daemon, ok, output, output_with_input, page, refused};
use serde_json::{Value, json};

fn step(done: bool, more: &Value) -> String {
    let mut step = json!({"import": "abc", "done": done, "rows": 2, "prepared": 2,
        "missing_files": [], "items": [], "next": null, "counts": {"added": 0, "updated": 0,
        "unchanged": 0, "kept": 0, "pruned": 0, "refused": 0}});
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    ok(&step)
}

fn item(line: u64, name: &str, outcome: &str) -> Value {
    json!({"line": line, "name": name, "outcome": outcome, "changed": [], "sessions_revoked": 0,
        "code": null, "field": null, "message": null})
}

fn counts(outcome: &str, number: u64) -> Value {
    let mut counts = json!({"added": 0, "updated": 0, "unchanged": 0, "kept": 0, "pruned": 0,
        "refused": 0});
    counts[outcome] = number.into();
    counts
}

fn file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn export_writes_one_object_a_line() {
    let row = |name: &str| json!({"name": name, "role": "user", "attr": "\u{202e}x"});
    let daemon = Daemon::playing([page(&[row("bob")], Some("c")), page(&[row("eve")], None)]);
    let seen = daemon.run("users export b");
    let lines: Vec<Value> =
        seen.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((seen.code, lines), (Some(0), vec![row("bob"), row("eve")]));
    assert!(seen.out.contains("\\u202e") && seen.err.contains("--with-secrets"), "{seen:?}");
    assert_eq!(daemon.requests()[1]["args"], json!({"search": "b", "limit": 1000, "cursor": "c"}));
    let daemon = Daemon::playing([page(&[row("bob")], None)]);
    let seen = daemon.run("users export --with-secrets");
    assert_eq!(daemon.requests()[0]["args"], json!({"secrets": true, "limit": 1000}));
    assert!(seen.err.contains("password hashes and two-factor keys"), "{}", seen.err);
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("users export").code, Some(4));
}

#[test]
fn import_sends_the_text_in_parts_and_prints_each_result() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("name;display_name\nbob;{}\n", "ä".repeat(6000));
    let path = file(directory.path(), "a.csv", &text);
    let mut bad = item(3, "", "refused");
    (bad["code"], bad["field"], bad["message"]) =
        ("exists".into(), "name".into(), "no\u{1b}".into());
    let replies = || {
        [
            step(false, &json!({})),
            step(false, &json!({})),
            // It hashes for a while, then has results for two pages.
            step(false, &json!({})),
            step(
                true,
                &json!({"items": [item(2, "bob", "added")], "next": "1", "counts": counts("added", 1)}),
            ),
            step(true, &json!({"items": [bad.clone()], "counts": counts("added", 1)})),
        ]
    };
    let daemon = Daemon::playing(replies());
    let seen = output(&mut daemon.command(["users", "import", "--csv", path.to_str().unwrap()]));
    assert_eq!(
        seen.out,
        "Line;Username;Outcome;Changed;Message\n2;bob;added;;\n3;;refused;;name: no\u{1b}\n"
    );
    assert_eq!(seen.code, Some(5), "{seen:?}");
    assert_eq!(seen.err, "added 1, updated 0, unchanged 0, kept 0, pruned 0, refused 0\n");
    let sent = daemon.requests();
    let part = |at: usize| sent[at]["args"]["text"].as_str().unwrap();
    assert_eq!(part(0).to_owned() + part(1), text);
    assert!(sent.iter().all(|request| request.to_string().len() < 65_536));
    assert_eq!(
        (&sent[0]["args"]["import"], &sent[1]["args"]["import"]),
        (&Value::Null, &json!("abc"))
    );
    let run =
        json!({"import": "abc", "run": true, "dry_run": false, "update": false, "prune": false});
    assert_eq!((&sent[2]["args"], &sent[3]["args"]), (&run, &run));
    assert_eq!(sent[4]["args"], json!({"import": "abc", "cursor": "1"}));

    let daemon = Daemon::playing(replies());
    let line = ["users", "import", "--dry-run", "--json", "--role", "user", "-"];
    let mut command = daemon.command(line);
    let seen = output_with_input(&mut command, &text);
    let printed: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!(
        printed,
        json!({"counts": counts("added", 1), "items": [item(2, "bob", "added"), bad]})
    );
    let run = &daemon.requests()[2]["args"];
    assert_eq!((&run["dry_run"], &run["role"]), (&json!(true), &json!("user")));
}

#[test]
fn what_cannot_be_read_is_a_usage_error() {
    let directory = tempfile::tempdir().unwrap();
    let none: [&str; 0] = [];
    for (name, bytes, words) in [
        ("latin", &b"name\nk\xe4the\n"[..], "not UTF-8"),
        ("latin.csv", b"name\nk\xe4the\n", "not UTF-8"),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        let seen =
            output(&mut Daemon::playing(none).command(["users", "import", path.to_str().unwrap()]));
        assert_eq!(seen.code, Some(2), "{name}");
        assert!(seen.err.contains(words), "{}", seen.err);
    }
    assert_eq!(Daemon::playing(none).run("users import /nowhere/file").code, Some(2));
    assert_eq!(Daemon::playing(none).run("users import").code, Some(2));
    assert_eq!(Daemon::playing(none).run("users apply").code, Some(2));
}

#[test]
fn a_database_is_named_and_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("photos");
    fs::write(&path, b"SQLite format 3\0and more").unwrap();
    let replies = || {
        let done = json!({"items": [item(2, "bob", "added")], "counts": counts("added", 1)});
        [step(false, &json!({})), step(true, &done)]
    };
    for (given, expected) in [
        (path.to_str().unwrap(), path.to_str().unwrap()),
        ("/no/such/index.db", "/no/such/index.db"),
    ] {
        let daemon = Daemon::playing(replies());
        let seen = output(&mut daemon.command(["users", "import", given]));
        assert_eq!(seen.code, Some(0), "{}", seen.err);
        assert_eq!(daemon.requests()[0]["args"], json!({"database": expected}));
        assert!(seen.out.contains("| bob "), "{}", seen.out);
    }
    let none: [&str; 0] = [];
    let line = ["users", "apply", "-f", path.to_str().unwrap()];
    let seen = output(&mut Daemon::playing(none).command(line));
    assert_eq!(seen.code, Some(2));
    assert!(seen.err.contains("users import"), "{}", seen.err);
}

#[test]
fn a_plan_is_10_where_there_is_something_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a.toml", "[[account]]\nname = 'bob'\n");
    let line = ["users", "apply", "-f", path.to_str().unwrap(), "--dry-run", "--prune"];
    for (outcome, code) in [("added", 10), ("updated", 10), ("pruned", 10), ("unchanged", 0)] {
        let daemon = Daemon::playing([
            step(false, &json!({})),
            step(true, &json!({"items": [item(1, "bob", outcome)], "counts": counts(outcome, 1)})),
        ]);
        let seen = output(&mut daemon.command(line));
        assert_eq!(seen.code, Some(code), "{outcome}");
        assert!(seen.out.contains(outcome), "{}", seen.out);
        let run =
            json!({"import": "abc", "run": true, "dry_run": true, "update": true, "prune": true});
        assert_eq!(daemon.requests()[1]["args"], run);
        assert_eq!(daemon.requests()[1]["confirm"], Value::Null);
    }
}

#[test]
fn passwords_are_read_from_files_next_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path =
        file(directory.path(), "a.toml", "[[account]]\nname = 'bob'\npassword_file = 'bob'\n");
    let secret = file(directory.path(), "bob", "correct horse\n");
    let replies = || {
        [
            step(false, &json!({})),
            step(false, &json!({"missing_files": ["bob"]})),
            step(false, &json!({})),
            step(true, &json!({"items": [item(1, "bob", "added")], "counts": counts("added", 1)})),
        ]
    };
    let line = ["users", "apply", "-f", path.to_str().unwrap()];
    let daemon = Daemon::playing(replies());
    assert_eq!(output(&mut daemon.command(line)).code, Some(0));
    let given = json!({"import": "abc", "file": "bob", "password": "correct horse"});
    assert_eq!(daemon.requests()[2]["args"], given);
    assert_eq!(daemon.requests()[3]["args"]["run"], true);

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let seen = output(&mut Daemon::playing(replies()).command(line));
    assert_eq!(seen.code, Some(2));
    assert!(seen.err.contains("password_file") && seen.err.contains("chmod 600"), "{}", seen.err);
    fs::remove_file(&secret).unwrap();
    assert_eq!(output(&mut Daemon::playing(replies()).command(line)).code, Some(2));
}

#[test]
fn pruning_asks_only_where_something_would_be_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a.toml", "x");
    let path = path.to_str().unwrap();
    let tried = |number: usize| {
        let names = (0..number).map(|n| item(0, &format!("user{n}"), "pruned"));
        let items: Vec<Value> = names.collect();
        step(true, &json!({"counts": counts("pruned", number as u64), "items": items}))
    };
    let replies =
        |number| [step(false, &json!({})), tried(number), step(false, &json!({})), tried(number)];
    for (number, names) in [
        (1, "1 user that the file does not name (user0)?"),
        (2, "2 users that the file does not name (user0, user1)?"),
    ] {
        let daemon = Daemon::playing(replies(number));
        let seen = output(&mut daemon.command(["users", "apply", "-f", path, "--prune"]));
        assert_eq!((seen.code, daemon.requests().len()), (Some(2), 2));
        let words = format!("Delete {names}");
        assert!(seen.err.contains(&words) && seen.err.contains("--yes"), "{}", seen.err);
    }
    let daemon = Daemon::playing(replies(11));
    let seen = output(&mut daemon.command(["users", "apply", "-f", path, "--prune"]));
    assert!(seen.err.contains("Delete 11 users") && seen.err.contains("user9, …)"), "{}", seen.err);

    // Nobody was to be deleted: nobody is, whatever changes until the run.
    let daemon = Daemon::playing(replies(0));
    let seen = output(&mut daemon.command(["users", "apply", "-f", path, "--prune"]));
    assert_eq!((seen.code, daemon.requests().len()), (Some(0), 4));
    let run = &daemon.requests()[3];
    assert_eq!((&run["args"]["prune"], &run["args"]["update"]), (&json!(false), &json!(true)));
    let daemon = Daemon::playing([step(false, &json!({})), tried(2)]);
    let seen = output(&mut daemon.command(["users", "apply", "-f", path, "--prune", "--yes"]));
    assert_eq!(seen.code, Some(0));
    let run = &daemon.requests()[1];
    assert_eq!((&run["confirm"], &run["args"]["prune"]), (&json!(true), &json!(true)));
}

#[test]
fn the_backup_of_what_was_there_before_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a.toml", "x");
    let backup = "/srv/backups/auto-20261128T200000.000Z-users-prune.db";
    let done = json!({"counts": counts("pruned", 1), "backup": backup,
        "items": [item(0, "old", "pruned")]});
    let line = ["users", "apply", "--prune", "--yes", "-f", path.to_str().unwrap()];
    let daemon = Daemon::playing([step(false, &json!({})), step(true, &done)]);
    let seen = output(&mut daemon.command(line));
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(seen.err.ends_with(&format!("before: {backup}\n")), "{}", seen.err);
    let daemon = Daemon::playing([step(false, &json!({})), step(true, &done)]);
    let seen = output(&mut daemon.command(line.iter().chain(&["--json"])));
    let printed: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!(printed, done);
}

#[test]
fn a_daemon_gets_no_file_that_the_text_does_not_name() {
    let directory = tempfile::tempdir().unwrap();
    file(directory.path(), "bob", "correct horse\n");
    file(directory.path(), "other", "another secret\n");
    let toml = "[[account]]\nname = 'other'\npassword_file = 'bob'\n";
    let csv = "name;password_file\nother;bob\n";
    let ndjson = "{\"name\":\"other\",\"password_file\":\"bob\"}\n";
    for text in [toml, csv, ndjson] {
        let path = file(directory.path(), "accounts", text);
        let other = directory.path().join("other");
        for asked in ["/etc/passwd", "other", "../bob", "./bob", other.to_str().unwrap(), ""] {
            let missing = step(false, &json!({"missing_files": ["bob", asked]}));
            let daemon =
                Daemon::playing([step(false, &json!({})), missing, step(false, &json!({}))]);
            let seen = output(&mut daemon.command(["users", "import", path.to_str().unwrap()]));
            assert_eq!(seen.code, Some(70), "{asked}: {seen:?}");
            assert!(seen.err.contains("do not name"), "{}", seen.err);
            let given: Vec<Value> = daemon
                .requests()
                .iter()
                .map(|request| request["args"]["password"].clone())
                .collect();
            assert_eq!(given, [Value::Null, Value::Null, json!("correct horse")], "{asked}");
        }
        // The one that it names is given once.
        let missing = step(false, &json!({"missing_files": ["bob"]}));
        let daemon = Daemon::playing([
            step(false, &json!({})),
            missing.clone(),
            step(false, &json!({})),
            missing,
            step(false, &json!({})),
        ]);
        let seen = output(&mut daemon.command(["users", "import", path.to_str().unwrap()]));
        assert_eq!(seen.code, Some(70), "{seen:?}");
        assert!(seen.err.contains("a second time"), "{}", seen.err);
        assert_eq!(daemon.requests().len(), 4);
    }
}

#[test]
fn a_dry_run_says_would_and_refused_rows_come_last() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a.csv", "name\nbob\neve\nzoe\n");
    let mut bad = item(2, "bob", "refused");
    (bad["code"], bad["message"]) = ("exists".into(), "taken".into());
    let items = json!([bad, item(3, "eve", "added"), item(4, "zoe", "kept")]);
    let run = |flags: &[&str]| {
        let done = step(true, &json!({"items": items, "counts": counts("added", 1)}));
        let daemon = Daemon::playing([step(false, &json!({})), done]);
        let line = ["users", "import", path.to_str().unwrap()];
        output(&mut daemon.command(line.iter().chain(flags)))
    };
    let rows = |out: &str| -> Vec<[String; 3]> {
        let lines = out.lines().filter(|line| line.starts_with("| ") && !line.contains("Line"));
        let cells = |line: &str| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            [cells[1].to_owned(), cells[2].to_owned(), cells[3].to_owned()]
        };
        lines.map(cells).collect()
    };
    let seen = run(&["--dry-run"]);
    let expected = [["3", "eve", "would be added"], ["4", "zoe", "kept"], ["2", "bob", "refused"]];
    assert_eq!(rows(&seen.out), expected, "{}", seen.out);
    assert!(seen.err.starts_with("would be added 1, updated 0"), "{}", seen.err);
    let expected = [["3", "eve", "added"], ["4", "zoe", "kept"], ["2", "bob", "refused"]];
    assert_eq!(rows(&run(&[]).out), expected);
    // Programs get the order of the file and the words of the protocol.
    let seen = run(&["--dry-run", "--csv"]);
    assert!(seen.out.contains("\n2;bob;refused;;taken\n3;eve;added;;\n"), "{}", seen.out);
}
