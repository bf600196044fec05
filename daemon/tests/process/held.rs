//! Files that the daemon opens by paths which others may change: none of them may be a part of the
//! database in use, whose locks would be lost when it is closed again.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use rusqlite::Connection;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Whether another process is kept out of the daemon's own database.
fn is_locked(database: &Path) -> bool {
    let other = Connection::open(database).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    let begun = other.execute_batch("BEGIN IMMEDIATE");
    begun.is_err_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
}

/// Puts a hard link of the database in the place of a file.
fn replace(path: &Path, database: &Path) {
    fs::remove_file(path).unwrap();
    fs::hard_link(database, path).unwrap();
}

#[test]
fn the_file_of_settings_is_read_again_and_the_database_is_not() {
    let home = TestDaemon::new();
    let settings = home.root().join("settings");
    fs::write(&settings, "PHOTOPRISM_ADMIN_MAX_CONNECTIONS=100\n").unwrap();
    let path = settings.to_str().unwrap().to_owned();
    let mut home = home.args(["--config", &path]);
    home.start();
    replace(&settings, home.database());
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_log("the daemon has this file open");
    assert!(is_locked(home.database()));
    fs::remove_file(&settings).unwrap();
    fs::write(&settings, "PHOTOPRISM_ADMIN_MAX_CONNECTIONS=200\n").unwrap();
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_log("settings read again");
    assert_eq!(home.ok("status", json!({}))["connections"]["limit"], 200);
}

#[test]
fn the_file_of_the_first_password_is_read_again_and_the_database_is_not() {
    let home = TestDaemon::new();
    let password = home.root().join("password");
    fs::write(&password, "staple and paper clip\n").unwrap();
    let path = password.to_str().unwrap().to_owned();
    let mut home = home.args(["--admin-password-file", &path]);
    home.start();
    replace(&password, home.database());
    let reply = home.confirmed("users.reset", json!({}));
    assert!(reply["warnings"].to_string().contains("has this file open"), "{reply}");
    assert!(is_locked(home.database()));
}

/// Whether a process holds the lock by which SQLite marks the index of a write-ahead log as in use.
fn marks(path: &Path) -> bool {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let number = |code: libc::c_int| libc::c_short::try_from(code).unwrap();
    let mut lock = libc::flock {
        l_type: number(libc::F_WRLCK),
        l_whence: number(libc::SEEK_SET),
        l_start: 128,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_GETLK(&mut lock)).unwrap();
    lock.l_type != number(libc::F_UNLCK)
}

#[test]
fn an_import_opens_no_part_of_the_database_in_use() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(Path::new(fixture));
    let photoprism = home.open_database();
    photoprism.execute_batch("PRAGMA journal_mode = wal").unwrap();
    drop(photoprism);
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "B"}));
    let at = |name: &str| home.data().join(name);
    let (index, own) = (at("index.db-shm"), at("photoprism-admin.db"));
    assert!(marks(&index));
    let link = home.root().join("link.db");
    fs::hard_link(&own, &link).unwrap();
    for path in [index.clone(), own, link, at("index.db-wal"), at("index.db")] {
        let error = home.refused("users.import", json!({"database": path}));
        assert!(marks(&index), "{}", path.display());
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("this daemon"), "{}: {error}", path.display());
    }
}
