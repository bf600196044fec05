//! `users why` and `users 2fa`.

mod common;

use common::terminal::Terminal;
use common::{Daemon, account, refused};
use serde_json::{Value, json};

const URL: &str = "otpauth://totp/PhotoPrism:bob?algorithm=SHA1&digits=6&issuer=PhotoPrism\
                   &period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn why(can_log_in: bool, reasons: &[Value], attempts: &[Value]) -> Value {
    json!({"user": account("bob"), "can_log_in": can_log_in, "reasons": reasons,
        "attempts": attempts})
}

fn limited() -> Value {
    let command = "photoprism logins clear --user bob";
    json!({"code": "account_limited", "message": "too many failures", "command": command,
        "until": "2026-11-24T08:10:00Z", "blocks": true})
}

fn attempt() -> Value {
    json!({"client_ip": "192.0.2.7", "name": "bob", "realm": "api", "status": "wrong password",
        "error": "", "repeated": 3, "user_agent": "", "login_at": null,
        "failed_at": "2026-11-24T08:00:00Z", "banned_at": null,
        "updated_at": "2026-11-24T08:00:00Z"})
}

#[test]
fn why_names_reasons_commands_and_attempts() {
    let result = why(false, &[limited()], &[attempt()]);
    let daemon = Daemon::done(&result);
    let output = daemon.run("users why bob");
    assert_eq!((output.code, output.err.as_str()), (Some(1), "bob cannot log in\n"));
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(
        lines[1],
        "|      Reason       | Blocks |                Fix                 |        Until        |"
    );
    assert_eq!(
        lines[3],
        "| too many failures | Yes    | photoprism logins clear --user bob | 2026-11-24 08:10:00 |"
    );
    assert_eq!(lines[5], "");
    assert!(lines[7].starts_with("| Client IP | User Name |"));
    assert!(lines[9].starts_with("| 192.0.2.7 | bob       | api   | wrong password |"));
    assert_eq!(daemon.requests(), [json!({"cmd": "users.why", "args": {"user": "bob"}})]);

    let output = Daemon::done(&result).run("users why bob --json");
    assert_eq!((output.code, output.err.as_str()), (Some(1), ""));
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
    let output = Daemon::done(&result).run("users why bob --csv");
    assert_eq!(output.out.lines().count(), 2, "{}", output.out);
}

#[test]
fn why_exits_with_0_where_bob_can_log_in() {
    let output = Daemon::done(&why(true, &[], &[attempt()])).run("users why bob");
    assert_eq!(output.code, Some(0));
    assert_eq!(output.err, "bob can log in with the right password\n");
    assert_eq!(output.out.lines().count(), 5);
    let output = Daemon::done(&why(true, &[], &[])).run("users why bob");
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    let unknown = Daemon::playing([refused("not_found", "no bob")]).run("users why bob");
    assert_eq!(unknown.code, Some(3));
}

#[test]
fn show_says_whether_it_is_on() {
    let result = json!({"uid": "u1", "name": "bob", "active": false, "pending": true,
        "has_recovery_code": false, "created_at": "2026-11-24T08:00:00Z", "activated_at": null});
    let daemon = Daemon::done(&result);
    let output = daemon.run("users 2fa show bob");
    assert!(output.out.contains("| Two-Factor    | Waiting for a first code |"), "{}", output.out);
    assert_eq!(daemon.requests(), [json!({"cmd": "users.2fa.show", "args": {"user": "bob"}})]);
    let output = Daemon::done(&result).run("users 2fa show -j bob");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
}

fn enrolled() -> Value {
    json!({"url": URL, "key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"})
}

