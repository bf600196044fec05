//! What is refused, by name, and what that means for the start.

use std::fs;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;
use crate::place::{
    APPLIED, PHONE, PROBE, STACK, TABLET, assert_no_secret, data, declare, logs_in, secret_file,
    verify, with, write,
};

/// The end of a start that must fail.
fn fails(home: &TestDaemon) -> String {
    let output = home.ends();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_no_secret(&said);
    assert!(!home.socket().exists());
    said
}

const BOB: &str = "[[account]]\nname = 'bob'\nrole = 'user'\n";

fn app_password(rest: &str) -> String {
    format!("{BOB}[[app_password]]\nname = 'phone'\n{rest}\n")
}

#[test]
fn each_refusal_names_its_row_and_leaves_no_database() {
    let of_bob = "user = 'bob'\nscope = 'webdav'\nsecret_file = 'secrets/phone'";
    for (text, words) in [
        (
            STACK.replace("secrets/bob", "secrets/nobody"),
            "account \"bob\" (line 5): password_file:",
        ),
        (STACK.replace("\"user\"", "\"boss\""), "account \"bob\" (line 5): role:"),
        (STACK.replace("user = \"bob\"\n", ""), "app_password \"phone\" (line 10): user:"),
        (STACK.replace("\"webdav\"", "\"\""), "app_password \"phone\" (line 10): scope:"),
        (
            STACK.replace("secrets/phone", "secrets/bob"),
            "secret_file: the file does not contain an",
        ),
        (STACK.replace("secrets/probe", "secrets/phone"), "access_token \"probe\" (line 16): secr"),
        (STACK.replace("2037-01-01", "'soon'"), "access_token \"probe\" (line 16): expires_at:"),
        (STACK.replace("name = \"probe\"\n", "name = \"probe\"\nuser = \"bob\"\n"), "nobody's"),
        (STACK.replace("secret_file = \"secrets/probe", "secret = \"hunter22"), "unknown argument"),
        (STACK.replace("[[access_token]]", "[[token]]"), "line 16 is not TOML as it is"),
        (app_password(&of_bob.replace("phone'", "phone\u{7}'")), "line 8"),
        (
            app_password(&format!("{of_bob}\n[[app_password]]\nname = 'phone'\n{of_bob}")),
            "line 4 d",
        ),
        (app_password(&of_bob.replace("secrets/phone", "secrets")), "Is a directory"),
        ("\u{0}".into(), "accounts.toml"),
    ] {
        let home = with(TestDaemon::new(), &text);
        let said = fails(&home);
        assert!(said.contains(words), "{words} is missing in: {said}");
        assert!(!said.contains("hunter22"), "{said}");
        assert!(said.contains("from --accounts"), "{said}");
        assert!(!home.database().exists(), "{words}");
    }
}

#[test]
fn a_file_that_is_missing_or_too_long_is_refused() {
    let home = with(TestDaemon::new(), STACK);
    let file = home.root().join("declared/accounts.toml");
    fs::File::options().write(true).open(&file).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    assert!(fails(&home).contains("is larger than 16777216 bytes"));
    fs::remove_file(&file).unwrap();
    assert!(fails(&home).contains("cannot be read: No such file"));
    // What is lenient is what the file declares.
    let home = home.args(["--accounts-lenient"]);
    fails(&home);
}

#[test]
fn a_secret_has_at_most_4096_bytes_and_does_not_come_through_a_pipe() {
    let home = with(TestDaemon::new(), STACK);
    write(&secret_file(&home, "bob"), &"x".repeat(4097));
    let pipe = secret_file(&home, "phone");
    fs::remove_file(&pipe).unwrap();
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let said = fails(&home);
    assert!(said.contains("is larger than 4096 bytes") && said.contains("is a pipe"), "{said}");
    assert!(said.contains("and 1 more are refused"), "{said}");
}

