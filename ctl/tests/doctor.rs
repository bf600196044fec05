//! `admin doctor` and `admin metrics`.

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Daemon, binary, ok, output, refused};
use serde_json::{Value, json};

fn report(advice: &Value) -> Value {
    json!({"ok": advice.is_null(), "checks": [{"check": "disk space", "ok": advice.is_null(),
        "found": "12 of 4096 MiB free", "advice": advice}]})
}

#[test]
fn nothing_to_do_is_0_and_something_is_1() {
    let daemon = Daemon::done(&report(&Value::Null));
    let seen = daemon.run("admin doctor");
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{seen:?}");
    let path = daemon.socket().display().to_string();
    for part in ["| socket path | Yes | ", &path, "| disk space  | Yes | 12 of 4096 MiB free"] {
        assert!(seen.out.contains(part), "{part} in {}", seen.out);
    }
    assert_eq!(daemon.requests(), [json!({"cmd": "doctor", "args": {}})]);

    let seen = Daemon::done(&report(&json!("make \u{1b}[2Jroom"))).run("admin doctor");
    assert_eq!((seen.code, seen.err.as_str()), (Some(1), ""));
    assert!(seen.out.contains("| No  |") && seen.out.contains("make \\u{1b}[2Jroom"));
    let seen = Daemon::done(&report(&json!("make room"))).run("admin doctor --json");
    let printed: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!((seen.code, &printed["ok"]), (Some(1), &json!(false)));
    assert_eq!(printed["checks"].as_array().unwrap().len(), 2);
    assert_eq!(printed["checks"][1], report(&json!("make room"))["checks"][0]);
}

#[test]
fn without_a_daemon_what_can_be_seen_from_here_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin.sock");
    let line = ["admin", "doctor", "--csv", "--socket", socket.to_str().unwrap()];
    let seen = output(&mut binary(line));
    assert_eq!(seen.code, Some(69), "{seen:?}");
    assert!(seen.out.contains(&format!("the directory {} is there", directory.path().display())));
    assert!(seen.out.contains("daemon;No;no good answer;"), "{}", seen.out);
    assert!(seen.err.contains("photoprismd"), "{}", seen.err);

    let mut command = binary(["admin", "doctor", "--json"]);
    command.env("HOME", directory.path()).env("XDG_RUNTIME_DIR", directory.path());
    let seen = output(&mut command);
    let printed: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!((&printed["ok"], seen.error()["code"].as_str()), (&json!(false), Some("no_daemon")));
    let tried = if nix::unistd::geteuid().is_root() { 1 } else { 3 };
    assert_eq!(printed["checks"].as_array().unwrap().len(), tried + 1, "{printed}");
    assert!(seen.out.contains("/run/photoprism/admin.sock"));
}

#[test]
fn a_socket_nobody_listens_on_and_a_refusal_keep_their_codes() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).unwrap();
    let line = ["admin", "doctor", "-t", "--socket", socket.to_str().unwrap()];
    let seen = output(&mut binary(line));
    assert_eq!(seen.code, Some(69));
    assert!(seen.out.contains("mode 0600") && seen.out.contains("nobody listens"), "{}", seen.out);
    let seen = Daemon::playing([refused("forbidden", "you may not")]).run("admin doctor");
    assert_eq!(seen.code, Some(4));
    assert!(seen.out.contains("you may not"), "{}", seen.out);
}

const OPENMETRICS: &str = "# HELP up Up.\n# TYPE up counter\nup_total 1\n# EOF\n";

const TEXT: &str = "# HELP up_total Up.\n# TYPE up_total counter\nup_total 1\n";

fn measured() -> Daemon {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Daemon::playing([ok(&json!({"content_type": kind, "text": OPENMETRICS}))])
}

#[test]
fn metrics_are_text_that_every_collector_reads() {
    let daemon = measured();
    let seen = daemon.run("admin metrics");
    assert_eq!((seen.code, seen.out.as_str(), seen.err.as_str()), (Some(0), TEXT, ""));
    assert_eq!(daemon.requests(), [json!({"cmd": "metrics", "args": {}})]);
    assert_eq!(measured().run("admin metrics --openmetrics").out, OPENMETRICS);
    // A text of another kind is passed on.
    let text = "# TYPE up gauge\nup 1\n# EOF\n";
    let daemon = Daemon::playing([ok(&json!({"content_type": "x", "text": text}))]);
    assert_eq!(daemon.run("admin metrics").out, text);
    assert_eq!(Daemon::playing([refused("forbidden", "no")]).run("admin metrics").code, Some(4));
}

#[test]
fn metrics_in_a_file_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("photoprismd.prom");
    let line = |flag: &str| format!("admin metrics --file {}{flag}", path.display());
    for (flag, text) in [("", TEXT), (" --openmetrics", OPENMETRICS)] {
        let seen = measured().run(&line(flag));
        assert_eq!((seen.code, seen.out.as_str(), seen.err.as_str()), (Some(0), "", ""));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    // What a killed run of the same process id left is in nobody's way.
    let daemon = measured();
    let command = daemon.command(line("").split(' '));
    let program = command.get_program().to_owned();
    let script = r#"printf half > "$1/.photoprismd.prom.$$"; shift; exec "$@""#;
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(directory.path()).arg(program).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let seen = common::output(&mut shell);
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TEXT);
    measured().run(&line(" --openmetrics"));
    // One that cannot be replaced stays as it was, and nothing is left next to it.
    let seen = Daemon::playing([refused("forbidden", "no")]).run(&line(""));
    assert_eq!(seen.code, Some(4));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), OPENMETRICS);
    std::fs::create_dir(directory.path().join("taken")).unwrap();
    let taken = format!("admin metrics --file {}/taken", directory.path().display());
    let seen = measured().run(&taken);
    assert!(seen.code == Some(1) && seen.err.contains("--file"), "{seen:?}");
    assert_eq!(measured().run("admin metrics --file /nowhere/at/all").code, Some(1));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}
