//! Opening: detect what the file is, set the pragmas and read them back, create or migrate the
//! daemon's own schema.

use std::cell::RefCell;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::access::{check_access, protect_new};
use super::accounts_insert::account_insert;
use super::attached::{self, OwnTables, open_photoprism};
use super::backup::{Changes, backup_directory, copy_whole};
use super::columns::Columns;
use super::db::{Db, Kind, Tx};
use super::detect::{DatabaseKind, OWN_TABLES, detect_open};
use super::error::StoreError;
use super::expected::{Expected, missing, waits};
use super::generation::{self, Generation};
use super::lock_timeout::wait_for_locks;
use super::meta::{self, CURSOR_KEY_BYTES};
use super::owner::lock_holder;
use super::schema::{self, STEPS};
use super::unclean::{FileGeneration, claim, has_log, read_generation};
use crate::failpoints::{Failpoint, enabled};
use crate::model::NewAccount;

/// The oldest SQLite that is safe: 3.51.3 fixed the WAL-reset bug.
pub const SQLITE_OLDEST: i32 = 3_051_003;

/// Capacity of the statement cache: more than the store has statements.
const STATEMENTS: usize = 128;

/// Which database to open, and the content of a new one.
#[derive(Clone)]
pub struct OpenOptions {
    /// Absolute path of the file.
    pub path: PathBuf,
    /// Create the directory: the path is a default that nobody chose.
    pub make_directory: bool,
    /// The initial rows of a new database.
    pub accounts: Vec<NewAccount>,
    /// The key of a new database.
    pub cursor_key: [u8; CURSOR_KEY_BYTES],
    /// What is known about the database, from an earlier start or from this one.
    pub expected: Expected,
    /// The setting `session-cache` in seconds.
    pub session_cache: u32,
}

/// Why a database was not opened.
#[derive(Clone, Debug, Error)]
pub enum OpenError {
    /// It is not the daemon's to change, or from a newer daemon.
    #[error("{0}")]
    Refused(String),
    /// Another process holds it.
    #[error("{0}")]
    InUse(String),
    /// The directory of a configured path does not exist.
    #[error("{0}")]
    Setting(String),
    /// The file or its directory cannot be created, read or written.
    #[error("{0}")]
    Storage(String),
    /// The daemon's own database is gone; the message says what was found.
    #[error("{0}")]
    Gone(&'static str),
    /// PhotoPrism has not created it yet.
    #[error("the database does not exist yet")]
    NotThereYet,
}

impl OpenError {
    /// The exit code of `spec/daemon.md`.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Setting(_) => 2,
            Self::InUse(_) => 73,
            Self::Storage(_) | Self::NotThereYet => 74,
            Self::Refused(_) | Self::Gone(_) => 78,
        }
    }
}

/// The version of the bundled SQLite as a number: 3.51.3 is 3051003.
pub fn sqlite_version() -> i32 {
    rusqlite::version_number()
}

/// Refuses an SQLite that loses data.
///
/// # Errors
/// [`OpenError::Refused`] below [`SQLITE_OLDEST`].
pub fn check_sqlite_version(number: i32) -> Result<(), OpenError> {
    if number >= SQLITE_OLDEST {
        return Ok(());
    }
    Err(OpenError::Refused(format!(
        "this program was built with SQLite {}, which can lose writes; 3.51.3 is the oldest that \
         is safe: build it with its own SQLite",
        rusqlite::version()
    )))
}

/// Opens the database at the path, creating the daemon's own if there is none.
pub(super) fn open(options: &OpenOptions) -> Result<Db, OpenError> {
    let session_cache = options.session_cache;
    open_at(options, &STEPS).map(|db| Db { session_cache, ..db })
}

