//! What one request, and any number of them, may write.

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Most bytes of a record as it is written, and characters of a stranger's text in one.
pub(crate) const RECORD: usize = 4096;
const EXCERPT: usize = 200;

/// Bytes of log that a flood may write in a second: 64 KiB of records one by one, and what is
/// counted of at most 256 kinds.
const A_SECOND: usize = 160 * 1024;

/// What a flood may write that took so long.
fn bound(flood: &Stopwatch) -> usize {
    let seconds = usize::try_from(flood.elapsed().as_secs()).unwrap();
    (seconds + 2) * A_SECOND
}

/// Characters that are escaped in every form, some of them six- and eightfold.
const HARM: &str = "\u{1}\u{202e}\u{feff}\n\"\\'🙂";

/// How many records of a message a log has, written or counted.
pub(crate) fn records(log: &str, message: &str) -> u64 {
    let number = |line: &str| {
        let (before, _) = line.split_once(message)?;
        let more = before.strip_suffix(" more: ").and_then(|text| text.rsplit(' ').next());
        Some(more.map_or(1, |number| number.parse().unwrap()))
    };
    log.lines().filter_map(number).sum()
}

/// Sends lines, many at a time, and reads the replies.
fn ask_all(client: &mut Client, lines: &[String]) -> Vec<Value> {
    let mut replies = Vec::new();
    for some in lines.chunks(64) {
        client.send(some.concat());
        replies.extend(some.iter().map(|_| client.reply()));
    }
    replies
}

fn login(name: &str, ip: &str) -> String {
    let args = json!({"name": name, "password": "x", "client_ip": ip, "session": false});
    format!("{}\n", json!({"cmd": "auth.login", "args": args}))
}

#[test]
fn twenty_thousand_forbidden_requests_write_little_and_are_all_counted() {
    let mut home = TestDaemon::new().with_auth_socket();
    home.start();
    let mut client = Client::connect(&home.auth_socket());
    let lines = vec!["{\"cmd\":\"users.ls\"}\n".to_owned(); 20_000];
    let flood = Stopwatch::start();
    let replies = ask_all(&mut client, &lines);
    assert!(replies.iter().all(|reply| reply["error"]["code"] == "forbidden"));
    let log = home.stop();
    assert!(log.len() < bound(&flood), "{} bytes", log.len());
    assert_eq!(records(&log, "forbidden command=\"users.ls\" uid="), 20_000, "{log}");
}

#[test]
fn refused_writes_and_failed_checks_of_rights_are_counted_too() {
    let mut home = TestDaemon::started();
    let mut client = home.connect();
    let lines = vec!["{\"cmd\":\"users.rm\",\"args\":{\"user\":\"zoe\"}}\n".to_owned(); 5000];
    let flood = Stopwatch::start();
    ask_all(&mut client, &lines);
    let log = home.stop();
    assert!(log.len() < bound(&flood), "{} bytes", log.len());
    assert_eq!(records(&log, "refused command=\"users.rm\" uid="), 5000, "{log}");
}

/// In each format: 384 KB in one name, and each argument of a stranger.
#[test]
fn one_request_writes_at_most_four_kib() {
    for (format, systemd) in [("text", ""), ("text", "an-id"), ("json", "an-id")] {
        let args = ["--max-line=1048576", "--refusal-floor=0", "--log-format", format];
        let mut home = TestDaemon::new().args(args).env("INVOCATION_ID", systemd);
        home.start();
        let mut client = home.connect();
        for name in ["\u{1}".repeat(64_000), HARM.repeat(10_000), "x".repeat(200)] {
            assert_eq!(client.ask(login(&name, "192.0.2.1").trim())["ok"], false);
        }
        for cmd in ["users.show", "users.rm", "passwd.set", "users.restore"] {
            client.confirmed(cmd, json!({"user": HARM.repeat(10_000), "password": HARM}));
        }
        let log = home.stop();
        assert!(log.lines().all(|line| line.len() < RECORD), "{log}");
        assert!(log.len() < 8 * RECORD, "{} bytes", log.len());
        let names: Vec<String> = log.lines().filter_map(|line| name_in(line, format)).collect();
        let counts: Vec<usize> = names.iter().map(|name| name.chars().count()).collect();
        assert_eq!(counts, [EXCERPT; 3], "{log}");
        assert!(names[0].ends_with('…') && names[1].ends_with('…') && !names[2].ends_with('…'));
    }
}

