//! `--backup-every`: backups that the daemon writes by itself.

#[path = "common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const WRITTEN: &str = "a periodic backup was written";

fn every(time: &str, keep: &str) -> TestDaemon {
    TestDaemon::new().args(["--backup-every", time, "--backup-keep", keep])
}

fn directory(home: &TestDaemon) -> PathBuf {
    home.data().join("backups")
}

/// The periodic ones, the oldest name first.
fn periodic(home: &TestDaemon) -> Vec<PathBuf> {
    let names = fs::read_dir(directory(home)).unwrap().map(|entry| entry.unwrap().path());
    let is_one =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("periodic-");
    let mut found: Vec<_> = names.filter(is_one).collect();
    found.sort();
    found
}

/// Makes a file as old as if it had been written so many minutes ago.
fn age(path: &Path, minutes: u64) {
    let file = File::options().append(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - Duration::from_mins(minutes)).unwrap();
}

fn status(home: &mut TestDaemon) -> Value {
    home.ok("status", json!({}))["backups"].clone()
}

fn doctor(home: &mut TestDaemon) -> Option<Value> {
    let checks = home.ok("doctor", json!({}))["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["check"] == "periodic backups")
}

#[test]
fn the_first_start_writes_one_that_is_good() {
    let mut home = every("1d", "14");
    home.start();
    home.running().wait_for_log(WRITTEN);
    let [file] = &periodic(&home)[..] else { panic!() };
    let file = file.file_name().unwrap().to_str().unwrap().to_owned();
    let verified = home.ok("backup.verify", json!({"file": file}));
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(home.ok("backup.ls", json!({}))["items"][0]["origin"], "periodic");
    let record = home.ok("audit.ls", json!({}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("backup.create"), &json!(file)));
    assert_eq!(record["socket"], json!(null));
    let status = status(&mut home);
    assert_eq!((&status["every_s"], &status["last_error"]), (&json!(86_400), &json!(null)));
    assert!(status["last_at"].is_string(), "{status}");
    assert_eq!(doctor(&mut home).unwrap()["ok"], true);
    let metrics = home.ok("metrics", json!({}))["text"].as_str().unwrap().to_owned();
    for line in ["backup_every_seconds 86400", "backup_failed 0", "backup_time_seconds "] {
        assert!(metrics.contains(&format!("\nphotoprismd_{line}")), "{line} in\n{metrics}");
    }
}

#[test]
fn the_next_one_is_due_by_the_newest_that_there_is() {
    let mut home = every("2h", "14");
    home.start();
    home.running().wait_for_log(WRITTEN);
    let first = periodic(&home);
    assert!(!home.restart().is_empty());
    let last_at = status(&mut home)["last_at"].clone();
    age(&first[0], 119);
    home.restart();
    // The question is asked before this reply: it needs the database no more than the file does.
    while status(&mut home)["last_at"] == last_at || status(&mut home)["last_at"].is_null() {
        std::thread::yield_now();
    }
    home.ok("backup.create", json!({}));
    assert_eq!(periodic(&home), first, "nothing was due");
    age(&first[0], 1);
    home.restart();
    home.running().wait_for_log(WRITTEN);
    assert_eq!(periodic(&home).len(), 2);
}

#[test]
fn so_many_are_kept_and_those_of_others_stay() {
    let mut home = every("1h", "2");
    home.start();
    home.running().wait_for_log(WRITTEN);
    let manual = home.ok("backup.create", json!({}))["file"].as_str().unwrap().to_owned();
    home.ok("auth.reset", json!({}));
    let others = |home: &TestDaemon| {
        let all = fs::read_dir(directory(home)).unwrap().count();
        all - periodic(home).len()
    };
    let count = others(&home);
    assert!(count >= 2, "a manual and an automatic one");
    for _ in 0..3 {
        for file in fs::read_dir(directory(&home)).unwrap() {
            age(&file.unwrap().path(), 60);
        }
        home.restart();
        home.running().wait_for_log(WRITTEN);
    }
    let newest = periodic(&home);
    while periodic(&home).len() > 2 {
        std::thread::yield_now();
    }
    assert_eq!(periodic(&home)[..], newest[newest.len() - 2..]);
    assert_eq!(others(&home), count);
    assert!(directory(&home).join(&manual).exists());
    let items = home.ok("audit.ls", json!({}))["items"].as_array().unwrap().clone();
    let removed = items.iter().filter(|item| item["command"] == "backup.prune").count();
    assert_eq!(removed, 2, "each has a record");
    // Those that somebody asks to prune are not these.
    home.ok("backup.prune", json!({"keep": 0}));
    assert_eq!(periodic(&home).len(), 2);
}

#[test]
fn one_that_cannot_be_written_is_reported_everywhere() {
    let mut home = every("1d", "14");
    fs::write(directory(&home), "in the way").unwrap();
    home.start();
    home.running().wait_for_log("a periodic backup failed and is tried again");
    let state = status(&mut home);
    assert!(state["last_error"].as_str().unwrap().contains("is not a directory"), "{state}");
    assert_eq!(state["last_at"], json!(null));
    let check = doctor(&mut home).unwrap();
    assert!(check["ok"] == false && check["found"].as_str().unwrap().contains("not a directory"));
    let metrics = home.ok("metrics", json!({}))["text"].as_str().unwrap().to_owned();
    assert!(metrics.contains("\nphotoprismd_backup_failed 1\n"), "{metrics}");
    fs::remove_file(directory(&home)).unwrap();
    home.restart();
    home.running().wait_for_log(WRITTEN);
    assert_eq!(status(&mut home)["last_error"], json!(null));
}

/// A small file system, unmounted when dropped.
struct Small(PathBuf);

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_an_error_and_stops_nobody() {
    let home = every("1d", "14");
    let small = Small(directory(&home));
    fs::create_dir(&small.0).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k,mode=700", "photoprism-test"]).arg(&small.0);
    if !mount.output().is_ok_and(|output| output.status.success()) {
        return common::skipped("no file system can be mounted here");
    }
    fs::write(small.0.join("filler"), vec![0; 32 * 1024]).unwrap();
    let mut home = home;
    home.start();
    home.running().wait_for_log("a periodic backup failed and is tried again");
    let state = status(&mut home);
    assert!(state["last_error"].as_str().unwrap().contains("make room"), "{state}");
    assert_eq!(doctor(&mut home).unwrap()["ok"], false);
    home.ok("users.add", json!({"name": "eve", "role": "user", "password": "eves-secret"}));
    assert_eq!(periodic(&home), [""; 0].map(PathBuf::from), "nothing is left behind");
    fs::remove_file(small.0.join("filler")).unwrap();
    let bigger = Command::new("mount").args(["-o", "remount,size=4m"]).arg(&small.0).status();
    assert!(bigger.unwrap().success());
    home.restart();
    home.running().wait_for_log(WRITTEN);
    home.stop();
}

#[test]
fn one_of_a_clock_that_was_ahead_does_not_put_the_next_off() {
    let mut home = every("1d", "14");
    home.start();
    home.running().wait_for_log(WRITTEN);
    let first = periodic(&home);
    let file = File::options().append(true).open(&first[0]).unwrap();
    let ahead = Duration::from_hours(24 * 3650);
    file.set_modified(file.metadata().unwrap().modified().unwrap() + ahead).unwrap();
    home.restart();
    home.running().wait_for_log(WRITTEN);
    assert_eq!(periodic(&home).len(), 2);
    // And that one counts.
    home.restart();
    while status(&mut home)["last_at"].is_null() {
        std::thread::yield_now();
    }
    assert_eq!(periodic(&home).len(), 2);
}

#[test]
fn without_the_setting_there_are_none() {
    let mut home = TestDaemon::started();
    assert_eq!(status(&mut home), json!(null));
    assert_eq!(doctor(&mut home), None);
    assert!(!directory(&home).exists());
}

#[test]
fn a_database_that_does_not_exist_yet_is_waited_for_without_an_error() {
    let index = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let home = every("1d", "14").with_database(index);
    fs::remove_file(home.database()).unwrap();
    let mut home = home;
    home.start();
    home.ok("ping", json!({}));
    assert_eq!(status(&mut home)["last_error"], json!(null));
    assert!(!home.stop().contains("a periodic backup failed"));
}
