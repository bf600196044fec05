//! Many logins at once: the places are taken before anything is computed.

use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{IP, PASSWORD, active, add_user, await_that, items, login, login_from};

fn started() -> TestDaemon {
    let mut home = TestDaemon::new().args([
        "--refusal-floor",
        "0",
        "--login-burst",
        "10",
        "--max-connections",
        "300",
        "--max-connections-per-uid",
        "300",
    ]);
    home.start();
    add_user(&mut home, "bob");
    home
}

/// One connection for each; all are sent before the first is answered.
fn at_once(home: &TestDaemon, attempts: &[Value]) -> Vec<Value> {
    let mut clients: Vec<Client> = attempts.iter().map(|_| home.connect()).collect();
    for (client, args) in clients.iter_mut().zip(attempts) {
        client.send(format!("{}\n", json!({"cmd": "auth.login", "args": args})));
    }
    clients.iter_mut().map(Client::reply).collect()
}

fn count(replies: &[Value], code: &str) -> usize {
    replies.iter().filter(|reply| reply["error"]["code"] == code).count()
}

#[test]
fn of_two_hundred_guesses_ten_are_checked() {
    for name in ["bob", "nobody"] {
        let mut home = started();
        let guesses: Vec<Value> =
            (0..200).map(|n| login(name, &format!("wrong guess {n}"))).collect();
        let replies = at_once(&home, &guesses);
        assert_eq!(count(&replies, "invalid_credentials"), 10, "{name}");
        assert_eq!(count(&replies, "rate_limited"), 190, "{name}");
        for reply in replies.iter().filter(|reply| reply["error"]["code"] == "rate_limited") {
            let retry = reply["error"]["retry_after_s"].as_i64().unwrap();
            assert!((1..=60).contains(&retry), "{reply}");
        }
        let record = await_that("the refusals on the row", || {
            let found = items(&mut home, "logins.ls", json!({}));
            if found[0]["repeated"] == 200 { Ok(found) } else { Err(format!("{found:?}")) }
        });
        assert_eq!(record.len(), 1);
        assert_eq!(
            (&record[0]["name"], &record[0]["status"]),
            (&json!(name), &json!("rate limited"))
        );
        assert!(record[0]["banned_at"].is_string());
        let log = home.stop();
        let wrong = if name == "bob" { "wrong password" } else { "unknown user" };
        let lines = |reason: &str| {
            let end = format!("login refused ip={IP} user=\"{name}\" reason=\"{reason}\"");
            let counts = log.lines().filter_map(|line| line.strip_suffix(&end));
            // Those that repeat are counted.
            let more =
                |count: &str| count.strip_suffix(" more: ")?.rsplit(' ').next()?.parse().ok();
            counts.map(|count| more(count).unwrap_or(1)).sum::<u64>()
        };
        assert_eq!((lines(wrong), lines("rate limited")), (10, 190));
    }
}

#[test]
fn sixteen_right_logins_at_once_all_succeed() {
    let mut home = started();
    let replies = at_once(&home, &vec![login("bob", PASSWORD); 16]);
    assert!(replies.iter().all(|reply| reply["ok"] == true), "{replies:?}");
    assert_eq!(items(&mut home, "auth.ls", json!({})).len(), 16);
}

/// Spread over addresses it is the account that has the places.
#[test]
fn guesses_from_everywhere_count_against_the_account() {
    let mut home = started();
    let spelled = ["bob", "BOB", " Bob", "bOb\t"];
    let guesses: Vec<Value> = (0..100)
        .map(|n| login_from(&format!("198.51.100.{n}"), spelled[n % 4], &format!("guess no {n}")))
        .collect();
    let replies = at_once(&home, &guesses);
    assert_eq!(count(&replies, "invalid_credentials"), 10);
    assert_eq!(count(&replies, "rate_limited"), 90);
    // Names that were not checked leave a row of their address.
    let found = await_that("the refusals of each address", || {
        let found = items(&mut home, "logins.ls", json!({"limit": 1000}));
        if found.len() == 100 { Ok(found) } else { Err(found.len().to_string()) }
    });
    assert_eq!(found.iter().filter(|row| row["name"] == "*").count(), 90);
    assert_eq!(found.iter().filter(|row| row["status"] == "wrong password").count(), 10);
}

/// Right and wrong ones together: no right one is refused while wrong ones are undecided.
#[test]
fn undecided_attempts_make_the_next_one_wait() {
    let home = started();
    let attempts: Vec<Value> = (0..36)
        .map(|n| login("bob", if n % 4 == 0 { "wrong password" } else { PASSWORD }))
        .collect();
    let replies = at_once(&home, &attempts);
    for (n, reply) in replies.iter().enumerate() {
        assert_eq!(reply["ok"], n % 4 != 0, "{n}: {reply}");
    }
}

/// Whichever comes first: a session of the old password does not outlive the change.
#[test]
fn a_password_that_changes_while_it_is_checked_lets_nobody_in() {
    const ROUNDS: usize = 40;
    let home = started();
    let (mut guest, mut admin) = (home.connect(), home.connect());
    let password = |n: usize| format!("{PASSWORD} no {n}");
    admin.ok("passwd.set", json!({"user": "bob", "password": password(0)}));
    let mut let_in = 0;
    for round in 0..ROUNDS {
        let login = json!({"cmd": "auth.login", "args": login("bob", &password(round))});
        let change = json!({"cmd": "passwd.set",
            "args": {"user": "bob", "password": password(round + 1)}});
        // The change takes a hash as well: now one begins first, now the other.
        let mut lines = [(&mut guest, login), (&mut admin, change)];
        lines.rotate_left(round % 2);
        for (client, line) in &mut lines {
            client.send(format!("{line}\n"));
        }
        assert_eq!(admin.reply()["ok"], true);
        let reply = guest.reply();
        if reply["ok"] == true {
            let_in += 1;
            assert!(!active(&mut admin, reply["result"]["secret"].as_str().unwrap()), "{round}");
        } else {
            assert_eq!(reply["error"]["code"], "invalid_credentials", "{reply}");
        }
        admin.ok("logins.clear", json!({}));
    }
    assert!(items(&mut admin, "auth.ls", json!({})).is_empty(), "{let_in} were let in");
}
