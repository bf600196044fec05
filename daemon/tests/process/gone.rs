//! The lock file next to the database: one daemon at a time, and no new database where there was
//! one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bare::{
    End, create_database, create_photoprism, home_with, photoprismd, snapshot, text,
};
use crate::common::json::Ask;
use crate::common::run_to_end;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;

/// The lock file of the database.
fn lock(home: &TestDaemon) -> PathBuf {
    let mut path = home.database().as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn add(home: &mut TestDaemon, name: &str) {
    home.ok("users.add", json!({"name": name, "role": "guest", "provider": "none"}));
}

/// All that is in the directory of the database, and what the lock file says, apart from its time:
/// the process id of each start was written to it.
fn state(home: &TestDaemon) -> (Vec<(PathBuf, String)>, String) {
    let lock = lock(home);
    let mut files = snapshot(&home.data());
    files.retain(|(path, _)| *path != lock);
    (files, fs::read_to_string(lock).unwrap())
}

/// A start ends with 78 however often it is tried, `--check` says so too, and nothing changes.
fn stays_gone(home: &TestDaemon, words: &[&str]) {
    let lock = lock(home);
    let words = [words, &[text(home.database()), text(&lock), "begin anew"]].concat();
    let before = state(home);
    for _ in 0..3 {
        End::from(home.ends()).assert(78, &words);
    }
    End::from(run_to_end(home.command().arg("--check"))).assert(78, &words);
    assert!(before == state(home), "something was changed");
}

#[test]
fn where_there_was_a_database_none_is_created_in_its_place() {
    type Lose = fn(&Path);
    let cases: [(&str, Lose); 3] = [
        ("it is missing", |path| fs::remove_file(path).unwrap()),
        ("the file is empty", |path| fs::write(path, "").unwrap()),
        ("the file has no table", |path| {
            fs::remove_file(path).unwrap();
            create_database(path, "PRAGMA user_version = 5; CREATE TABLE t (a); DROP TABLE t");
        }),
    ];
    for (words, lose) in cases {
        let mut home = TestDaemon::started();
        add(&mut home, "bob");
        home.stop();
        lose(home.database());
        stays_gone(&home, &[words, "there is no backup in"]);
        fs::remove_file(lock(&home)).unwrap();
        home.start();
        assert_eq!(home.ok("status", json!({}))["counts"]["users"], 1);
    }
}

#[test]
fn the_newest_backup_is_named_and_brings_the_accounts_back() {
    let mut home = TestDaemon::started();
    add(&mut home, "bob");
    home.ok("backup.create", json!({}));
    home.ok("users.reset", json!({}));
    let backups = home.ok("backup.ls", json!({}))["items"].clone();
    let files: Vec<&str> =
        backups.as_array().unwrap().iter().map(|item| item["file"].as_str().unwrap()).collect();
    assert_eq!(files.len(), 2);
    home.stop();
    // The newest backup counts, manual or automatic; a copy from before a migration does not.
    let directory = home.data().join("backups");
    fs::write(directory.join("schema-0.db"), "").unwrap();
    fs::remove_file(home.database()).unwrap();
    for (number, file) in files.iter().enumerate() {
        let time =
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_900_000_000 + number as u64);
        fs::File::options()
            .write(true)
            .open(directory.join(file))
            .unwrap()
            .set_modified(time)
            .unwrap();
        let path = directory.join(file);
        stays_gone(&home, &[text(&path), &format!("photoprism admin backup restore {file}")]);
    }
    // Where others may write, no file is named: somebody else may have put it there.
    fs::set_permissions(&directory, PermissionsExt::from_mode(0o775)).unwrap();
    stays_gone(&home, &["backups were not looked for", &format!("chmod 700 {}", text(&directory))]);
    fs::set_permissions(&directory, PermissionsExt::from_mode(0o700)).unwrap();
    fs::remove_file(lock(&home)).unwrap();
    home.start();
    let file = files.iter().find(|file| file.starts_with("backup-")).unwrap();
    home.ok("backup.restore", json!({"file": file}));
    home.ok("users.show", json!({"user": "bob"}));
}

#[test]
fn a_kill_an_upgrade_and_a_copy_lose_nothing() {
    let mut home = TestDaemon::started();
    add(&mut home, "bob");
    home.kill();
    home.start();
    home.stop();
    // As an earlier daemon left it: a lock file with a process id at most.
    for left in [None, Some(""), Some("4194304\n")] {
        fs::remove_file(lock(&home)).unwrap();
        if let Some(left) = left {
            fs::write(lock(&home), left).unwrap();
        }
        home.start();
        home.ok("users.show", json!({"user": "bob"}));
        home.stop();
        assert_eq!(fs::read_to_string(lock(&home)).unwrap().trim(), "own");
    }
    // Another own database is put there while none runs: that is how a copy is restored.
    let mut other = TestDaemon::started();
    add(&mut other, "carol");
    other.stop();
    fs::copy(other.database(), home.database()).unwrap();
    home.start();
    home.ok("users.show", json!({"user": "carol"}));
}

#[test]
fn a_lock_file_without_a_note_stops_nobody() {
    // A crash between taking the lock and creating the database.
    let mut home = TestDaemon::new();
    fs::write(lock(&home), "12345     \n").unwrap();
    home.start();
    home.stop();
    fs::remove_file(home.database()).unwrap();
    stays_gone(&home, &["it is missing"]);
}

