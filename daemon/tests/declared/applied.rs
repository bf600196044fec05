//! What is declared is there when the daemon is ready, and a second start changes nothing.

use std::fs;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::place::{
    APPLIED, PHONE, PROBE, SECRETS, STACK, TABLET, assert_no_secret, data, declare, logs_in,
    secret_file, trail, verify, with, write,
};

const PASSWORD: &str = "PHOTOPRISM_ADMIN_PASSWORD";

#[test]
fn an_empty_volume_comes_up_with_exactly_what_is_declared() {
    let mut home = with(TestDaemon::new().env(PASSWORD, "another secret"), STACK);
    home.start();
    let log = home.running().log();
    assert!(log.contains("(own) accounts=2\n"), "{log}");
    let names: Vec<Value> = home.ok("users.ls", json!({}))["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["name"].clone())
        .collect();
    assert_eq!(names, ["admin", "bob"]);
    assert!(logs_in(&mut home, "admin", "the admin's secret"));
    assert!(!logs_in(&mut home, "admin", "another secret"));
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert!(logs_in(&mut home, "bob", PHONE));
    let phone = verify(&mut home, PHONE);
    assert_eq!((&phone["username"], &phone["scope"]), (&json!("bob"), &json!("webdav")));
    assert_eq!((&phone["client_name"], &phone["exp"]), (&json!("phone"), &json!(null)));
    let probe = verify(&mut home, PROBE);
    assert_eq!((&probe["username"], &probe["scope"]), (&json!(null), &json!("metrics")));
    assert_eq!(probe["exp"], 2_114_380_800_u64);
    assert_eq!(home.ok("auth.ls", json!({}))["items"].as_array().unwrap().len(), 2);
    let commands = ["users.import", "users.import", "auth.add", "auth.add", "users.import"];
    assert_eq!(trail(&mut home), commands);
    assert_no_secret(&home.stop());
}

#[test]
fn a_missing_password_of_the_first_admin_is_logged_where_nothing_declares_one() {
    const BOB: &str = "[[account]]\nname = \"bob\"\nrole = \"user\"\n";
    for (text, is_missing) in [(STACK, false), (BOB, true)] {
        let mut home = with(TestDaemon::new(), text);
        home.start();
        let log = home.stop();
        let said = "the first admin has no password yet: photoprism passwd admin";
        assert_eq!(log.contains(said), is_missing, "{log}");
    }
}

#[test]
fn a_second_start_and_a_reload_change_nothing() {
    let mut home = with(TestDaemon::new().env(PASSWORD, "another secret"), STACK);
    home.start();
    home.stop();
    let before = data(&home);
    home.start();
    home.running().signal(nix::sys::signal::Signal::SIGHUP);
    let log = home.running().wait_for_logs(APPLIED, 2);
    let nothing = "added=0 updated=0 unchanged=2 refused=0 sessions_added=0 sessions_unchanged=2 \
                   sessions_ended=0";
    assert_eq!(log.matches(nothing).count(), 2, "{log}");
    home.stop();
    assert!(before == data(&home), "a file of the database has changed");
}

#[test]
fn logins_last_where_nothing_differs_and_end_with_another_password() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    let args = json!({
        "name": "bob", "password": "the secret of bob", "client_ip": "192.0.2.1",
    });
    let login = home.ok("auth.login", args)["secret"].as_str().unwrap().to_owned();
    home.restart();
    assert_eq!(verify(&mut home, &login)["active"], true);
    write(&secret_file(&home, "bob"), "quite another one");
    let log = home.restart();
    assert!(!log.contains("refused:"), "{log}");
    assert_eq!(verify(&mut home, &login)["active"], false);
    assert!(logs_in(&mut home, "bob", "quite another one"));
    assert!(!logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PHONE)["active"], true, "an app password stays");
}

#[test]
fn another_secret_takes_the_place_of_the_one_before() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    // Others of that account and of that name stay.
    let add = |user: &str, name: &str| json!({"user": user, "name": name, "scope": "*"});
    let other = home.ok("auth.add", add("bob", "laptop"))["secret"].clone();
    let same_name = home.ok("auth.add", add("admin", "phone"))["secret"].clone();
    write(&secret_file(&home, "phone"), TABLET);
    let token = PROBE.replace('0', "f");
    write(&secret_file(&home, "probe"), &token);
    home.restart();
    for gone in [PHONE, PROBE] {
        assert_eq!(verify(&mut home, gone)["active"], false);
    }
    for there in [TABLET, &token, other.as_str().unwrap(), same_name.as_str().unwrap()] {
        assert_eq!(verify(&mut home, there)["active"], true);
    }
    let log = home.stop();
    assert!(log.contains("sessions_added=2 sessions_unchanged=0 sessions_ended=2"), "{log}");
}

