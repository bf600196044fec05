//! Two-factor authentication: `users.2fa.*` and the logins of an account that has it, with codes
//! of another implementation.

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::skipped;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    IP, PASSWORD, active, add_user, app_password, code, items, login, record, refusal, text, token,
    unix, with_bob,
};

const USER: fn() -> Value = || json!({"user": "bob"});

/// An account `bob` that asks for codes: its key and recovery code. The code of the last step was
/// used up. `None`: no program here computes codes.
pub(crate) fn enrolled(home: &mut TestDaemon) -> Option<(String, String)> {
    let created = home.ok("users.2fa.enroll", USER());
    let key = text(&created["key"]);
    let mut confirm = || {
        let code = code(&key, -30)?;
        Some(home.call("users.2fa.confirm", json!({"user": "bob", "passcode": code})))
    };
    let Some(mut confirmed) = confirm() else {
        skipped("no oathtool here");
        return None;
    };
    if confirmed["ok"] == false {
        // The step has ended since, and with it the time of the code; the next has 30 s.
        confirmed = confirm()?;
    }
    assert_eq!(confirmed["ok"], true, "{confirmed}");
    Some((key, text(&confirmed["result"]["recovery_code"])))
}

pub(crate) fn with_code(code: &str) -> Value {
    let mut args = login("bob", PASSWORD);
    args["passcode"] = json!(code);
    args
}

fn error_of(home: &mut TestDaemon, cmd: &str, args: Value) -> String {
    text(&home.refused(cmd, args)["code"])
}