/// The same with other migration steps, for tests.
pub(super) fn open_at(options: &OpenOptions, steps: &[&str]) -> Result<Db, OpenError> {
    let path = &options.path;
    let waits = waits(options);
    make_or_check_directory(path, options.make_directory)?;
    if attached::is_named_so(path) {
        return Err(refused(path, OWN_TABLES));
    }
    if std::fs::metadata(path).map_or(0, |data| data.len()) == 0 {
        missing(options)?;
    }
    let before = check_access(path)?;
    // If a checkpoint was interrupted the file can only be read together with its log. PhotoPrism's
    // has none.
    let torn = before.is_none() && !waits && has_log(path);
    let own = (torn || matches!(before, Some(DatabaseKind::Own(_)))).then(|| read_generation(path));
    // `SQLITE_OPEN_URI`: the attached file's URI names its VFS.
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, !waits && options.expected != Expected::Own);
    let mut conn =
        Connection::open_with_flags(path, flags).map_err(|error| storage(path, &error))?;
    let set = if waits { wait_for_locks(&mut conn) } else { conn.busy_timeout(Duration::ZERO) };
    set.map_err(|error| failed(path, error.into()))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // A refused file must stay as it is, its log included.
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    conn.set_db_config(keep_log, has_log(path)).map_err(|error| failed(path, error.into()))?;
    let db = open_found(conn, options, (own, steps))?;
    db.conn.set_db_config(keep_log, false).map_err(|error| failed(path, error.into()))?;
    Ok(db)
}

fn open_found(
    mut conn: Connection,
    options: &OpenOptions,
    (own, steps): (Option<FileGeneration>, &[&str]),
) -> Result<Db, OpenError> {
    let path = &options.path;
    if options.expected == Expected::StillPhotoPrism && own.is_some() {
        return Err(refused(path, "it is the daemon's own now, and was PhotoPrism's before"));
    }
    let claimed = own.map(|file| claim(&mut conn, path, &file)).transpose()?;
    match detect_open(&conn).map_err(|error| failed(path, error))? {
        DatabaseKind::Unfinished if waits(options) => Err(OpenError::NotThereYet),
        DatabaseKind::Nothing => {
            missing(options)?;
            open_own((conn, claimed), options, (0, steps))
        }
        DatabaseKind::Own(schema) => open_own((conn, claimed), options, (schema, steps)),
        DatabaseKind::PhotoPrism => open_photoprism(conn, options),
        DatabaseKind::Unfinished => Err(refused(path, "PhotoPrism has not finished making it")),
        DatabaseKind::Foreign(what) => Err(refused(path, &what)),
    }
}

pub(super) fn refused(path: &Path, what: &str) -> OpenError {
    OpenError::Refused(format!("{} is not used: {what}", path.display()))
}

fn storage(path: &Path, cause: &dyn std::fmt::Display) -> OpenError {
    OpenError::Storage(format!("{} cannot be used: {cause}", path.display()))
}

/// Reports a lock of another process with its owner, anything else unchanged.
pub(super) fn failed(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Locked(_) => OpenError::InUse(match lock_holder(path) {
            Some(pid) => format!(
                "{} is in use by process {pid}: only one daemon owns it at a time",
                path.display()
            ),
            None => format!("{} is in use by another process", path.display()),
        }),
        StoreError::Damaged(what) => refused(path, &damaged(path, &what)),
        other => storage(path, &other),
    }
}

fn damaged(path: &Path, what: &str) -> String {
    let backups = backup_directory(path);
    format!(
        "it is damaged ({what}). Keep a copy of it and of the files next to it that have its name; \
         then put a whole copy of the database in its place, or move them away and restore a \
         backup from {} into a new database",
        backups.display()
    )
}

/// Ensures that the directory of the database exists: a default one is created, a configured one
/// has to exist.
///
/// # Errors
/// [`OpenError::Setting`] or [`OpenError::Storage`].
pub fn make_or_check_directory(path: &Path, make: bool) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    if directory.is_dir() {
        return Ok(());
    }
    if !make {
        return Err(OpenError::Setting(format!(
            "the directory {} of the database does not exist; make it, or give another --database",
            directory.display()
        )));
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| storage(directory, &error))
}

fn open_own(
    (mut conn, claimed): (Connection, Option<Generation>),
    options: &OpenOptions,
    (found, steps): (u32, &[&str]),
) -> Result<Db, OpenError> {
    let path = &options.path;
    if found as usize > steps.len() {
        return Err(refused(path, &newer(path, found, steps.len())));
    }
    if found == 0 {
        protect_new(path)?;
    }
    let generation = match claimed {
        Some(generation) => generation,
        None => claim(&mut conn, path, &Ok(None))?,
    };
    let (columns, changes) = (Columns::default(), Changes::default());
    let noted = changes.clone();
    conn.update_hook(Some(move |_, database: &str, table: &str, row| {
        noted.note(database, table, row);
    }))
    .map_err(|error| failed(path, error.into()))?;
    let generation = RefCell::new(generation);
    let mut db = Db {
        conn,
        kind: Kind::Own,
        path: path.clone(),
        columns,
        changes,
        generation,
        own_tables: OwnTables::default(),
        session_cache: options.session_cache,
    };
    prepare_own(&mut db, options, (found, steps)).map_err(|error| failed(path, error))?;
    Ok(db)
}

