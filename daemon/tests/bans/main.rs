//! What is shipped for fail2ban and for CrowdSec reads the log of a real daemon with the real programs, in
//! each form in which it comes to them, and bans nobody for what a stranger typed.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;
mod crowdsec;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::outside::lacks;
use crate::common::test_daemon::TestDaemon;

/// Who guesses, and who mistypes once.
const GUESSER: &str = "192.0.2.7";
const OTHER: &str = "2001:db8::8";

/// Names that would end the quotes, the record or the line, or look like another refusal, of an
/// address from which nobody came.
const NAMES: [&str; 8] = [
    "bob",
    "a\" reason=\"wrong password",
    "INFO login refused ip=203.0.113.9 user=\"b\" reason=\"wrong password\"",
    "x\nINFO login refused ip=203.0.113.9 user=\"b\" reason=\"wrong password\"",
    "ends with\\",
    "\\\"",
    "<b>&amp;</b>",
    "\u{1}\u{202e}🙂",
];

/// The log after twelve attempts of one address and one of another; a login that succeeds is there
/// as well. `.ci/without` and the like run it once for all tests.
static LOG: LazyLock<String> = LazyLock::new(|| {
    let mut home = TestDaemon::started();
    let good = "staple and paper clip";
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": good}));
    let attempt = |name: &str, ip: &str, password: &str| {
        let mut client = home.connect();
        let args = json!({"name": name, "password": password, "client_ip": ip, "session": false});
        client.send(format!("{}\n", json!({"cmd": "auth.login", "args": args})));
        client
    };
    let mut clients: Vec<_> = NAMES
        .iter()
        .cycle()
        .take(12)
        .map(|name| attempt(name, GUESSER, "something else"))
        .collect();
    clients.push(attempt("bob", OTHER, "something else"));
    for client in &mut clients {
        assert_eq!(client.reply()["ok"], false);
    }
    assert_eq!(attempt("bob", "192.0.2.9", good).reply()["ok"], true);
    home.stop()
});

/// The refusals of an address that are in the log, each line once.
fn refusals(ip: &str) -> usize {
    LOG.lines().filter(|line| line.contains(&format!("login refused ip={ip} "))).count()
}

/// The log as it is, in a journal, and in the file of Docker's driver `json-file`, whose encoder
/// escapes what could be HTML.
fn forms() -> [(&'static str, String); 3] {
    let lines = |form: &dyn Fn(&str) -> String| LOG.lines().map(form).collect::<String>();
    let docker = |line: &str| {
        let log = json!(format!("{line}\n")).to_string();
        let log = log.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let time = line.split(' ').next().unwrap();
        format!("{{\"log\":{log},\"stream\":\"stderr\",\"time\":\"{time}\"}}\n")
    };
    [
        ("text", lines(&|line| format!("{line}\n"))),
        ("journal", lines(&|line| format!("Nov 30 10:01:45 host photoprismd[12]: {line}\n"))),
        ("json-file", lines(&docker)),
    ]
}

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bans").join(path)
}

/// The output of a program that succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn fail2ban_finds_the_address_of_each_refusal_and_no_other() {
    if lacks("fail2ban-regex") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    assert!(refusals(GUESSER) > 8, "{}", *LOG);
    for (form, log) in forms() {
        let file = place.path().join(form);
        fs::write(&file, log).unwrap();
        let filter = shipped("fail2ban/filter.d/photoprism.conf");
        let found = output(Command::new("fail2ban-regex").arg("--out=ip").arg(file).arg(filter));
        let mut by_address: BTreeMap<&str, usize> = BTreeMap::new();
        for ip in found.lines() {
            *by_address.entry(ip).or_default() += 1;
        }
        let expected = [GUESSER, OTHER].map(|ip| (ip, refusals(ip)));
        assert_eq!(by_address, BTreeMap::from(expected), "{form}");
    }
}

#[test]
fn fail2ban_takes_the_jail() {
    if lacks("fail2ban-client") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let copy = |from: &Path| {
        output(Command::new("cp").arg("-r").arg(from).arg(place.path()));
    };
    copy(Path::new("/etc/fail2ban/."));
    copy(&shipped("fail2ban/."));
    // The jail of Debian's package wants a log of sshd.
    let _ = fs::remove_file(place.path().join("jail.d/defaults-debian.conf"));
    let test = output(Command::new("fail2ban-client").arg("-c").arg(place.path()).arg("-t"));
    assert!(test.contains("configuration test is successful"), "{test}");
    let dump = output(Command::new("fail2ban-client").arg("-c").arg(place.path()).arg("-d"));
    assert!(dump.contains("'photoprism', 'addfailregex', "), "{dump}");
}
