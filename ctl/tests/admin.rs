//! `admin status`, `admin audit` and `admin clock`.

mod common;

use common::{Daemon, ok, output, output_with_input, page, refused};
use serde_json::{Value, json};

fn status() -> Value {
    json!({
        "version": "0.2.0", "commit": null, "target": "aarch64-unknown-linux-gnu", "protocol": 1, "pid": 42, "uptime_s": 93784,
        "database": {"kind": "own", "engine": "sqlite", "server": null,
            "path": "/var/lib/photoprism/admin.db", "schema": 1,
            "photoprism_version": null, "edition": null},
        "counts": {"users": 3, "deleted": 1, "sessions": 7, "logins": 9},
        "connections": {"open": 1, "limit": 256},
        "passwords": {"running": 0, "waiting": 0},
        "sockets": {"admin": "/run/photoprism/admin.sock", "auth": null},
        "daemons": [],
        "backups": {"every_s": 86400, "last_at": "2026-11-24T03:12:09Z", "last_error": null}
    })
}

#[test]
fn clock_shows_what_is_known_and_sets_the_floor_after_a_yes() {
    let shown = json!({"now": "2026-11-24T10:00:00Z", "clock": "2026-11-24T08:00:00Z",
        "floor": "2026-11-24T10:00:00Z", "ahead_s": -7200, "state": "behind",
        "accepted_at": null});
    let daemon = Daemon::done(&shown);
    let output = daemon.run("admin clock --tsv");
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    let expected = "Name\tValue\nNow\t2026-11-24 10:00:00\nClock\t2026-11-24 08:00:00\n\
        Floor\t2026-11-24 10:00:00\nDifference\t'-2h\n\
        State\tbehind\nAccepted At\t\n";
    assert_eq!(output.out, expected);
    assert_eq!(daemon.requests(), [json!({"cmd": "clock.show", "args": {}})]);
    let output = Daemon::done(&shown).run("admin clock");
    assert!(!output.out.contains("Accepted At"), "{}", output.out);

    let done = json!({"floor": "2026-11-24T08:00:00Z", "before": "2027-12-29T08:00:00Z"});
    let daemon = Daemon::done(&done);
    let output = daemon.run("admin clock --reset --yes --csv");
    let expected = "Name;Value\nFloor;2026-11-24 08:00:00\nBefore;2027-12-29 08:00:00\n";
    assert_eq!((output.code, output.out.as_str()), (Some(0), expected));
    let sent = json!({"cmd": "clock.reset", "args": {}, "confirm": true});
    assert_eq!(daemon.requests(), [sent]);
    let daemon = Daemon::done(&done);
    let output = daemon.run("admin clock --reset");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes"), "{}", output.err);
    assert!(daemon.requests().is_empty());
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("admin clock").code, Some(4));
}

