//! `backups/` that somebody else may change, and files in it that are not backups alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::backup::{create, directory, populated};
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

/// Somebody who is neither root nor the daemon.
const STRANGER: u32 = 54_011;

/// Everything that is done with backups; the last two back up what they destroy.
const COMMANDS: [&str; 7] = [
    "backup.ls",
    "backup.verify",
    DRY_RUN,
    "backup.create",
    "backup.restore",
    "auth.reset",
    "users.reset",
];

/// A restore that changes nothing.
const DRY_RUN: &str = "dry run";

fn ask(home: &mut TestDaemon, cmd: &str) -> Value {
    match cmd {
        DRY_RUN => home.confirmed("backup.restore", json!({"file": "x.db", "dry_run": true})),
        "backup.restore" => home.confirmed(cmd, json!({"file": "x.db"})),
        _ => home.confirmed(cmd, json!({})),
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Name, content, mode and owner of all that is in a directory.
fn state(directory: &Path) -> Vec<(PathBuf, Vec<u8>, u32, u32)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .map(|path| {
            let data = fs::symlink_metadata(&path).unwrap();
            (path.clone(), fs::read(&path).unwrap(), data.mode(), data.uid())
        })
        .collect();
    found.sort();
    found
}

/// A directory elsewhere with what a daemon would overwrite, prune or sweep.
fn elsewhere(home: &TestDaemon) -> PathBuf {
    let outside = home.root().join("outside");
    fs::create_dir(&outside).unwrap();
    set_mode(&outside, 0o700);
    for name in ["x.part", "x.tmp", "x.tmp-journal", "x.db", "schema-1.tmp"] {
        fs::write(outside.join(name), "precious").unwrap();
        set_mode(&outside.join(name), 0o644);
    }
    for number in 10..30 {
        fs::write(outside.join(format!("auto-{number}.db")), "precious").unwrap();
    }
    outside
}

/// Every command is refused with these words, and changes nothing in that directory.
fn refused(home: &mut TestDaemon, words: &[&str], directory: Option<&Path>) {
    let before = directory.map(state);
    for cmd in COMMANDS {
        let reply = ask(home, cmd);
        let error = &reply["error"];
        assert_eq!(error["code"], "unavailable", "{cmd}: {reply}");
        // A command that only reads need not say that it changed nothing.
        let changes = !["backup.ls", "backup.verify", DRY_RUN].contains(&cmd);
        let message = error["message"].as_str().unwrap();
        assert_eq!(message.starts_with("nothing was changed: "), changes, "{cmd}: {reply}");
        for word in words {
            assert!(error["message"].as_str().unwrap().contains(word), "{cmd}: {word}: {reply}");
        }
    }
    assert_eq!(directory.map(state), before);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["name"], "bob");
}

