//! Reads another PhotoPrism's `index.db`: accounts with everything that they need to work, for
//! import into this database.

use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use photoprism_protocol::secret::Secret;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::accounts::{account_row, select};
use super::columns::Columns;
use super::db::Db;
use super::detect::{DatabaseKind, detect_open};
use super::engine::{self, Statement};
use super::error::StoreError;
use super::kind::photoprism_kind;
use super::lock_timeout::wait_for_locks;
use super::mark::Mark;
use super::options::Running;
use super::own_tables::OwnTables;
use super::passcodes::{Passcode, passcode_find};
use super::passwords::password_hash;
use super::paths::own_tables_path;
use super::pragmas::settings;
use super::sessions::app_passwords;
use crate::model::{Account, Session};
use crate::system::{FileId, descriptors_of};

/// Bytes of one value; PhotoPrism's longest text here is a tenth of it.
const MOST_VALUE_BYTES: i32 = 64 * 1024;

/// Offset of the header's read version, and its value for WAL mode:
/// <https://sqlite.org/fileformat2.html#file_format_version_numbers>.
const WAL_VERSION_AT: usize = 19;
const WAL_VERSION: u8 = 2;

/// App passwords of one account that can be imported.
pub const MOST_APP_PASSWORDS: u32 = 1000;

/// Why a file is not read.
#[derive(Clone, Debug, Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is something else; the message says what was found.
    #[error("{0}")]
    NotOne(String),
    /// It can be read only where SQLite may create files next to it.
    #[error("it is in WAL mode, and its directory cannot be written")]
    Wal,
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for SourceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An account as it is in that database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAccount {
    /// The account, deleted or not; its id is that of the other database.
    pub account: Account,
    /// The hash of its password.
    pub hash: Option<Secret>,
    /// Its two-factor key, where it is active.
    pub passcode: Option<Passcode>,
    /// Its app passwords, expired ones too; at most one more than can be imported.
    pub app_passwords: Vec<Session>,
}

/// The files that this daemon has open itself, by device and inode: a hard link to one must not be
/// opened again. Includes the backup directory, whose files other commands open and check.
#[derive(Clone, Debug)]
pub struct OwnFiles {
    files: Vec<(u64, u64)>,
    backups: Option<(u64, u64)>,
}

impl OwnFiles {
    /// Those of the database at that path, with its backups.
    pub fn of(database: &Path, backups: &Path) -> Self {
        let identity = |path: &Path| fs::metadata(path).map(|data| (data.dev(), data.ino()));
        let files = [identity(database), identity(&own_tables_path(database))];
        let backups = identity(backups).ok();
        Self { files: files.into_iter().flatten().collect(), backups }
    }

    /// Whether the file at that path is in the backup directory, also through links.
    fn is_backup(&self, path: &Path) -> std::io::Result<bool> {
        let path = fs::canonicalize(path)?;
        let found = fs::metadata(path.parent().unwrap_or(&path))?;
        Ok(self.backups == Some((found.dev(), found.ino())))
    }
}

/// The open file. Its content does not change: a read transaction holds it, so that its PhotoPrism
/// may run, and waits with writes until this is dropped.
#[derive(Debug)]
pub struct PhotoPrismReader(Db);

impl SourceAccount {
    /// Approximate size of all its texts in bytes.
    pub fn bytes(&self) -> usize {
        let secret = |secret: &Secret| secret.expose().len();
        let passcode = |row: &Passcode| secret(&row.key_url) + secret(&row.recovery_code);
        let hash = self.hash.as_ref().map_or(0, secret);
        let passcode = self.passcode.as_ref().map_or(0, passcode);
        let sessions: usize = self.app_passwords.iter().map(Session::bytes).sum();
        self.account.bytes() + hash + passcode + sessions
    }
}

