//! Addresses that an account logged in from, more than are kept.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{add_user, app_password, login_from, quick};

/// Addresses that are kept of an account.
const KEPT: usize = 100;

fn address(number: usize) -> String {
    format!("10.9.{}.{}", number / 256, number % 256)
}

/// Logs in by an app password from many addresses, many at a time.
fn log_in(home: &TestDaemon, secret: &str, addresses: std::ops::Range<usize>) {
    let mut client = home.connect();
    let line = |number| {
        let mut args = login_from(&address(number), "bob", secret);
        args["session"] = json!(false);
        args["scope"] = json!("files");
        format!("{}\n", json!({"cmd": "auth.login", "args": args}))
    };
    let lines: Vec<String> = addresses.map(line).collect();
    for some in lines.chunks(50) {
        client.send(some.concat());
        for _ in some {
            let reply = client.reply();
            assert_eq!(reply["ok"], true, "{reply}");
        }
    }
}

/// The addresses in the table.
fn rows(home: &mut TestDaemon) -> Vec<String> {
    home.stop();
    let database = home.open_database();
    let rows =
        database.rows("SELECT subject FROM admin_limits WHERE kind = 'vouch' ORDER BY subject", []);
    let subjects = rows.iter().map(|row| row.get::<_, String>(0).unwrap());
    subjects.map(|subject| subject.split_once(' ').unwrap().1.to_owned()).collect()
}

fn is_let_in(home: &mut TestDaemon, ip: &str) -> bool {
    home.confirmed("auth.login", login_from(ip, "bob", crate::setup::PASSWORD))["ok"] == true
}

/// One app password, any number of addresses: the latest are trusted, now and after a restart, and
/// no table grows.
#[test]
fn an_app_password_fills_neither_the_memory_nor_the_table() {
    let mut home = quick().args(["--login-burst", "3"]);
    home.start();
    add_user(&mut home, "bob");
    let secret = app_password(&mut home, "bob", "files");
    log_in(&home, &secret, 0..3000);
    for round in 0..2 {
        // Somebody else uses up the account's places, each time from another address.
        for number in 0..3 {
            let ip = format!("198.51.{round}.{number}");
            home.refused("auth.login", login_from(&ip, "bob", "a wrong guess"));
        }
        assert!(is_let_in(&mut home, &address(2999)), "the latest is trusted");
        assert!(!is_let_in(&mut home, &address(round)), "the oldest are not");
        home.ok("logins.clear", json!({}));
        if round == 0 {
            let kept = rows(&mut home);
            assert_eq!(kept.len(), KEPT, "{kept:?}");
            assert!(kept.contains(&address(2999)));
            home.start();
        }
    }
}