fn prepare_own(
    db: &mut Db,
    options: &OpenOptions,
    (found, steps): (u32, &[&str]),
) -> Result<(), StoreError> {
    if found == 0 {
        // Created before WAL is switched on, so that the tables are in the file itself from the
        // start and reading the file alone detects it.
        create(db, options, steps)?;
    } else {
        migrate(db, found, steps)?;
    }
    pragma(&db.conn, "journal_mode", "wal")?;
    if found == 0 {
        db.generation.borrow_mut().begin_log(&db.conn);
    }
    pragma(&db.conn, "synchronous", if enabled(Failpoint::SyncSeldom) { "1" } else { "2" })?;
    // With `locking_mode=EXCLUSIVE` the first write takes the lock and keeps it.
    db.begin()?;
    db.rollback()?;
    generation::begin_first(db)?;
    db.columns = Columns::read(&db.conn)?;
    Ok(())
}

fn newer(path: &Path, found: u32, known: usize) -> String {
    let backup = backup_directory(path).join(format!("schema-{known}.db"));
    let advice = if std::fs::symlink_metadata(&backup).is_ok_and(|found| found.is_file()) {
        format!("the backup made before that is {}", backup.display())
    } else {
        "no backup of the older one was found next to it".into()
    };
    format!(
        "its schema is {found}, newer than {known}, which this daemon knows; start the \
         newer daemon, or go back to the older database ({advice})"
    )
}

/// Settings of both kinds: nothing in an untrusted file may make SQLite do more than it was asked
/// to, and plans must not depend on bound values, or SQLite plans most statements again each time.
pub(super) fn settings(conn: &Connection) -> Result<(), StoreError> {
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        if conn.set_db_config(option, on)? != on {
            return Err(StoreError::Other("SQLite refused a setting".into()));
        }
    }
    pragma(conn, "trusted_schema", "0")?;
    pragma(conn, "foreign_keys", "1")?;
    pragma(conn, "secure_delete", "1")?;
    pragma(conn, "temp_store", "2")
}

pub(super) fn pragma(conn: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    check_pragma(conn, None, name, value)
}

/// Sets a pragma and reads it back: some are silently refused.
pub(super) fn check_pragma(
    conn: &Connection,
    schema: Option<&str>,
    name: &str,
    value: &str,
) -> Result<(), StoreError> {
    conn.pragma_update(schema, name, value)?;
    let actual = conn.pragma_query_value(schema, name, |row| super::rows::text(row, 0))?;
    if actual.eq_ignore_ascii_case(value) {
        return Ok(());
    }
    Err(StoreError::Other(format!("PRAGMA {name} is {actual} instead of {value}")))
}

fn create(db: &mut Db, options: &OpenOptions, steps: &[&str]) -> Result<(), StoreError> {
    db.conn.execute_batch("BEGIN EXCLUSIVE")?;
    let mut at = 0;
    while (at as usize) < steps.len() {
        at = schema::step(&db.conn, steps, at)?;
    }
    db.columns = Columns::read(&db.conn)?;
    // The initial rows are written in the same transaction: a database without an admin is never
    // seen.
    let tx = Tx::new(db);
    meta::set_cursor_key(&tx, &options.cursor_key)?;
    for account in &options.accounts {
        account_insert(&tx, account)?;
    }
    db.commit()
}

/// One transaction per step, after a copy of the whole database.
fn migrate(db: &Db, found: u32, steps: &[&str]) -> Result<(), StoreError> {
    let mut at = found;
    while (at as usize) < steps.len() {
        copy_whole(db, at)?;
        db.begin()?;
        at = schema::step(&db.conn, steps, at)?;
        db.commit()?;
    }
    Ok(())
}

/// Its version and edition.
pub(super) fn photoprism_kind(conn: &Connection) -> Result<Kind, StoreError> {
    use rusqlite::OptionalExtension;
    let newest = conn
        .query_row("SELECT version, edition FROM versions ORDER BY id DESC LIMIT 1", [], |row| {
            Ok((super::rows::text(row, 0)?, super::rows::text(row, 1)?))
        })
        .optional()?;
    let (version, edition) = newest.unwrap_or_default();
    Ok(Kind::PhotoPrism { version, edition })
}