impl PhotoPrismReader {
    /// Opens the file, which must be PhotoPrism's and not one of the daemon's own.
    pub fn open(path: &Path, own: &OwnFiles) -> Result<Self, SourceError> {
        let data = match fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SourceError::Missing);
            }
            data => data.map_err(|error| StoreError::Other(error.to_string()))?,
        };
        if own.files.contains(&(data.dev(), data.ino())) {
            return Err(SourceError::NotOne("it is the database of this daemon itself".into()));
        }
        if own.is_backup(path).map_err(|error| StoreError::Other(error.to_string()))? {
            return Err(SourceError::NotOne(
                "it is in the directory of this daemon's backups; restore it, or copy it elsewhere \
                 if it is PhotoPrism's"
                    .into(),
            ));
        }
        // Closing it again would drop this process's locks on it.
        let open = descriptors_of(FileId::of(&data));
        if open.map_err(|error| StoreError::Other(error.to_string()))? > 0 {
            return Err(SourceError::NotOne("this daemon has it open: it is in use here".into()));
        }
        if !data.is_file() {
            return Err(SourceError::NotOne("it is not a regular file".into()));
        }
        check_companions(path)?;
        Self::connect(path).map_err(|error| match error {
            SourceError::Store(StoreError::ReadOnly(_)) if is_in_wal_mode(path) => SourceError::Wal,
            error => error,
        })
    }

    fn connect(path: &Path) -> Result<Self, SourceError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(path, flags)?;
        wait_for_locks(&mut conn)?;
        settings(&conn)?;
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)?;
        conn.execute_batch("BEGIN")?;
        is_photoprism(&conn)?;
        let conn = engine::Connection::from(conn);
        let (kind, columns) = (photoprism_kind(&conn)?, Columns::read(&conn)?);
        let (path, backups) = (path.to_path_buf(), PathBuf::new());
        let (generation, own_tables) = (RefCell::default(), OwnTables::default());
        let (server, mark, running) = (None, Mark::default(), Running::default());
        Ok(Self(Db {
            conn,
            kind,
            path,
            backups,
            server,
            columns,
            generation,
            own_tables,
            mark,
            running,
        }))
    }

    /// At most `most` accounts after that row id, without the system rows.
    pub fn accounts(&self, after: i64, most: u32) -> Result<Vec<SourceAccount>, StoreError> {
        let Self(db) = self;
        let statement = format!("{} WHERE u.id > ?1 ORDER BY u.id LIMIT ?2", select(&db.columns));
        let values = [after.max(0).into(), most.into()];
        let accounts = db.all(Statement::same(&statement), &values, account_row)?;
        accounts.into_iter().map(|account| self.with_details(account)).collect()
    }

    fn with_details(&self, account: Account) -> Result<SourceAccount, StoreError> {
        let Self(db) = self;
        // A row without a UID owns nothing: password and session rows without one are not its own.
        let owns = !account.uid.is_empty();
        let hash = if owns { password_hash(db, &account.uid)? } else { None };
        let passcode =
            if owns && account.has_passcode { passcode_find(db, &account.uid)? } else { None };
        let app_passwords = if owns {
            app_passwords(db, &account.uid, MOST_APP_PASSWORDS + 1)?
        } else {
            Vec::new()
        };
        Ok(SourceAccount { hash: hash.map(Secret::new), passcode, app_passwords, account })
    }
}

/// Whether the file's header says WAL mode; false for a file that the thread may not read.
fn is_in_wal_mode(path: &Path) -> bool {
    let mut header = [0; WAL_VERSION_AT + 1];
    // It may be another file by now, one that blocks, such as a FIFO.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let read = file.and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[WAL_VERSION_AT] == WAL_VERSION
}