/// The name of a login, read back.
fn name_in(line: &str, format: &str) -> Option<String> {
    if format == "json" {
        let record: Value = serde_json::from_str(line).expect(line);
        return record["user"].as_str().map(str::to_owned);
    }
    let quoted = line.split_once(" user=\"")?.1.strip_suffix("\" reason=\"unknown user\"")?;
    let escape = regex::Regex::new(r#"\\(?:u\{[0-9a-f]{1,6}\}|[nrt"\\])"#).unwrap();
    let name = escape.replace_all(quoted, "?").into_owned();
    assert!(!name.contains('\\'), "an escape is cut: {line}");
    Some(name)
}

/// 25 MB of log a second, once.
#[test]
fn attempts_that_are_rate_limited_write_little_and_are_all_counted() {
    let mut home = TestDaemon::new().args(["--login-burst=1", "--refusal-floor=0"]);
    home.start();
    let mut client = home.connect();
    let harmful = "\u{1}".repeat(8000);
    let lines: Vec<_> = (0..2000).map(|n| login(&format!("{harmful}{n}"), "192.0.2.1")).collect();
    let flood = Stopwatch::start();
    let replies = ask_all(&mut client, &lines);
    let limited = |reply: &&Value| reply["error"]["code"] == "rate_limited";
    assert!(replies.iter().filter(limited).count() > 1900);
    let log = home.stop();
    assert!(log.len() < bound(&flood), "{} bytes", log.len());
    assert_eq!(records(&log, "login refused ip=192.0.2.1 user=\""), 2000);
    let filter =
        regex::Regex::new("login refused ip=192.0.2.1 user=\"[^\"]*\" reason=\"[a-z ]+\"$");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("login refused")).collect();
    assert!(lines.iter().all(|line| filter.as_ref().unwrap().is_match(line)), "{lines:?}");
}

/// A stranger with many addresses fills no table, and every address that is logged is one that
/// fail2ban can read.
#[test]
fn attempts_from_many_addresses_write_little_and_are_all_counted() {
    let mut home = TestDaemon::new().args(["--login-burst=1", "--refusal-floor=0"]);
    home.start();
    let mut client = home.connect();
    let ip = |n: usize| format!("10.0.{}.{}", n >> 8, n & 255);
    let lines: Vec<_> = (0..15_000).map(|n| login("admin", &ip(n))).collect();
    let flood = Stopwatch::start();
    ask_all(&mut client, &lines);
    let log = home.stop();
    assert!(log.len() < bound(&flood), "{} bytes", log.len());
    assert_eq!(records(&log, "login refused ip="), 15_000);
    assert!(log.contains("login refused ip=10.0.0.7 user=\"admin\" reason=\""), "{log}");
}

/// App passwords cost no hash, so that right ones are as fast.
#[test]
fn logins_that_succeed_all_the_time_are_counted_too() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": "correct horse"}));
    let added = home.ok("auth.add", json!({"user": "bob", "name": "x", "scope": "files"}));
    let args = json!({"name": "bob", "password": added["secret"], "client_ip": "192.0.2.1",
        "session": false, "scope": "files"});
    let line = format!("{}\n", json!({"cmd": "auth.login", "args": args}));
    let replies = ask_all(&mut home.connect(), &vec![line; 1000]);
    assert!(replies.iter().all(|reply| reply["ok"] == true), "{}", replies[0]);
    let log = home.stop();
    assert_eq!(records(&log, "login ok ip=192.0.2.1 user=\"bob\""), 1000, "{log}");
    assert!(log.lines().count() < 300, "{log}");
}