#[test]
fn enroll_prints_the_url_and_says_how_to_go_on() {
    let daemon = Daemon::done(&enrolled());
    let output = daemon.run("users 2fa enroll bob");
    assert_eq!(output.out, format!("{URL}\n"));
    assert!(output.err.contains("photoprism users 2fa confirm bob"), "{}", output.err);
    assert!(!output.err.contains("GEZDG"));
    assert_eq!(daemon.requests(), [json!({"cmd": "users.2fa.enroll", "args": {"user": "bob"}})]);

    let output = Daemon::done(&enrolled()).run("users 2fa enroll bob --qr");
    assert!(output.out.starts_with(&format!("{URL}\n█████")) && !output.out.contains('\u{1b}'));
    let output = Daemon::done(&enrolled()).run("users 2fa enroll bob --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), enrolled());
    assert_eq!(output.err, "");
}

#[test]
fn enroll_draws_on_a_terminal() {
    for (plain, colour) in [(false, true), (true, false)] {
        let daemon = Daemon::done(&enrolled());
        let mut command = daemon.command(["users", "2fa", "enroll", "bob"]);
        if plain {
            command.env("NO_COLOR", "1");
        }
        let mut terminal = Terminal::start(&mut command);
        assert_eq!(terminal.finish(), Some(0));
        assert!(terminal.shown.contains("█████"), "{}", terminal.shown);
        assert_eq!(terminal.shown.contains('\u{1b}'), colour);
    }
}

#[test]
fn confirm_takes_the_code_or_asks_for_it() {
    let result = json!({"recovery_code": "abcdef012345"});
    let daemon = Daemon::done(&result);
    let output = daemon.run("users 2fa confirm bob 123456");
    assert_eq!((output.code, output.out.as_str()), (Some(0), "abcdef012345\n"));
    assert!(output.err.contains("will not be shown again"), "{}", output.err);
    assert!(!output.err.contains("123456"));
    let args = json!({"user": "bob", "passcode": "123456"});
    assert_eq!(daemon.requests(), [json!({"cmd": "users.2fa.confirm", "args": args})]);

    let daemon = Daemon::done(&result);
    let mut terminal = Terminal::start(&mut daemon.command(["users", "2fa", "confirm", "bob"]));
    terminal.wait_for("Code: ");
    terminal.type_in("654321\n");
    assert_eq!(terminal.finish(), Some(0));
    assert_eq!(daemon.requests()[0]["args"]["passcode"], "654321");

    let output = Daemon::playing([""]).run("users 2fa confirm bob");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("CODE"), "{}", output.err);
    let wrong = Daemon::playing([refused("invalid_credentials", "wrong code")]);
    assert_eq!(wrong.run("users 2fa confirm bob 123456").code, Some(4));
}

#[test]
fn a_recovery_code_is_shown_once() {
    let result = json!({"recovery_code": "abcdef012345"});
    let daemon = Daemon::done(&result);
    assert_eq!(daemon.run("users 2fa recovery bob").out, "abcdef012345\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "users.2fa.recovery", "args": {"user": "bob"}})]);
    let output = Daemon::done(&result).run("users 2fa recovery bob -j");
    assert_eq!(
        (output.out.as_str(), output.err.as_str()),
        ("{\"recovery_code\":\"abcdef012345\"}\n", "")
    );
    let replay = Daemon::done(&json!({"recovery_code": null}));
    assert_eq!(replay.run("users 2fa recovery bob").code, Some(70));
}

#[test]
fn disabling_is_asked_about() {
    let result = json!({"disabled": true, "sessions_revoked": 1});
    let daemon = Daemon::done(&result);
    let output = daemon.run("users 2fa disable -y bob");
    assert_eq!(output.err, "two-factor authentication of bob is off; 1 session ended\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "users.2fa.disable", "args": {"user": "bob"}})]);
    let nothing = Daemon::done(&json!({"disabled": false, "sessions_revoked": 0}));
    assert_eq!(
        nothing.run("users 2fa disable -y bob").err,
        "bob had no two-factor authentication\n"
    );
    assert_eq!(Daemon::playing([""]).run("users 2fa disable bob").code, Some(2));

    let daemon = Daemon::done(&result);
    let mut terminal = Terminal::start(&mut daemon.command(["users", "2fa", "disable", "bob"]));
    terminal.wait_for("off? [y/N] ");
    terminal.type_in("n\n");
    assert_eq!(terminal.finish(), Some(1));
    assert!(daemon.requests().is_empty());
}