#[test]
fn a_default_path_remembers_as_well() {
    let home = TestDaemon::new();
    let command = || {
        let mut command = photoprismd();
        command.env("HOME", home.root()).env("XDG_DATA_HOME", home.data());
        command.args(["--socket", text(&home.socket())]);
        command
    };
    if nix::unistd::geteuid().is_root() {
        // The default path of root belongs to the machine's own daemon.
        return crate::common::skipped("needs a user that is not root");
    }
    Running::start(command()).stop();
    let database = home.data().join("photoprism/admin.db");
    fs::remove_file(&database).unwrap();
    End::from(run_to_end(&mut command())).assert(78, &[text(&database), "begin anew"]);
    assert!(!database.exists());
}

#[test]
fn the_lock_file_is_next_to_the_file_that_a_link_leads_to() {
    let home = TestDaemon::new();
    let disk = home.root().join("disk");
    fs::create_dir(&disk).unwrap();
    symlink(disk.join("real.db"), home.database()).unwrap();
    let running = Running::start(home.command());
    let mut second = photoprismd();
    let socket = home.root().join("run/other.sock");
    second.args(["--database", text(&disk.join("real.db")), "--socket", text(&socket)]);
    let pid = format!("(pid {})", running.pid());
    End::from(run_to_end(&mut second)).assert(73, &[&pid, "real.db"]);
    running.stop();
    assert!(disk.join("real.db.lock").exists() && !lock(&home).exists());
    fs::remove_file(disk.join("real.db")).unwrap();
    End::from(home.ends()).assert(78, &[text(&disk.join("real.db.lock"))]);
}

#[test]
fn its_mode_is_0600_and_its_owner_the_daemon() {
    let home = TestDaemon::started();
    let found = fs::metadata(lock(&home)).unwrap();
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);
    assert_eq!(found.uid(), nix::unistd::geteuid().as_raw());
    let pid = home.running().pid().to_string();
    assert_eq!(fs::read_to_string(lock(&home)).unwrap(), format!("{pid:<10}\nown\n"));
}

#[test]
fn a_second_daemon_on_one_index_db_is_73_before_it_is_there_and_after() {
    let mut home = home_with("index.db");
    home.start();
    let second = || {
        let socket = home.root().join("run/other.sock");
        let mut second = photoprismd();
        second.args(["--database", text(&home.data()), "--socket", text(&socket)]);
        End::from(run_to_end(&mut second))
    };
    let pid = format!("(pid {})", home.running().pid());
    second().assert(73, &[&pid, "index.db"]);
    create_photoprism(home.database());
    second().assert(73, &[&pid, "index.db"]);
    assert_eq!(home.connect().ok("status", json!({}))["counts"]["users"], 1);
}

#[test]
fn photoprisms_under_another_name_is_waited_for_like_index_db() {
    let mut home = home_with("photos.sqlite");
    create_photoprism(home.database());
    home.start();
    let away = home.data().join("away");
    fs::rename(home.database(), &away).unwrap();
    let unavailable = |home: &mut TestDaemon, what: &str| {
        assert_eq!(home.fault("users.ls", json!({})).0, "unavailable", "{what}");
        let add = json!({"name": "bob", "role": "guest", "provider": "none"});
        assert_eq!(home.fault("users.add", add).0, "unavailable", "{what}");
    };
    // Missing, begun anew as an empty file, as a file of SQLite, half finished, of another kind.
    unavailable(&mut home, "missing");
    assert!(!home.database().exists());
    fs::write(home.database(), "").unwrap();
    unavailable(&mut home, "empty");
    assert_eq!(fs::read(home.database()).unwrap(), b"");
    create_database(home.database(), "PRAGMA user_version = 1; CREATE TABLE t (a); DROP TABLE t");
    let begun = fs::read(home.database()).unwrap();
    unavailable(&mut home, "no table");
    assert!(fs::read(home.database()).unwrap() == begun);
    create_database(home.database(), "CREATE TABLE migrations (a); CREATE TABLE versions (a)");
    unavailable(&mut home, "unfinished");
    let mut own = TestDaemon::started();
    own.stop();
    fs::remove_file(home.database()).unwrap();
    fs::copy(own.database(), home.database()).unwrap();
    unavailable(&mut home, "own");
    assert!(fs::read(home.database()).unwrap() == fs::read(own.database()).unwrap());
    fs::remove_file(home.database()).unwrap();
    fs::rename(&away, home.database()).unwrap();
    assert_eq!(home.ok("users.ls", json!({}))["items"][0]["name"], "grace");
    // A start knows as well whose it was.
    home.stop();
    for content in [None, Some("")] {
        let _ = fs::remove_file(home.database());
        if let Some(content) = content {
            fs::write(home.database(), content).unwrap();
        }
        let check = run_to_end(home.command().arg("--check"));
        let shown = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(shown.contains("photoprism, not there yet"), "{shown}");
        home.start();
        unavailable(&mut home, "at a start");
        home.stop();
        assert_eq!(fs::read_to_string(home.database()).ok().as_deref(), content);
    }
}

#[test]
fn index_db_in_any_case_is_never_created() {
    for name in ["INDEX.DB", "Index.db", "index.DB"] {
        let mut home = home_with(name);
        let check = run_to_end(home.command().arg("--check"));
        assert!(String::from_utf8_lossy(&check.stdout).contains("photoprism, not there yet"));
        home.start();
        assert_eq!(home.fault("users.ls", json!({})).0, "unavailable", "{name}");
        assert!(!home.database().exists(), "{name}");
        create_photoprism(home.database());
        assert_eq!(home.ok("users.ls", json!({}))["items"][0]["name"], "grace", "{name}");
    }
}
