//! Directories with databases for tests.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use rusqlite::Connection;

use crate::clock::random;
use crate::model::initial_accounts;
use crate::store::db::Db;
use crate::store::open::open;
use crate::store::open_error::OpenError;
use crate::store::options::{Expected, OpenOptions, Running};

/// Tables that PhotoPrism has in addition to its account tables, as far as the daemon reads them.
const PHOTOPRISM_TABLES: &str = "CREATE TABLE migrations (id VARBINARY(16) PRIMARY KEY);
    CREATE TABLE versions (id INTEGER PRIMARY KEY, version VARBINARY(255), edition VARBINARY(255));
    CREATE TABLE photos (id INTEGER PRIMARY KEY);
    INSERT INTO versions (version, edition) VALUES ('1-old', 'plus'), ('2-new', 'ce');";

/// PhotoPrism's account tables: the daemon's with PhotoPrism's column types.
pub(super) fn account_tables() -> String {
    let accounts = include_str!("../migrations/0001/accounts.sql");
    accounts.replace("VARCHAR", "VARBINARY")
}

/// A directory of its own.
pub(super) struct StoreFixture(tempfile::TempDir);

impl StoreFixture {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn options(&self, name: &str) -> OpenOptions {
        options(&self.at(name))
    }

    pub(super) fn open(&self, name: &str) -> Result<Db, OpenError> {
        open(&self.options(name))
    }

    /// The daemon's own database, open.
    pub(super) fn own(&self) -> Db {
        self.open("admin.db").unwrap()
    }

    /// A database that another program created with these statements.
    pub(super) fn create(&self, name: &str, statements: &str) -> PathBuf {
        let path = self.at(name);
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(statements).unwrap();
        path
    }

    /// PhotoPrism's, with one account.
    pub(super) fn photoprism(&self, name: &str) -> PathBuf {
        self.create(
            name,
            &format!("{PHOTOPRISM_TABLES}{}{}", account_tables(), account(1, "photoprism")),
        )
    }

    /// Name and content of every file.
    pub(super) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.directory())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }
}

pub(super) fn options(path: &Path) -> OpenOptions {
    let admin = UserName::parse("admin").unwrap();
    OpenOptions {
        path: path.to_owned(),
        backups: path.with_file_name("backups"),
        make_directory: false,
        server: None,
        accounts: initial_accounts(&admin, Timestamp::UNIX_EPOCH, &mut { random }),
        cursor_key: [7; 32],
        expected: Expected::Unknown,
        running: Running { session_cache: 900, notifier: None },
    }
}

/// The statement that adds an account.
pub(super) fn account(id: i64, name: &str) -> String {
    format!(
        "INSERT INTO auth_users (id, user_uid, user_name) VALUES ({id}, 'uid{id:013}', '{name}');"
    )
}

/// A number that a statement returns.
pub(super) fn number(db: &Db, statement: &str) -> i64 {
    db.sqlite().unwrap().query_row(statement, [], |row| row.get(0)).unwrap()
}

/// Names of all accounts by id.
pub(super) fn names(db: &Db) -> Vec<String> {
    let mut statement = db
        .sqlite()
        .unwrap()
        .prepare("SELECT user_name FROM auth_users WHERE id > 0 ORDER BY id")
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}
