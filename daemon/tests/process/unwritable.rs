//! A database that cannot be written is refused at the start, and nothing is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, chown};
use rusqlite::Connection;
use serde_json::json;

use crate::bare::{End, create_photoprism, home_with, text};
use crate::common::json::Ask;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, run_to_end, skipped};

/// Who runs the daemon where the tests run as root, whom no mode stops.
const USER: u32 = 54_003;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// Gives everything to the user of the daemon.
fn give(home: &TestDaemon) {
    if is_root() {
        for name in ["run", "data"] {
            let directory = home.root().join(name);
            let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
            for path in entries.chain([directory.clone()]) {
                chown(&path, Some(Uid::from_raw(USER)), Some(Gid::from_raw(USER))).unwrap();
            }
        }
    }
}

/// The daemon as a user whom modes stop.
fn command(home: &TestDaemon) -> Command {
    let mut command = home.command();
    if is_root() {
        command.uid(USER).gid(USER);
    }
    command
}

/// An own database that was stopped, or PhotoPrism's.
fn stopped(name: &str) -> TestDaemon {
    let home = home_with(name);
    if name == "index.db" {
        create_photoprism(home.database());
        give(&home);
    } else {
        give(&home);
        Running::start(command(&home)).stop();
        fs::remove_file(home.data().join(format!("{name}.lock"))).unwrap();
    }
    home
}

fn names(home: &TestDaemon) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The start ends with 74 and these words; what was there is all that is there.
fn refused(home: &TestDaemon, words: &[&str]) {
    let before = (names(home), fs::metadata(home.database()).unwrap().len());
    for _ in 0..2 {
        End::from(run_to_end(&mut command(home))).assert(74, words);
        assert_eq!((names(home), fs::metadata(home.database()).unwrap().len()), before);
    }
    assert!(!home.socket().exists());
}

#[test]
fn a_file_without_the_right_to_write_is_74_and_starts_once_it_has_it() {
    for name in ["admin.db", "index.db"] {
        let home = stopped(name);
        set_mode(home.database(), 0o400);
        refused(&home, &[text(home.database()), "mode 0400", "owner", "chmod"]);
        set_mode(home.database(), 0o600);
        Running::start(command(&home)).stop();
    }
}

#[test]
fn a_directory_without_it_is_74() {
    for name in ["admin.db", "index.db"] {
        let home = stopped(name);
        set_mode(&home.data(), 0o500);
        refused(&home, &[text(&home.data()), "mode 0500", "chmod"]);
        set_mode(&home.data(), 0o700);
        Running::start(command(&home)).stop();
    }
}

#[test]
fn files_of_sqlite_without_it_are_74() {
    for (name, suffix) in
        [("admin.db", "-wal"), ("admin.db", "-journal"), ("index.db", "-wal"), ("index.db", "-shm")]
    {
        let home = stopped(name);
        let file = home.data().join(format!("{name}{suffix}"));
        fs::write(&file, "").unwrap();
        give(&home);
        set_mode(&file, 0o400);
        refused(&home, &[text(&file), "mode 0400"]);
    }
}

#[test]
fn a_shared_memory_that_an_earlier_daemon_left_stops_nobody() {
    let home = stopped("admin.db");
    let file = home.data().join("admin.db-shm");
    fs::write(&file, "").unwrap();
    give(&home);
    set_mode(&file, 0o400);
    Running::start(command(&home)).stop();
}

#[test]
fn a_file_of_another_owner_is_74() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = stopped("admin.db");
    chown(home.database(), Some(Uid::from_raw(0)), Some(Gid::from_raw(0))).unwrap();
    set_mode(home.database(), 0o644);
    let words = ["mode 0644, owner root", &format!("uid {USER}"), &format!("chown {USER}")];
    refused(&home, &words);
}

#[test]
fn photoprisms_of_another_owner_is_2_as_before() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = stopped("index.db");
    chown(home.database(), Some(Uid::from_raw(0)), None).unwrap();
    set_mode(home.database(), 0o644);
    let before = names(&home);
    End::from(run_to_end(&mut command(&home))).assert(2, &["belongs to uid 0"]);
    assert_eq!(names(&home), before);
}

