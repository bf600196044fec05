//! Daemons that end by themselves, or start without the harness' settings.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;

use crate::common::outside::clear_env;
use crate::common::test_daemon::TestDaemon;

/// The daemon without arguments, in an empty environment.
pub(crate) fn photoprismd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photoprismd"));
    clear_env(&mut command).stdin(Stdio::null());
    command
}

/// A directory of a daemon whose database has that name; there is none yet.
pub(crate) fn home_with(name: &str) -> TestDaemon {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    fs::write(&file, "").unwrap();
    let home = TestDaemon::new().with_database(&file);
    fs::remove_file(home.database()).unwrap();
    home
}

/// How one ended that could not start.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

impl From<Output> for End {
    fn from(output: Output) -> Self {
        let said = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code(), said }
    }
}

impl End {
    /// It ended with that code and one line that holds all these words.
    #[track_caller]
    pub(crate) fn assert(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for word in words {
            assert!(self.said.contains(word), "{word} is missing in: {}", self.said);
        }
        let lines = self.said.lines().filter(|line| line.starts_with("photoprismd: ")).count();
        assert_eq!(lines, 1, "{}", self.said);
    }
}

/// Every path below a directory with its kind, mode, time of change and content.
pub(crate) fn snapshot(directory: &Path) -> Vec<(PathBuf, String)> {
    use std::os::unix::fs::MetadataExt;
    let mut all = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::symlink_metadata(&path).unwrap();
            let content = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            let times = (found.mtime(), found.mtime_nsec(), found.ctime_nsec());
            all.push((path.clone(), format!("{:o} {times:?} {content:?}", found.mode())));
            if found.is_dir() {
                directories.push(path);
            }
        }
    }
    all.sort();
    all
}

const PHOTOPRISM: &str = "CREATE TABLE migrations (id VARBINARY(16) PRIMARY KEY);
    CREATE TABLE versions (id INTEGER PRIMARY KEY, version VARBINARY(255), edition VARBINARY(255));
    CREATE TABLE photos (id INTEGER PRIMARY KEY);
    INSERT INTO versions (version, edition) VALUES ('241230-abc', 'ce');";

/// A database as PhotoPrism creates it, with one account.
pub(crate) fn create_photoprism(path: &Path) {
    let accounts = include_str!("../../src/store/migrations/0001/accounts.sql");
    let account = "INSERT INTO auth_users (user_uid, user_name, user_role, super_admin, can_login)
        VALUES ('usxyz0abc1defgh2', 'grace', 'admin', 1, 1);";
    create_database(
        path,
        &format!("{PHOTOPRISM}{}{account}", accounts.replace("VARCHAR", "VARBINARY")),
    );
}

/// A database of these statements.
pub(crate) fn create_database(path: &Path, statements: &str) {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

/// A path as an argument.
pub(crate) fn text(path: &(impl AsRef<OsStr> + ?Sized)) -> &str {
    path.as_ref().to_str().unwrap()
}