#[test]
fn however_many_there_were_before_all_of_them_end() {
    let mut home = with(TestDaemon::new(), "# nobody yet\n");
    home.start();
    let bob =
        json!({"name": "bob", "role": "user", "provider": "local", "password": "a bob's own"});
    home.ok("users.add", bob);
    let phone = json!({"user": "bob", "name": "phone", "scope": "*"});
    for _ in 0..1001 {
        home.ok("auth.add", phone.clone());
    }
    declare(&home, STACK);
    home.restart();
    assert_eq!(home.ok("auth.ls", json!({"search": "bob"}))["items"].as_array().unwrap().len(), 1);
    let log = home.stop();
    assert!(log.contains("sessions_added=2 sessions_unchanged=0 sessions_ended=1001"), "{log}");
}

#[test]
fn the_same_secret_with_other_rights_is_another_session() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    let before = verify(&mut home, PHONE)["session"].clone();
    declare(&home, &STACK.replace("\"webdav\"", "\"photos\""));
    home.restart();
    let phone = verify(&mut home, PHONE);
    assert_eq!(phone["scope"], "photos");
    assert_ne!(phone["session"], before);
    home.stop();
    let once = data(&home);
    home.start();
    home.stop();
    assert!(once == data(&home));
}

#[test]
fn what_is_not_declared_any_more_stays() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    declare(&home, "[[account]]\nname = \"admin\"\n");
    home.restart();
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PHONE)["active"], true);
    assert_eq!(verify(&mut home, PROBE)["active"], true);
}

#[test]
fn one_whose_end_has_come_is_not_created_and_refuses_no_start() {
    let mut home = with(TestDaemon::new(), &STACK.replace("2037", "2020"));
    home.start();
    let log =
        home.running().wait_for_log("declared and not created: its end has come name=\"probe\"");
    assert!(log.contains("sessions_added=1"), "{log}");
    assert_eq!(verify(&mut home, PROBE)["active"], false);
    assert_eq!(home.ok("auth.ls", json!({}))["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_backup_that_is_restored_keeps_them() {
    let mut home = with(TestDaemon::new(), STACK);
    home.start();
    let file = home.ok("backup.create", json!({}))["file"].clone();
    home.ok("users.rm", json!({"user": "bob"}));
    home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    home.restart();
    let log = home.restart();
    assert!(log.contains("unchanged=2 refused=0 sessions_added=0 sessions_unchanged=2"), "{log}");
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PHONE)["active"], true);
}

#[test]
fn other_formats_declare_accounts_too() {
    let home = TestDaemon::new();
    let file = home.root().join("accounts.csv");
    let whole = secret_file(&home, "bob");
    fs::write(&file, format!("name,role,password_file\nbob,user,{}\n", whole.display())).unwrap();
    write(&whole, SECRETS[1].1);
    let mut home = home.env("PHOTOPRISM_ADMIN_ACCOUNTS", &file);
    home.start();
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
}

/// Whether a process has a handler for SIGTERM.
fn handles_sigterm(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    caught & (1 << (nix::sys::signal::Signal::SIGTERM as u32 - 1)) != 0
}

#[test]
fn a_stop_does_not_wait_for_many_passwords() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..2000 {
        let name = format!("user{number:04}");
        writeln!(text, "[[account]]\nname = '{name}'\nrole = 'user'\npassword = 'a-{name}-z'")
            .unwrap();
    }
    let home = with(TestDaemon::new(), &text);
    let mut child = home.command().spawn().unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    while !handles_sigterm(child.id()) {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let connected = std::os::unix::net::UnixStream::connect(home.socket());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(connected);
    assert!(!home.socket().exists());
    let count = "SELECT count(*) FROM auth_users WHERE user_name LIKE 'user%'";
    let count: u32 = home.open_database().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0, "nothing is half done");
}