#[test]
fn a_file_system_that_is_mounted_read_only_is_74_for_root_too() {
    let home = TestDaemon::new();
    let data = home.data();
    let mount = |args: &[&str]| {
        Command::new("mount").args(args).output().is_ok_and(|output| output.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=2m,mode=0755", "photoprism-test", text(&data)]) {
        return skipped("no file system can be mounted here");
    }
    Running::start(home.command()).stop();
    fs::remove_file(home.data().join("admin.db.lock")).unwrap();
    let read_only = mount(&["-o", "remount,ro", text(&data)]);
    let end = read_only.then(|| End::from(home.ends()));
    let left = names(&home);
    // Before what may fail: nothing is left mounted.
    let _ = Command::new("umount").arg("-l").arg(&data).status();
    let Some(end) = end else { return skipped("nothing can be mounted read-only here") };
    end.assert(74, &[text(&data), "mounted read-only"]);
    assert_eq!(left, ["admin.db"]);
}

#[test]
fn an_existing_file_without_content_becomes_0600_before_it_is_a_database() {
    let home = TestDaemon::new();
    fs::write(home.database(), "").unwrap();
    set_mode(home.database(), 0o644);
    let running = Running::start(home.command());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(home.database()), 0o600);
    assert_eq!(mode(&home.data().join("admin.db-wal")), 0o600);
    running.stop();
    // One that is a database keeps the mode that somebody gave it; the log and `doctor` say so.
    set_mode(home.database(), 0o640);
    let running = Running::start(home.command());
    let log = running.wait_for_log("ready: ");
    assert!(log.contains("others can read the password hashes"), "{log}");
    assert_eq!(mode(home.database()), 0o640);
    running.stop();
}

#[test]
fn a_directory_that_others_may_write_is_a_warning_and_a_row() {
    let home = TestDaemon::new();
    let running = Running::start(home.command());
    assert!(!running.log().contains("others can replace"), "{}", running.log());
    running.stop();
    set_mode(&home.data(), 0o777);
    let running = Running::start(home.command());
    let log = running.wait_for_log("ready: ");
    assert!(log.contains("others can replace the database in its directory"), "{log}");
    let report = home.ask(r#"{"cmd":"doctor"}"#)["result"].clone();
    let checks = report["checks"].as_array().unwrap();
    let row = checks.iter().find(|check| check["check"] == "database directory").unwrap();
    assert!(row["advice"].as_str().unwrap().contains("chmod go-w"), "{row}");
    running.stop();
    // One above it is as good, unless only owners may rename in it.
    set_mode(&home.data(), 0o700);
    for (mode, is_open) in [(0o757, true), (0o1777, false)] {
        set_mode(home.root(), mode);
        let running = Running::start(home.command());
        let log = running.wait_for_log("ready: ");
        assert_eq!(log.contains("can move the directory of the database away"), is_open, "{log}");
        let report = home.ask(r#"{"cmd":"doctor"}"#)["result"]["checks"].to_string();
        assert_eq!(report.contains("everybody can move it away"), is_open, "{report}");
        running.stop();
    }
}

#[test]
fn an_own_database_that_is_refused_keeps_its_log() {
    let home = stopped("admin.db");
    let running = Running::start(command(&home));
    let log = home.data().join("admin.db-wal");
    home.ask(r#"{"cmd":"users.add","args":{"name":"a","role":"guest","provider":"none"}}"#);
    drop(running);
    let before = fs::read(&log).unwrap();
    assert!(!before.is_empty());
    set_mode(home.database(), 0o400);
    End::from(run_to_end(&mut command(&home))).assert(74, &["mode 0400"]);
    assert!(fs::read(&log).unwrap() == before);
    set_mode(home.database(), 0o600);
    Running::start(command(&home)).stop();
    let users = "SELECT count(*) FROM auth_users WHERE user_name = 'a'";
    let count: i64 =
        Connection::open(home.database()).unwrap().query_row(users, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_backup_that_cannot_be_removed_is_an_error_and_stays() {
    let home = stopped("admin.db");
    let running = Running::start(command(&home));
    let created = home.connect().ok("backup.create", json!({}));
    let (file, path) = (&created["file"], created["backup"].as_str().unwrap());
    let backups = home.data().join("backups");
    set_mode(&backups, 0o500);
    let error = home.connect().refused("backup.rm", json!({"backup": file}));
    assert_eq!(error["code"], "unavailable", "{error}");
    let message = error["message"].as_str().unwrap();
    for part in ["nothing was changed", text(&backups), "see that the daemon may"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(fs::exists(path).unwrap());
    let newest = home.connect().ok("audit.ls", json!({"limit": 1}));
    assert_eq!(newest["items"][0]["command"], "backup.create", "{newest}");
    set_mode(&backups, 0o700);
    assert_eq!(home.connect().ok("backup.rm", json!({"backup": file}))["removed"], true);
    assert!(!fs::exists(path).unwrap());
    running.stop();
}