#[test]
fn call_sends_any_command_and_prints_its_result() {
    let result = json!({"user": {"name": "bob"}, "new": [1, 2]});
    let daemon = Daemon::done(&result);
    let output = daemon.run(r#"admin call users.show {"user":"bob"}"#);
    let line = format!("{result}\n");
    assert_eq!((output.code, output.out.as_str(), output.err.as_str()), (Some(0), &*line, ""));
    assert_eq!(daemon.requests(), [json!({"cmd": "users.show", "args": {"user": "bob"}})]);

    let daemon = Daemon::done(&result);
    let output = daemon.run("admin call a.newer.command --key once --yes");
    assert_eq!((output.code, output.out.as_str()), (Some(0), &*line));
    let sent = json!({"cmd": "a.newer.command", "args": {}, "key": "once", "confirm": true});
    assert_eq!(daemon.requests(), [sent]);

    // Arguments of several lines are one line to the daemon.
    let daemon = Daemon::done(&result);
    let mut command = daemon.command(["admin", "call", "passwd.set", "-"]);
    let output =
        output_with_input(&mut command, "{\n  \"user\": \"bob\",\r\n \"password\": \"a\\nb\"\n}\n");
    assert_eq!((output.code, output.out.as_str()), (Some(0), &*line));
    let args = json!({"user": "bob", "password": "a\nb"});
    assert_eq!(daemon.requests(), [json!({"cmd": "passwd.set", "args": args})]);
}

#[test]
fn call_refuses_what_is_not_an_object_and_exits_as_any_command() {
    for args in ["[1]", "{\"user\":", "null", "{}{}", ""] {
        let daemon = Daemon::done(&json!({}));
        let output = output(&mut daemon.command(["admin", "call", "ping", args]));
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{args}");
        assert!(output.err.contains("not a JSON object"), "{}", output.err);
        assert!(daemon.requests().is_empty());
    }
    for (code, exit) in [("not_found", 3), ("bad_request", 2), ("rate_limited", 6)] {
        let daemon = Daemon::playing([refused(code, "no")]);
        assert_eq!(daemon.run("admin call users.show").code, Some(exit), "{code}");
    }
    let output = Daemon::playing([refused("confirm_required", "no")]).run("admin call users.reset");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes"), "{}", output.err);
}

fn missing() -> Value {
    let mut status = status();
    status["database"]["kind"] = "photoprism".into();
    status["database"]["schema"] = Value::Null;
    status
}

#[test]
fn status_is_a_table_or_the_object() {
    let daemon = Daemon::done(&status());
    let output = daemon.run("admin status");
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    for line in [
        "| Database      | /var/lib/photoprism/admin.db          |",
        "| Uptime        | 1day 2h 3m 4s                         |",
        "| Connections   | 1 of 256                              |",
        "| Users         | 3                                     |",
        "| Backups       | every 1day, last: 2026-11-24 03:12:09 |",
    ] {
        assert!(output.out.lines().any(|shown| shown == line), "{line} in {}", output.out);
    }
    assert_eq!(daemon.requests(), [json!({"cmd": "status", "args": {}})]);
    let output = Daemon::done(&status()).run("admin status --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), status());
}

#[test]
fn status_says_that_the_database_is_missing() {
    let output = Daemon::done(&missing()).run("admin status");
    assert_eq!(output.code, Some(0));
    assert!(output.out.contains("admin.db (does not exist yet)"), "{}", output.out);
}

#[test]
fn check_is_one_of_two_codes_and_no_words() {
    let mut there = missing();
    there["database"]["photoprism_version"] = "241225".into();
    let reply = json!({"id": null, "ok": true, "result": status(), "warnings": ["no password"]});
    for (reply, code) in [
        (reply.to_string(), 0),
        (ok(&there), 0),
        (ok(&missing()), 69),
        (refused("forbidden", "no"), 69),
        (refused("unavailable", "no"), 69),
        ("nonsense".into(), 69),
    ] {
        let output = Daemon::playing([reply.clone()]).run("admin status --check");
        assert_eq!(output.code, Some(code), "{reply}");
        assert_eq!((output.out.as_str(), output.err.as_str()), ("", ""), "{reply}");
    }
    let output = Daemon::playing([""]).run("admin status --check --socket /nowhere/admin.sock");
    assert_eq!((output.code, output.err.as_str()), (Some(69), ""));
    assert_eq!(Daemon::playing([""]).run("admin status --check --csv").code, Some(2));
}

#[test]
fn audit_ls_lists_records() {
    let record = json!({"number": 12, "at": "2026-11-24T08:00:00Z", "host": "nas", "uid": 0,
        "gid": 0, "pid": 7,
        "socket": "admin", "command": "users.add", "target": "\u{1b}bob", "hash": "ab"});
    let daemon = Daemon::playing([page(std::slice::from_ref(&record), None)]);
    let output = daemon.run("admin audit ls -n 5 --csv");
    assert_eq!(
        output.out,
        "Number;Time;Host;UID;GID;PID;Socket;Command;Target;Hash\n\
         12;2026-11-24 08:00:00;nas;0;0;7;admin;users.add;\u{1b}bob;ab\n"
    );
    assert_eq!(output.err, "found 1 record\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "audit.ls", "args": {"limit": 5}})]);
    let output = Daemon::playing([page(std::slice::from_ref(&record), None)]).run("admin audit ls");
    assert!(output.out.contains("| \\u{1b}bob |"), "{}", output.out);
    let output =
        Daemon::playing([page(std::slice::from_ref(&record), None)]).run("admin audit ls -j");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), json!([record]));
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("admin audit ls").code, Some(4));
    // What the daemon did by itself came over no socket.
    let record = json!({"number": 13, "at": "2026-11-24T08:00:00Z", "host": null, "uid": 990,
        "gid": 990, "pid": 7, "socket": null, "command": "daemon.end_again", "target": "sess1a2b3c4d",
        "hash": "cd"});
    let output = Daemon::playing([page(&[record], None)]).run("admin audit ls --tsv");
    assert!(output.out.contains("\t7\t\tdaemon.end_again\tsess1a2b3c4d\t"), "{}", output.out);
}

#[test]
fn audit_verify_distinguishes_whole_from_broken() {
    let whole = json!({"ok": true, "records": 2, "head": {"number": 2, "hash": "ab"},
        "broken_at": null});
    let daemon = Daemon::done(&whole);
    let output = daemon.run("admin audit verify");
    assert_eq!((output.code, output.out.as_str()), (Some(0), "ok: 2 records, head 2 ab\n"));
    assert_eq!(daemon.requests(), [json!({"cmd": "audit.verify", "args": {}})]);

    let mut broken = whole.clone();
    broken["ok"] = false.into();
    broken["broken_at"] = 1.into();
    let daemon = Daemon::done(&broken);
    let output = daemon.run("admin audit verify --number 2 --hash ab");
    assert_eq!(output.code, Some(1));
    assert_eq!(output.out, "broken at record 1: 2 records, head 2 ab\n");
    assert_eq!(daemon.requests()[0]["args"], json!({"number": 2, "hash": "ab"}));
    let output = Daemon::done(&broken).run("admin audit verify --json");
    assert_eq!((output.code, output.err.as_str()), (Some(1), ""));
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), broken);

    for line in ["admin audit verify --number 2", "admin audit verify --hash ab"] {
        assert_eq!(Daemon::playing([""]).run(line).code, Some(2));
    }
}
