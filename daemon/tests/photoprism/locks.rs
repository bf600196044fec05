//! The daemon waits for PhotoPrism's locks, as PhotoPrism waits for the daemon's.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::json::Ask;
use crate::setup::{busy_elsewhere, home, photoprism};

/// Less than two waits of five seconds, one after the other.
const TWICE: Duration = Duration::from_secs(9);

#[test]
fn a_writer_is_waited_for_and_those_who_only_look_are_served_meanwhile() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut writer = home.connect();
    let line = json!({"cmd": "users.mod", "args": {"user": "bob", "attr": "b"}});
    writer.send(format!("{line}\n"));
    let begun = Stopwatch::start();
    let mut looks = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "a");
        looks += 1;
    }
    assert!(looks > 20, "{looks} looks in two seconds");
    conn.execute_batch("UPDATE auth_users SET user_attr = 'c' WHERE id = 3; COMMIT").unwrap();
    assert_eq!(writer.reply()["ok"], true);
    assert_eq!(home.ok("users.show", json!({"user": "alice"}))["user"]["attr"], "c");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "b");
}

#[test]
fn a_lock_that_is_held_for_longer_is_reported_and_nothing_is_changed() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Stopwatch::start();
    let refused = home.refused("users.mod", json!({"user": "bob", "attr": "b"}));
    assert_eq!(refused["code"], "unavailable");
    assert!(refused["message"].as_str().unwrap().contains("locked"), "{refused}");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < TWICE, "{waited:?}");
    // Readers go on next to a writer that has not committed.
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "a");
    conn.execute_batch("ROLLBACK").unwrap();
    home.ok("users.mod", json!({"user": "bob", "attr": "b"}));
}

/// PhotoPrism writes pages before its commit where a transaction is large: nobody reads then.
#[test]
fn a_lock_that_keeps_readers_out_is_reported_to_all_who_wait_and_ends_nothing() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let begun = Stopwatch::start();
    let mut writers: Vec<_> = (0..5).map(|_| home.connect()).collect();
    for writer in &mut writers {
        let line = json!({"cmd": "users.mod", "args": {"user": "bob", "attr": "b"}});
        writer.send(format!("{line}\n"));
    }
    for writer in &mut writers {
        assert_eq!(writer.reply()["error"]["code"], "unavailable");
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < TWICE, "{waited:?}");
    conn.execute_batch("ROLLBACK").unwrap();
    home.ok("users.mod", json!({"user": "bob", "attr": "b"}));
    home.stop();
}

/// Each of them alone would wait for 5 s, one after the other.
#[test]
fn those_who_only_look_wait_for_such_a_lock_together() {
    let home = home();
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let begun = Stopwatch::start();
    let mut readers: Vec<_> = (0..6).map(|_| home.connect()).collect();
    for reader in &mut readers {
        reader.send(format!("{}\n", json!({"cmd": "users.show", "args": {"user": "bob"}})));
    }
    for reader in &mut readers {
        assert_eq!(reader.reply()["error"]["code"], "unavailable");
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < TWICE, "{waited:?}");
    conn.execute_batch("ROLLBACK").unwrap();
    assert_eq!(readers[0].ok("users.show", json!({"user": "bob"}))["user"]["name"], "bob");
}

/// Neither the daemon's own check of the tables nor a late request holds up those who wait.
#[test]
fn such_a_lock_costs_nobody_more_than_one_wait() {
    let home = home();
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // The daemon checks the tables once a second while nothing is asked.
    busy_elsewhere(Duration::from_millis(1500));
    let (mut writer, mut reader) = (home.connect(), home.connect());
    let write = json!({"cmd": "users.mod", "args": {"user": "bob", "attr": "b"}});
    let read = json!({"cmd": "users.show", "args": {"user": "bob"}});
    let written = Stopwatch::start();
    writer.send(format!("{write}\n"));
    busy_elsewhere(Duration::from_secs(3));
    let asked = Stopwatch::start();
    reader.send(format!("{read}\n"));
    for (client, waits) in [(&mut writer, written), (&mut reader, asked)] {
        assert_eq!(client.reply()["error"]["code"], "unavailable");
        assert!(waits.elapsed() < TWICE, "{:?}", waits.elapsed());
    }
}

/// The file goes only with its record.
#[test]
fn a_backup_whose_removal_cannot_be_recorded_stays() {
    let mut home = home();
    let created = home.ok("backup.create", json!({}));
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, _) = home.fault("backup.rm", json!({"backup": created["backup"]}));
    assert_eq!(code, "unavailable");
    conn.execute_batch("ROLLBACK").unwrap();
    let checked = home.ok("backup.verify", json!({"file": created["file"]}));
    assert_eq!(checked["ok"], true, "{checked}");
    let removed = home.ok("backup.rm", json!({"backup": created["backup"]}));
    assert_eq!(removed, json!({"removed": true}));
}

#[test]
fn a_stop_does_not_wait_for_such_a_lock() {
    let mut home = home();
    let conn = photoprism(&home);
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut clients: Vec<_> = (0..4).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let cmd = if number % 2 == 0 { "users.show" } else { "users.2fa.show" };
        client.send(format!("{}\n", json!({"cmd": cmd, "args": {"user": "bob"}})));
    }
    busy_elsewhere(Duration::from_secs(1));
    let begun = Stopwatch::start();
    home.stop();
    assert!(begun.elapsed() < TWICE, "{:?}", begun.elapsed());
}

#[test]
fn while_it_is_gone_writes_are_unavailable() {
    let mut home = home();
    std::fs::remove_file(home.database()).unwrap();
    for (cmd, args) in [
        ("users.mod", json!({"user": "bob", "attr": "a"})),
        ("passwd.set", json!({"user": "bob", "password": "longenough"})),
        ("auth.add", json!({"name": "x", "scope": "webdav"})),
        ("auth.login", json!({"name": "bob", "password": "mysecret", "client_ip": "192.0.2.1"})),
        ("logins.record", json!({"name": "bob", "ok": true, "client_ip": "192.0.2.1"})),
        ("users.reset", json!({})),
    ] {
        assert_eq!(home.refused(cmd, args)["code"], "unavailable", "{cmd}");
    }
    assert!(!home.database().exists(), "never created by the daemon");
}
