//! `passwd`, without a terminal.

mod common;

use common::{Daemon, ok, output_with_input, refused};
use serde_json::{Value, json};

#[test]
fn a_password_is_set_and_the_sessions_counted() {
    let daemon = Daemon::done(&json!({"sessions_revoked": 2}));
    let mut command = daemon.command(["passwd", "--password-stdin", "admin"]);
    let output = output_with_input(&mut command, "new secret\n");
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    assert_eq!(output.err, "changed the password of admin; 2 sessions ended\n");
    let args = json!({"user": "admin", "password": "new secret"});
    assert_eq!(daemon.requests(), [json!({"cmd": "passwd.set", "args": args})]);
}

#[test]
fn the_hash_is_shown_when_asked_for() {
    let result = json!({"sessions_revoked": 0, "hash": "$2a$12$x"});
    let daemon = Daemon::done(&result);
    let output = daemon.run("passwd -s --keep-sessions -p mysecret bob");
    assert_eq!(output.out, "$2a$12$x\n");
    let args = &daemon.requests()[0]["args"];
    assert_eq!((&args["show_hash"], &args["keep_sessions"]), (&json!(true), &json!(true)));

    let output = Daemon::done(&result).run("passwd --show -p mysecret bob --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);

    let refusal = Daemon::playing([refused("forbidden", "show_hash needs the level admin")]);
    assert_eq!(refusal.run("passwd -s -p mysecret bob").code, Some(4));
}

#[test]
fn a_generated_password_is_printed_once() {
    let daemon = Daemon::done(&json!({"sessions_revoked": 0}));
    let output = daemon.run("passwd --generate bob");
    let password = daemon.requests()[0]["args"]["password"].as_str().unwrap().to_owned();
    assert_eq!(output.out, format!("{password}\n"));
    assert!((8..=72).contains(&password.len()));

    let daemon = Daemon::done(&json!({"sessions_revoked": 0}));
    let output = daemon.run("passwd --generate --json bob");
    let result: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(result["password"], daemon.requests()[0]["args"]["password"]);
    assert_eq!(result["sessions_revoked"], 0);
}

#[test]
fn a_generated_password_that_was_refused_is_not_printed() {
    let output = Daemon::playing([refused("not_found", "no bob")]).run("passwd --generate bob");
    assert_eq!((output.code, output.out.as_str()), (Some(3), ""));
}

#[test]
fn removing_needs_a_yes() {
    let result = json!({"removed": true, "sessions_revoked": 1});
    let daemon = Daemon::done(&result);
    let output = daemon.run("passwd --remove bob");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes"), "{}", output.err);
    assert!(daemon.requests().is_empty());

    let output = daemon.run("passwd --rm -y bob");
    assert_eq!(output.code, Some(0));
    assert_eq!(output.err, "removed the password of bob; 1 session ended\n");
    let request = json!({"cmd": "passwd.remove", "args": {"user": "bob"}, "confirm": true});
    assert_eq!(daemon.requests(), [request]);

    let none = Daemon::done(&json!({"removed": false, "sessions_revoked": 0}));
    assert_eq!(none.run("passwd --rm -y bob").err, "bob had no password\n");
    let json = Daemon::done(&result).run("passwd --rm -y bob --json").out;
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), result);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for line in [
        "passwd --remove --keep-sessions -y bob",
        "passwd --remove --show -y bob",
        "passwd --remove -p mysecret -y bob",
        "passwd -p mysecret --generate bob",
        "passwd --password-stdin --password-file x bob",
        "users add -p mysecret --password-stdin bob",
        "users mod --generate --password-file - bob",
        "passwd bob alice",
    ] {
        let daemon = Daemon::done(&json!({"sessions_revoked": 0}));
        assert_eq!(daemon.run(line).code, Some(2), "{line}");
        assert!(daemon.requests().is_empty(), "{line}");
    }
}

#[test]
fn without_a_terminal_a_flag_is_needed() {
    for line in ["passwd", "passwd admin", "passwd --no-input admin"] {
        let output = Daemon::playing([""]).run(line);
        assert_eq!(output.code, Some(2), "{line}");
    }
    let output = Daemon::playing([""]).run("passwd admin --json");
    assert_eq!((output.code, output.error()["code"].as_str()), (Some(2), Some("usage")));
}

#[test]
fn a_file_for_everyone_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "secret12").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let daemon = Daemon::done(&json!({"sessions_revoked": 0}));
    let output = daemon.run(&format!("passwd --password-file {} bob", file.path().display()));
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("chmod 600"), "{}", output.err);
    assert!(daemon.requests().is_empty());
}

#[test]
fn a_result_that_says_nothing_of_what_was_done_is_invalid() {
    for line in ["passwd --remove --yes bob", "passwd --generate bob", "users rm -y bob"] {
        let seen = Daemon::playing([ok(&json!({}))]).run(line);
        assert_eq!(seen.code, Some(70), "{line}: {}", seen.err);
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_repeated() {
    for line in [
        "passwd admin hunter22",
        "passwd admin hunter22 --json",
        "passwd admin -- hunter22",
        "passwd --generate=hunter22 admin",
        "passwd --password-stdin=hunter22 admin",
        "passwd --rm=hunter22 admin",
        "users add bob hunter22",
        "users mod bob --generate=hunter22",
        "users show bob hunter22",
        "users 2fa enroll bob hunter22",
    ] {
        let daemon = Daemon::done(&json!({}));
        let output = daemon.run(line);
        assert_eq!(output.code, Some(2), "{line}: {}", output.err);
        assert!(!output.err.contains("hunter22"), "{line}: {}", output.err);
        assert!(output.err.contains("unexpected") && output.err.contains('…'), "{}", output.err);
        assert!(daemon.requests().is_empty());
    }
    let slip = Daemon::done(&json!({})).run("passwd --pasword-stdin admin");
    assert!(slip.err.contains("--pasword-stdin"), "{}", slip.err);
}