#[test]
fn a_link_in_the_place_of_the_directory_is_not_followed() {
    let mut home = populated();
    let (outside, backups) = (elsewhere(&home), directory(&home));
    symlink(&outside, &backups).unwrap();
    let path = backups.to_str().unwrap().to_owned();
    refused(&mut home, &[&path, "symbolic link", "remove it"], Some(&outside));
    fs::remove_file(&backups).unwrap();
    symlink("nowhere", &backups).unwrap();
    refused(&mut home, &[&path, "symbolic link"], None);
    fs::remove_file(&backups).unwrap();
    create(&mut home);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_left_alone() {
    let mut home = populated();
    fs::write(directory(&home), "in the way").unwrap();
    refused(&mut home, &["not a directory", "move it away"], None);
    assert_eq!(fs::read(directory(&home)).unwrap(), b"in the way");
}

#[test]
fn a_directory_that_others_may_write_is_refused_with_what_mends_it() {
    let mut home = populated();
    let backups = elsewhere(&home);
    fs::rename(&backups, directory(&home)).unwrap();
    let backups = directory(&home);
    for (mode, who) in [(0o775, "its group"), (0o757, "everybody"), (0o1777, "everybody")] {
        set_mode(&backups, mode);
        let chmod = format!("chmod 700 {}", backups.display());
        refused(&mut home, &[who, &chmod], Some(&backups));
    }
    // Others may look into it: doctor reports that, and it stays in use.
    set_mode(&backups, 0o755);
    create(&mut home);
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    if !is_root() {
        return skipped("needs root");
    }
    let mut home = populated();
    fs::rename(elsewhere(&home), directory(&home)).unwrap();
    let backups = directory(&home);
    chown(&backups, Some(STRANGER), None).unwrap();
    let mend = format!("chown 0 {}", backups.display());
    refused(&mut home, &["somebody else", &mend], Some(&backups));
    chown(&backups, Some(0), None).unwrap();
    create(&mut home);
}

#[test]
fn doctor_reports_what_is_refused() {
    let mut home = populated();
    let row = |home: &mut TestDaemon| {
        let checks = home.ok("doctor", json!({}))["checks"].clone();
        checks.as_array().unwrap().iter().find(|row| row["check"] == "backups").unwrap().clone()
    };
    let outside = elsewhere(&home);
    symlink(&outside, directory(&home)).unwrap();
    let found = row(&mut home);
    assert_eq!(found["ok"], false, "{found}");
    assert!(found["advice"].as_str().unwrap().contains("symbolic link"), "{found}");
    fs::remove_file(directory(&home)).unwrap();
    fs::rename(&outside, directory(&home)).unwrap();
    set_mode(&directory(&home), 0o770);
    let found = row(&mut home);
    assert!(found["advice"].as_str().unwrap().contains("chmod 700"), "{found}");
    set_mode(&directory(&home), 0o700);
    assert_eq!(row(&mut home)["ok"], true);
}

/// Whether another process gets to the file while the daemon runs.
fn is_locked(database: &Path) -> bool {
    let other = Connection::open(database).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let begun = other.execute_batch("BEGIN IMMEDIATE");
    begun.is_err_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
}

/// Asks for all that is done with a file, which is refused with these words.
fn not_opened(home: &mut TestDaemon, file: &str, words: &str) {
    let reply = home.ok("backup.verify", json!({"file": file}));
    assert_eq!(reply["ok"], false, "{reply}");
    assert!(reply["backups"][0]["error"].as_str().unwrap().contains(words), "{reply}");
    assert_eq!(home.ok("backup.verify", json!({}))["ok"], false);
    home.ok("backup.ls", json!({}));
    for dry_run in [true, false] {
        let error = home.refused("backup.restore", json!({"file": file, "dry_run": dry_run}));
        assert_eq!((&error["code"], &error["field"]), (&json!("invalid_argument"), &json!("file")));
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
}

#[test]
fn hard_links_of_the_database_in_use_are_never_opened() {
    let mut home = populated();
    create(&mut home);
    let database = home.database().to_owned();
    assert!(is_locked(&database));
    let log = database.with_file_name("admin.db-wal");
    for (target, name) in [(&database, "db.db"), (&log, "wal.db")] {
        let link = directory(&home).join(name);
        fs::hard_link(target, &link).unwrap();
        not_opened(&mut home, name, "hard link");
        assert!(is_locked(&database), "{name}");
        fs::remove_file(link).unwrap();
    }
    home.ok("users.add", json!({"name": "zoe", "role": "user", "password": "mysecret"}));
}

#[test]
fn hard_links_of_photoprisms_database_and_of_the_tables_next_to_it_are_not_opened_either() {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(fixture);
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "B"}));
    create(&mut home);
    let tables = home.data().join("photoprism-admin.db");
    assert!(is_locked(&tables));
    for (target, name) in [(&tables, "tables.db"), (&home.database().to_owned(), "database.db")] {
        let link = directory(&home).join(name);
        fs::hard_link(target, &link).unwrap();
        not_opened(&mut home, name, "hard link");
        assert!(is_locked(&tables), "{name}");
        fs::remove_file(link).unwrap();
    }
    // Without another name it is open all the same.
    fs::rename(home.data().join("photoprism-admin.db-wal"), directory(&home).join("moved.db"))
        .unwrap();
    not_opened(&mut home, "moved.db", "has this file open");
    assert!(is_locked(&tables));
}

#[test]
fn hard_links_of_backups_are_refused_too() {
    let mut home = populated();
    let (_, path) = create(&mut home);
    fs::hard_link(&path, home.root().join("other.db")).unwrap();
    let file = path.file_name().unwrap().to_str().unwrap().to_owned();
    not_opened(&mut home, &file, "hard link");
    fs::remove_file(home.root().join("other.db")).unwrap();
    assert_eq!(home.ok("backup.verify", json!({"file": file}))["ok"], true);
}