#[test]
fn it_is_on_after_the_first_right_code() {
    let mut home = with_bob();
    let show = |home: &mut TestDaemon| home.ok("users.2fa.show", USER());
    let off = show(&mut home);
    assert_eq!(
        (&off["active"], &off["pending"], &off["created_at"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    for cmd in ["users.2fa.recovery", "users.2fa.confirm"] {
        let mut args = USER();
        if cmd == "users.2fa.confirm" {
            args["passcode"] = json!("123456");
        }
        assert_eq!(error_of(&mut home, cmd, args), "conflict", "{cmd}");
    }
    let created = home.ok("users.2fa.enroll", USER());
    let key = text(&created["key"]);
    assert_eq!(key.len(), 32, "20 bytes in base 32: {key}");
    let url = format!(
        "otpauth://totp/PhotoPrism:bob?algorithm=SHA1&digits=6&issuer=PhotoPrism&period=30&secret={key}"
    );
    assert_eq!(created["url"], url);
    assert_eq!(show(&mut home)["pending"], true);
    token(&mut home, "bob");
    let wrong = json!({"user": "bob", "passcode": "12345"});
    assert_eq!(
        home.fault("users.2fa.confirm", wrong),
        ("invalid_argument".to_owned(), "passcode".to_owned())
    );
    // Another key takes the place of one that waits.
    let again = text(&home.ok("users.2fa.enroll", USER())["key"]);
    assert_ne!(again, key);
    let Some((key, recovery)) = enrolled(&mut home) else { return };
    assert_eq!(recovery.len(), 12);
    assert!(recovery.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{recovery}");
    let on = show(&mut home);
    assert_eq!(
        (&on["active"], &on["pending"], &on["has_recovery_code"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert!(on["activated_at"].is_string());
    let user = home.ok("users.show", USER())["user"].clone();
    assert_eq!((&user["two_factor"], &user["method"]), (&json!(true), &json!("2fa")));
    for (cmd, code) in [("users.2fa.enroll", "conflict"), ("users.2fa.confirm", "conflict")] {
        let mut args = USER();
        if cmd == "users.2fa.confirm" {
            args["passcode"] = json!(crate::setup::code(&key, 0).unwrap());
        }
        assert_eq!(error_of(&mut home, cmd, args), code, "{cmd}");
    }
}

#[test]
fn a_login_needs_a_code_of_one_step_either_side_once() {
    let mut home = with_bob();
    let Some((key, _)) = enrolled(&mut home) else { return };
    assert_eq!(refusal(&mut home, login("bob", PASSWORD)), "passcode_required");
    assert_eq!(record(&mut home, "bob")["status"], "passcode missing");
    for wrong in ["", "000000", "abcdef", "12345678", &code(&key, -90).unwrap()] {
        assert_eq!(refusal(&mut home, with_code(wrong)), "invalid_credentials", "{wrong}");
        assert_eq!(record(&mut home, "bob")["status"], "wrong passcode");
    }
    // A wrong password with a right code is a wrong password, and uses nothing up.
    let now = code(&key, 0).unwrap();
    let mut args = with_code(&now);
    args["password"] = json!("wrong password");
    assert_eq!(refusal(&mut home, args), "invalid_credentials");
    assert_eq!(record(&mut home, "bob")["status"], "wrong password");
    let created = home.ok("auth.login", with_code(&now));
    assert_eq!(created["session"]["method"], "2fa");
    assert_eq!(record(&mut home, "bob")["status"], "OK");
    for used in [&now, &code(&key, -30).unwrap()] {
        assert_eq!(refusal(&mut home, with_code(used)), "invalid_credentials", "used up");
    }
    home.restart();
    assert_eq!(refusal(&mut home, with_code(&now)), "invalid_credentials", "after a restart");
    home.ok("auth.login", with_code(&code(&key, 30).unwrap()));
    // An app password needs none.
    let app = app_password(&mut home, "bob", "sessions");
    home.ok("auth.login", login("bob", &app));
}

#[test]
fn of_fifty_logins_with_one_code_one_succeeds() {
    let mut home =
        TestDaemon::new().args(["--refusal-floor", "0", "--max-connections-per-uid", "100"]);
    home.start();
    add_user(&mut home, "bob");
    let Some((key, _)) = enrolled(&mut home) else { return };
    let line = json!({"cmd": "auth.login", "args": with_code(&code(&key, 0).unwrap())});
    let mut clients: Vec<Client> = (0..50).map(|_| home.connect()).collect();
    for client in &mut clients {
        client.send(format!("{line}\n"));
    }
    let replies: Vec<Value> = clients.iter_mut().map(Client::reply).collect();
    let let_in = replies.iter().filter(|reply| reply["ok"] == true).count();
    assert_eq!(let_in, 1, "{replies:?}");
    let count = |code: &str| replies.iter().filter(|reply| reply["error"]["code"] == code).count();
    assert_eq!(count("invalid_credentials"), 10, "ten wrong codes an account");
    assert_eq!(count("rate_limited"), 39);
    assert_eq!(items(&mut home, "auth.ls", json!({})).len(), 1);
}

#[test]
fn wrong_codes_have_ten_places_of_their_own() {
    let mut home = with_bob();
    let Some((key, recovery)) = enrolled(&mut home) else { return };
    for _ in 0..10 {
        assert_eq!(refusal(&mut home, with_code("00000x")), "invalid_credentials");
    }
    let limited = home.refused("auth.login", with_code(&code(&key, 0).unwrap()));
    assert_eq!(limited["code"], "rate_limited");
    let retry = limited["retry_after_s"].as_i64().unwrap();
    assert!((3500..=3600).contains(&retry), "one back an hour: {retry}");
    assert_eq!(refusal(&mut home, with_code(&recovery)), "rate_limited", "recovery codes too");
    assert_eq!(refusal(&mut home, login("bob", PASSWORD)), "passcode_required");
    home.restart();
    assert_eq!(refusal(&mut home, with_code(&recovery)), "rate_limited", "after a restart");
    let why = home.ok("users.why", USER());
    assert_eq!(why["can_log_in"], false, "{why}");
    home.ok("logins.clear", json!({"name": "bob"}));
    home.ok("auth.login", with_code(&code(&key, 0).unwrap()));
}

#[test]
fn the_recovery_code_works_once_and_turns_it_off() {
    let mut home = with_bob();
    let Some((key, first)) = enrolled(&mut home) else { return };
    let session = text(&home.ok("auth.login", with_code(&code(&key, 0).unwrap()))["secret"]);
    let app = app_password(&mut home, "bob", "a");
    let recovery = text(&home.ok("users.2fa.recovery", USER())["recovery_code"]);
    assert_ne!(recovery, first);
    assert_eq!(refusal(&mut home, with_code(&first)), "invalid_credentials");
    let created = home.ok("auth.login", with_code(&recovery));
    assert!(!active(&mut home, &session), "the sessions ended");
    let secret = text(&created["secret"]);
    assert!(active(&mut home, &secret) && active(&mut home, &app));
    assert_eq!(
        (&created["user"]["two_factor"], &created["user"]["method"]),
        (&json!(false), &json!(""))
    );
    let show = home.ok("users.2fa.show", USER());
    assert_eq!((&show["active"], &show["has_recovery_code"]), (&json!(false), &json!(false)));
    token(&mut home, "bob");
    home.restart();
    assert!(!active(&mut home, &session) && active(&mut home, &secret));
}

#[test]
fn turning_it_off_ends_sessions_and_forgets_the_key() {
    let mut home = with_bob();
    let nothing = home.ok("users.2fa.disable", USER());
    assert_eq!((&nothing["disabled"], &nothing["sessions_revoked"]), (&json!(false), &json!(0)));
    let Some((key, _)) = enrolled(&mut home) else { return };
    let session = text(&home.ok("auth.login", with_code(&code(&key, 0).unwrap()))["secret"]);
    let done = home.ok("users.2fa.disable", USER());
    assert_eq!((&done["disabled"], &done["sessions_revoked"]), (&json!(true), &json!(1)));
    assert!(!active(&mut home, &session));
    token(&mut home, "bob");
    // At once again: codes of another key are not used up.
    let Some((key, _)) = enrolled(&mut home) else { return };
    home.ok("auth.login", with_code(&code(&key, 0).unwrap()));
    let off = home.ok("users.mod", json!({"user": "bob", "disable_2fa": true}));
    assert_eq!((&off["changed"], &off["sessions_revoked"]), (&json!(["disable_2fa"]), &json!(2)));
    token(&mut home, "bob");
}

#[test]
fn replays_of_a_key_hold_no_secret() {
    let home = with_bob();
    let ask = |cmd: &str, args: Value| {
        let line = json!({"cmd": cmd, "args": args, "key": format!("key of {cmd}")});
        home.ask(&line.to_string())["result"].clone()
    };
    let created = ask("users.2fa.enroll", USER());
    let replay = ask("users.2fa.enroll", USER());
    assert_eq!(replay, json!({"url": null, "key": null, "replayed": true}));
    let Some(code) = code(&text(&created["key"]), 0) else { return skipped("no oathtool here") };
    let confirm = json!({"user": "bob", "passcode": code});
    assert!(ask("users.2fa.confirm", confirm.clone())["recovery_code"].is_string());
    let replay = ask("users.2fa.confirm", confirm);
    assert_eq!(replay, json!({"recovery_code": null, "replayed": true}));
    assert!(ask("users.2fa.recovery", USER())["recovery_code"].is_string());
    assert_eq!(ask("users.2fa.recovery", USER()), json!({"recovery_code": null, "replayed": true}));
}

#[test]
fn whom_it_is_not_for() {
    let mut home = with_bob();
    add_user(&mut home, "gone");
    home.ok("users.rm", json!({"user": "gone"}));
    for (cmd, extra) in [
        ("users.2fa.enroll", None),
        ("users.2fa.disable", None),
        ("users.2fa.recovery", None),
        ("users.2fa.confirm", Some("123456")),
    ] {
        for (user, expected) in
            [("nobody", "not_found"), ("gone", "not_found"), ("u000000000000002", "conflict")]
        {
            let mut args = json!({"user": user});
            if let Some(code) = extra {
                args["passcode"] = json!(code);
            }
            let error = home.refused(cmd, args);
            assert_eq!(error["code"], expected, "{cmd} {user}");
            assert_eq!(error["hint"].is_string(), user == "gone", "{cmd} {user}: {error}");
        }
    }
    assert_eq!(home.ok("users.2fa.show", json!({"user": "gone"}))["active"], false);
    assert!(unix() > 0 && !IP.is_empty());
}