#[test]
fn what_the_database_refuses_undoes_the_rest() {
    let taken = "[[account]]\nname = 'eve'\nrole = 'user'\nemail = 'x@example.com'\n";
    let text = STACK.to_owned() + taken + &taken.replace("eve", "kim");
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    home.stop();
    let before = data(&home);
    declare(&home, &text);
    let said = fails(&home);
    assert!(said.contains("line=25 name=\"kim\" why=\"email: "), "{said}");
    assert!(said.contains("1 of what is declared was refused"), "{said}");
    assert!(before == data(&home), "something was applied");
    // The others are applied where that is lenient, and the app password of nobody is not.
    let more = text.replace("user = \"bob\"", "user = \"nobody\"");
    declare(&home, &more);
    let mut home = home.env("PHOTOPRISM_ADMIN_ACCOUNTS_LENIENT", "true");
    home.start();
    let log = home.running().log();
    assert!(log.contains("line=10 name=\"phone\" why=\"user \\\"nobody\\\" not found\""), "{log}");
    assert!(log.contains("name=\"kim\" why=") && log.contains("added=1"), "{log}");
    home.ok("users.show", json!({"user": "eve"}));
    assert_eq!(home.fault("users.show", json!({"user": "kim"})).0, "not_found");
    assert_eq!(verify(&mut home, PHONE)["active"], true, "it was there before");
    assert_no_secret(&home.stop());
}

#[test]
fn an_account_that_cannot_have_one_gets_no_app_password() {
    let text = app_password("user = 'bob'\nscope = 'webdav'\nsecret_file = 'secrets/phone'");
    let expired = text.replace("'user'", "'user'\nexpires_at = 2020-01-01");
    let said = fails(&with(TestDaemon::new(), &expired));
    assert!(said.contains("name=\"phone\" why=\"the account is disabled"), "{said}");
    let home = TestDaemon::new().env("PHOTOPRISM_DISABLE_FEATURES", "app-passwords");
    let said = fails(&with(home, &text));
    assert!(said.contains("name=\"phone\" why=\"app passwords are disabled"), "{said}");
    // One of PhotoPrism's other accounts cannot have one either.
    let said = fails(&with(TestDaemon::new(), &text.replace("user = 'bob'", "user = 'visitor'")));
    assert!(said.contains("name=\"phone\" why="), "{said}");
}

#[test]
fn at_a_reload_the_rest_is_applied_and_the_daemon_serves_on() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    write(&secret_file(&home, "bob"), "short");
    write(&secret_file(&home, "phone"), TABLET);
    home.running().signal(nix::sys::signal::Signal::SIGHUP);
    let log = home.running().wait_for_logs(APPLIED, 2);
    assert!(log.contains("declared and refused: account line=5 name=\"bob\""), "{log}");
    assert!(logs_in(&mut home, "bob", "the secret of bob"), "it has kept its password");
    assert_eq!(verify(&mut home, TABLET)["active"], true);
    fs::remove_file(home.root().join("declared/accounts.toml")).unwrap();
    home.running().signal(nix::sys::signal::Signal::SIGHUP);
    home.running().wait_for_log("the declared accounts stay as they are: ");
    assert_eq!(verify(&mut home, PROBE)["active"], true);
    assert_no_secret(&home.stop());
}

#[test]
fn check_prints_what_would_be_applied_and_touches_nothing() {
    let home = with(TestDaemon::new(), STACK);
    let check = |home: &TestDaemon| {
        let output = run_to_end(home.command().arg("--check"));
        let out = String::from_utf8(output.stdout).unwrap();
        assert_no_secret(&out);
        assert!(!home.database().exists() && !home.socket().exists());
        (output.status.code(), out)
    };
    let (code, out) = check(&home);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("declared: 2 accounts, 1 app password, 1 access token\n"), "{out}");
    assert!(out.contains("accounts-lenient: false (from default)\n"), "{out}");
    write(&secret_file(&home, "bob"), "short");
    let (code, out) = check(&home);
    assert_eq!(code, Some(2), "{out}");
    assert!(out.contains("refused: account \"bob\" (line 5): password: "), "{out}");
    let home = home.args(["--accounts-lenient"]);
    assert_eq!(check(&home).0, Some(0));
}
