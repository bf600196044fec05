//! A server that is not there, goes away and comes back, or has something else in it.

use std::time::Duration;

use mysql::prelude::Queryable;
use nix::sys::signal::Signal;
use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::proxy::Proxy;
use crate::refused;
use crate::server::{Options, PASSWORD, Server, shared};

/// The database is open for so many times.
fn is_open(home: &TestDaemon, times: usize) {
    home.running().wait_for_logs("the database exists now", times);
}

fn answers(home: &mut TestDaemon) {
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["name"], "bob");
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let Some(server) = Server::start() else { return };
    let schema = server.photoprism("later");
    server.kill();
    let mut home = schema.started();
    let log = home.running().log();
    assert!(
        log.contains("(photoprism, not there yet)") && log.contains("cannot be reached"),
        "{log}"
    );
    let message = refused(&mut home, "users.ls", json!({}), "unavailable")["message"].to_string();
    assert!(message.contains("server"), "{message}");
    let status = home.ok("status", json!({}));
    assert_eq!(
        (&status["database"]["engine"], &status["database"]["server"]),
        (&json!("mariadb"), &json!(null))
    );
    let doctor = home.ok("doctor", json!({}));
    assert!(doctor.to_string().contains("start the server"), "{doctor}");
    server.restart();
    is_open(&home, 1);
    answers(&mut home);
    assert!(!home.stop().contains(PASSWORD));
}

#[test]
fn a_server_that_dies_is_found_again() {
    let Some(server) = Server::start() else { return };
    let mut home = server.photoprism("dies").started();
    for times in 1..4 {
        answers(&mut home);
        server.kill();
        refused(&mut home, "users.show", json!({"user": "bob"}), "unavailable");
        refused(&mut home, "users.ls", json!({}), "unavailable");
        home.running().wait_for_logs("the connection to the server was lost", times);
        server.restart();
        is_open(&home, times);
    }
    answers(&mut home);
}

#[test]
fn a_server_whose_connections_are_all_taken_is_waited_for() {
    let options = Options { args: vec!["--max-connections=10".into()], ..Options::default() };
    let Some(server) = Server::start_with(options) else { return };
    let mut home = server.photoprism("full").started();
    answers(&mut home);
    let others = server.empty("others");
    // Root has one connection more than there are.
    let mut root = server.root(None);
    root.query_drop("KILL USER full@localhost").unwrap();
    let left = "SELECT count(*) FROM information_schema.processlist WHERE user = 'full'";
    while root.query_first::<u8, _>(left).unwrap() != Some(0) {}
    let taken: Vec<_> = std::iter::from_fn(|| others.connect().ok()).collect();
    assert!(taken.len() > 5, "{}", taken.len());
    for (cmd, args) in [
        ("users.show", json!({"user": "bob"})),
        ("users.mod", json!({"user": "bob", "display_name": "Bob"})),
    ] {
        let message = refused(&mut home, cmd, args, "unavailable")["message"].to_string();
        assert!(message.contains("Too many connections"), "{message}");
    }
    home.ok("status", json!({}));
    drop(taken);
    is_open(&home, 1);
    answers(&mut home);
}

/// As where it was restarted, or somebody ended what seemed idle: nobody has to try again.
#[test]
fn a_connection_that_the_server_ended_is_replaced_before_it_is_used() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("ended");
    let mut home = schema.started();
    let mut root = server.root(None);
    for times in 1..4 {
        answers(&mut home);
        let name = format!("Bob {times}");
        home.ok("users.mod", json!({"user": "bob", "display_name": name}));
        root.query_drop("KILL USER ended@localhost").unwrap();
        let left = "SELECT count(*) FROM information_schema.processlist WHERE user = 'ended'";
        while root.query_first::<u8, _>(left).unwrap() != Some(0) {}
        home.ok("users.mod", json!({"user": "bob", "display_name": "Bob"}));
        answers(&mut home);
    }
}

/// Whatever it was doing then.
#[test]
fn a_connection_that_is_lost_before_a_change_is_replaced_for_it() {
    let Some(server) = shared() else { return };
    for (name, text) in [("cut_tables", "CREATE TABLE"), ("cut_turn", "UPDATE admin_meta")] {
        let schema = server.photoprism(name);
        let proxy = Proxy::start(server.socket());
        let mut home = proxy.home(name);
        home.start();
        answers(&mut home);
        proxy.cut(text);
        home.ok("users.mod", json!({"user": "bob", "display_name": "Bob"}));
        assert!(proxy.has_cut(), "{text}");
        home.running().wait_for_logs("the connection to the server was lost", 1);
        drop(schema);
    }
}

#[test]
fn a_schema_that_photoprism_has_not_filled_is_waited_for() {
    let Some(server) = shared() else { return };
    let schema = server.empty("unfilled");
    let mut home = schema.started();
    assert!(home.running().log().contains("(photoprism, not there yet)"));
    refused(&mut home, "users.ls", json!({}), "unavailable");
    drop(server.root(None));
    schema.run("CREATE TABLE migrations (id INT)");
    schema.run("CREATE TABLE auth_users (id INT)");
    refused(&mut home, "users.ls", json!({}), "unavailable");
    schema.run("DROP TABLE migrations");
    schema.run("DROP TABLE auth_users");
    schema.fill();
    is_open(&home, 1);
    answers(&mut home);
}

#[test]
fn what_is_not_photoprism_s_is_refused() {
    let Some(server) = shared() else { return };
    let other = server.empty("other");
    other.run("CREATE TABLE pages (id INT)");
    let no_column = server.photoprism("no_column");
    no_column.run("ALTER TABLE auth_users DROP COLUMN user_role");
    let no_transactions = server.photoprism("no_transactions");
    no_transactions.run("ALTER TABLE passwords ENGINE=MyISAM");
    for (schema, words) in [
        (other, "none of PhotoPrism's"),
        (no_column, "user_role"),
        (no_transactions, "passwords is not in InnoDB"),
    ] {
        let output = schema.home().ends();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{log}");
        assert!(log.contains(words) && log.contains(&schema.name), "{log}");
    }
}

/// With a second in place of the 15 that an answer is waited for.
#[test]
fn a_server_that_is_silent_is_waited_for_once_by_each_read() {
    let Some(server) = Server::start() else { return };
    let mut home = server.photoprism("silent").home().faulty("short-silence");
    home.start();
    answers(&mut home);
    server.freeze(Signal::SIGSTOP);
    let mut times = [(); 3].map(|()| {
        let watch = Stopwatch::start();
        refused(&mut home, "users.show", json!({"user": "bob"}), "unavailable");
        watch.elapsed()
    });
    // One may be behind a read of the daemon's own.
    times.sort_unstable();
    assert!(times[1] < Duration::from_millis(1900), "{times:?}");
    server.freeze(Signal::SIGCONT);
    let watch = Stopwatch::start();
    while home.call("users.show", json!({"user": "bob"}))["ok"] != true {
        assert!(watch.elapsed() < Duration::from_secs(20));
    }
}