/// Refuses a file whose journal, WAL or shared memory is, say, a FIFO: SQLite would wait for it.
fn check_companions(path: &Path) -> Result<(), SourceError> {
    for suffix in ["-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::metadata(Path::new(&name)) {
            Ok(data) if !data.is_file() => {
                let what = format!("the {suffix} next to it is not a file");
                return Err(SourceError::NotOne(what));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn is_photoprism(conn: &Connection) -> Result<(), SourceError> {
    let not = |what: &str| Err(SourceError::NotOne(what.into()));
    match detect_open(conn)? {
        DatabaseKind::PhotoPrism => {}
        DatabaseKind::Nothing => return not("it is empty"),
        DatabaseKind::Own(_) => {
            return not("it is a database of a daemon like this one; export its users");
        }
        DatabaseKind::Unfinished => return not("PhotoPrism has not finished making it"),
        DatabaseKind::Foreign(what) => return not(&what),
    }
    // A view in place of a table would decide what is read; a trigger cannot fire here.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage > 0
        AND name IN ('auth_users', 'passwords', 'auth_sessions')";
    let views = "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name = 'passcodes'";
    let number = |statement| conn.query_row(statement, [], |row| row.get::<_, i64>(0));
    if number(tables)? == 3 && number(views)? == 0 {
        return Ok(());
    }
    not("its account tables are not tables")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{own, photoprism};
    use super::*;

    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

    fn all(foreign: &PhotoPrismReader) -> Vec<SourceAccount> {
        let (mut all, mut after) = (Vec::new(), i64::MIN);
        loop {
            let some = foreign.accounts(after, 3).unwrap();
            let Some(last) = some.last() else { return all };
            after = last.account.id;
            all.extend(some);
        }
    }

    #[test]
    fn accounts_include_everything_that_they_need() {
        let (directory, db) = own();
        let copy = directory.path().join("photoprism.db");
        fs::copy(FIXTURE, &copy).unwrap();
        let foreign = PhotoPrismReader::open(&copy, &OwnFiles::of(&db.path, &db.backups)).unwrap();
        assert!(foreign.0.kind().edition() == crate::model::Edition::Community);
        let accounts = all(&foreign);
        let names: Vec<&str> =
            accounts.iter().map(|account| account.account.name.as_str()).collect();
        let expected = [
            "admin",
            "bob",
            "alice",
            "dave",
            "erin",
            "nologin",
            "olga",
            "we irdname",
            "mixed.case",
            "mallory",
            "gone",
        ];
        assert_eq!(names, expected);
        let of = |name: &str| accounts.iter().find(|account| account.account.name == name).unwrap();
        let bob = of("bob");
        assert!(bob.hash.as_ref().unwrap().expose().starts_with("$2a$12$"));
        assert_eq!(bob.passcode, None);
        // Three of them, without the web session and what was created from one.
        assert_eq!(bob.app_passwords.len(), 3, "{:?}", bob.app_passwords);
        assert!(bob.app_passwords.iter().all(|row| row.user_uid == bob.account.uid));
        let key = of("dave").passcode.as_ref().unwrap();
        assert!(key.key_url.expose().starts_with("otpauth://totp/PhotoPrism:dave?"));
        assert_eq!(
            (&of("olga").hash, of("olga").account.auth_id.as_str()),
            (&None, "8a2b4c6d-1111-2222")
        );
        assert!(of("gone").account.is_deleted());
        drop(foreign);
        assert!(fs::read(&copy).unwrap() == fs::read(FIXTURE).unwrap());
        let entries = fs::read_dir(directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(names.filter(|name| name.starts_with("photoprism.db")).eq(["photoprism.db"]));
    }

    #[test]
    fn the_content_does_not_change_while_it_is_read() {
        let (_directory, db) = own();
        let (directory, running) = photoprism();
        let path = directory.path().join("index.db");
        let add = "INSERT INTO auth_users (user_uid, user_name) VALUES ('u1', 'one')";
        running.conn.sqlite().unwrap().execute_batch(add).unwrap();
        // The one that runs it is another process: this one must not have it open already.
        drop(running);
        let foreign = PhotoPrismReader::open(&path, &OwnFiles::of(&db.path, &db.backups)).unwrap();
        assert_eq!(all(&foreign).len(), 1);
        let running = Connection::open(&path).unwrap();
        running.busy_timeout(std::time::Duration::ZERO).unwrap();
        let change = "UPDATE auth_users SET user_name = 'other'";
        assert!(running.execute_batch(change).is_err(), "it waits");
        drop(foreign);
        running.execute_batch(change).unwrap();
    }

    #[test]
    fn files_of_the_daemon_are_known_by_any_name() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::copy(FIXTURE, at("index.db")).unwrap();
        fs::copy(FIXTURE, at("photoprism-admin.db")).unwrap();
        let own = OwnFiles::of(&at("index.db"), &at("backups"));
        for name in ["index.db", "photoprism-admin.db"] {
            let other = at(&format!("other-{name}"));
            fs::hard_link(at(name), &other).unwrap();
            let Err(SourceError::NotOne(what)) = PhotoPrismReader::open(&other, &own) else {
                panic!()
            };
            assert!(what.contains("this daemon itself"), "{what}");
        }
        fs::create_dir(at("backups")).unwrap();
        fs::copy(FIXTURE, at("backups/x.db")).unwrap();
        std::os::unix::fs::symlink(at("backups/x.db"), at("link.db")).unwrap();
        let own = OwnFiles::of(&at("index.db"), &at("backups"));
        for name in ["backups/x.db", "link.db"] {
            let Err(SourceError::NotOne(what)) = PhotoPrismReader::open(&at(name), &own) else {
                panic!()
            };
            assert!(what.contains("this daemon's backups"), "{what}");
        }
        fs::copy(FIXTURE, at("another.db")).unwrap();
        PhotoPrismReader::open(&at("another.db"), &own).unwrap();
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        let (directory, db) = own();
        let at = |name: &str| directory.path().join(name);
        let why = |path: &Path| match PhotoPrismReader::open(
            path,
            &OwnFiles::of(&db.path, &db.backups),
        ) {
            Err(SourceError::NotOne(what)) => what,
            Err(fault) => format!("{fault:?}"),
            Ok(_) => "taken".into(),
        };
        assert!(matches!(
            PhotoPrismReader::open(&at("nothing"), &OwnFiles::of(&db.path, &db.backups)),
            Err(SourceError::Missing)
        ));
        assert!(why(&at("admin.db")).contains("this daemon itself"));
        assert!(why(directory.path()).contains("not a regular file"));
        fs::write(at("text"), "whatever its name says, this is not a database").unwrap();
        assert!(why(&at("text")).contains("not an SQLite database"));
        fs::write(at("empty"), "").unwrap();
        assert!(why(&at("empty")).contains("empty"));
        let (other, _db) = own();
        assert_ne!(why(&other.path().join("admin.db")), "taken");
        fs::copy(FIXTURE, at("views.db")).unwrap();
        Connection::open(at("views.db"))
            .unwrap()
            .execute_batch(
                "ALTER TABLE passwords RENAME TO p;
                 CREATE VIEW passwords AS SELECT uid, 'x' AS hash FROM p",
            )
            .unwrap();
        assert_ne!(why(&at("views.db")), "taken");
    }
}
