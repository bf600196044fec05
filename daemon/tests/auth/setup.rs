//! What the tests of this binary begin with.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use photoprism_protocol::token::is_app_password;
use serde_json::{Value, json};

use crate::common::TIMEOUT;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The password of every account here.
pub(crate) const PASSWORD: &str = "mysecret2";

/// Where logins come from unless a test says otherwise.
pub(crate) const IP: &str = "192.0.2.1";

/// A daemon whose refusals leave at once.
pub(crate) fn quick() -> TestDaemon {
    TestDaemon::new().args(["--refusal-floor", "0"])
}

/// The same, started, with an account `bob`.
pub(crate) fn with_bob() -> TestDaemon {
    let mut home = quick();
    home.start();
    add_user(&mut home, "bob");
    home
}

/// Creates an account and returns its UID.
pub(crate) fn add_user(to: &mut impl Ask, name: &str) -> String {
    let created = to.ok("users.add", json!({"name": name, "role": "user", "password": PASSWORD}));
    text(&created["user"]["uid"])
}

/// Creates an app password of an account.
pub(crate) fn app_password(to: &mut impl Ask, user: &str, scope: &str) -> String {
    let created = to.ok("auth.add", json!({"name": "app", "scope": scope, "user": user}));
    let secret = text(&created["secret"]);
    assert!(is_app_password(&secret), "{secret}");
    secret
}

/// Arguments of a login from [`IP`].
pub(crate) fn login(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password, "client_ip": IP})
}

/// The same from elsewhere.
pub(crate) fn login_from(ip: &str, name: &str, password: &str) -> Value {
    json!({"name": name, "password": password, "client_ip": ip})
}

/// Logs in, which must succeed, and gives the token.
pub(crate) fn token(to: &mut impl Ask, name: &str) -> String {
    text(&to.ok("auth.login", login(name, PASSWORD))["secret"])
}

/// Whether a token is active.
pub(crate) fn active(to: &mut impl Ask, token: &str) -> bool {
    let answer = to.ok("auth.verify", json!({"token": token}));
    let active = answer["active"].as_bool().unwrap();
    assert!(active || answer == json!({"active": false}), "{answer}");
    active
}

/// The code of a login that must be refused.
pub(crate) fn refusal(to: &mut impl Ask, args: Value) -> String {
    text(&to.refused("auth.login", args)["code"])
}

/// The items of a list.
pub(crate) fn items(to: &mut impl Ask, cmd: &str, args: Value) -> Vec<Value> {
    to.ok(cmd, args)["items"].as_array().unwrap().clone()
}

/// The one record of a name.
pub(crate) fn record(to: &mut impl Ask, name: &str) -> Value {
    let found = items(to, "logins.ls", json!({"name": name}));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// The arguments of a check by that password, which creates no session.
pub(crate) fn check(name: &str, password: &str) -> Value {
    let mut args = login(name, password);
    args["session"] = json!(false);
    args
}

/// The value of a metric without labels, or with those that are part of `sample`.
pub(crate) fn metric(to: &mut impl Ask, sample: &str) -> u64 {
    let text = text(&to.ok("metrics", json!({}))["text"]);
    let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

/// How many hashes were computed since the start.
pub(crate) fn hashes(to: &mut impl Ask) -> u64 {
    metric(to, "photoprismd_hashes_total")
}

/// A JSON string's text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Asks until something holds.
pub(crate) fn await_that<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Stopwatch::start();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(begun.elapsed() < TIMEOUT, "{what}: {seen}"),
        }
        std::thread::yield_now();
    }
}

/// The code of a key at an offset from now, by another implementation; `None`: it is not there.
pub(crate) fn code(key: &str, offset: i64) -> Option<String> {
    let at = format!("--now=@{}", unix() + offset);
    let output = Command::new("oathtool").args(["--totp", "-b", &at, key]).output().ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Now in Unix seconds.
pub(crate) fn unix() -> i64 {
    photoprism_daemon::clock::Clock::System.unix()
}

/// How long something took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Stopwatch::start();
    let result = work();
    (result, begun.elapsed())
}

/// Files of a directory, and of those in it, that hold some bytes.
pub(crate) fn holding(directory: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, needle));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
