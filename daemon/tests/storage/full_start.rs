//! A start on a file system without a free byte.

use std::fs;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::skipped;
use crate::common::test_daemon::TestDaemon;
use crate::full::Small;
use crate::writes::{adding, code, missing};

/// The start after a kill; reads go on, writes are refused, and with room again all is well.
fn starts_on_a_full_disk(home: &mut TestDaemon, small: &Small, known: &[String]) {
    small.fill();
    home.start();
    assert_eq!(missing(home, known), [""; 0]);
    assert_eq!(code(&home.ask(&adding("refused"))), "storage_full");
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], known.len() + 1);
    home.kill();
    home.start();
    assert_eq!(missing(home, known), [""; 0]);
    fs::remove_file(small.filler()).unwrap();
    assert_eq!(code(&home.ask(&adding("last"))), "ok");
    home.restart();
    assert_eq!(missing(home, &["last".into()]), [""; 0]);
}

#[test]
fn after_a_kill_it_starts_on_a_full_disk() {
    let mut home = TestDaemon::new();
    let Some(small) = Small::at(&home.data()) else {
        return skipped("no file system can be mounted here");
    };
    home.start();
    assert_eq!(code(&home.ask(&adding("first"))), "ok");
    home.kill();
    assert!(fs::metadata(home.data().join("admin.db-wal")).unwrap().len() > 0);
    starts_on_a_full_disk(&mut home, &small, &["first".into()]);
}

#[test]
fn after_a_clean_stop_and_an_earlier_daemon_too() {
    let mut home = TestDaemon::new();
    let Some(small) = Small::at(&home.data()) else {
        return skipped("no file system can be mounted here");
    };
    home.start();
    assert_eq!(code(&home.ask(&adding("first"))), "ok");
    home.stop();
    // As an earlier daemon left it: no generation, no note.
    home.open_database()
        .execute_batch("DELETE FROM admin_meta WHERE key LIKE 'generation%'")
        .unwrap();
    fs::remove_file(home.data().join("admin.db.lock")).unwrap();
    starts_on_a_full_disk(&mut home, &small, &["first".into()]);
    // The note came with room.
    home.stop();
    fs::remove_file(home.database()).unwrap();
    assert_eq!(home.ends().status.code(), Some(78));
}
