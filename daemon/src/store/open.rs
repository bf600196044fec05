//! Opening: detect what the file is, set the pragmas and read them back, create or migrate the
//! daemon's own schema.

use std::cell::RefCell;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::access::{check_access, protect_new};
use super::accounts_insert::account_insert;
use super::attached::open_photoprism;
use super::backup::copy_whole;
use super::checkpoint;
use super::columns::Columns;
use super::db::{Db, Tx};
use super::detect::{DatabaseKind, OWN_TABLES, detect_open};
use super::error::StoreError;
use super::generation::Generation;
use super::kind::Kind;
use super::lock_timeout::wait_for_locks;
use super::mark::Mark;
use super::meta;
use super::open_error::{OpenError, failed, refused, storage};
use super::options::{Expected, OpenOptions, missing, waits};
use super::own_tables::OwnTables;
use super::paths::is_own_tables;
use super::pragmas::{EXCLUSIVE_VFS, LOG_BYTES, SHARED_VFS, STATEMENTS, pragma};
use super::schema::{self, STEPS};
use super::server;
use super::unclean::{FileGeneration, claim, has_log, read_generation};
use crate::failpoints::{Failpoint, enabled};

/// The oldest SQLite that is safe: 3.51.3 fixed the WAL-reset bug.
pub const SQLITE_OLDEST: i32 = 3_051_003;

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
    if let Some(address) = &options.server {
        return server::open(options, address);
    }
    let running = options.running;
    open_at(options, &STEPS).map(|db| Db { running, ..db })
}

/// The same with other migration steps, for tests.
pub(super) fn open_at(options: &OpenOptions, steps: &[&str]) -> Result<Db, OpenError> {
    let path = &options.path;
    let waits = waits(options);
    make_or_check_directory(path, options.make_directory)?;
    if is_own_tables(path) {
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
    let exclusive = is_exclusive(before.as_ref(), waits);
    let vfs = if exclusive { EXCLUSIVE_VFS } else { SHARED_VFS };
    let mut conn = Connection::open_with_flags_and_vfs(path, flags, vfs)
        .map_err(|error| storage(path, &error))?;
    let set = if waits { wait_for_locks(&mut conn) } else { conn.busy_timeout(Duration::ZERO) };
    set.map_err(|error| failed(path, error.into()))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // A refused file must stay as it is, its log included.
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    conn.set_db_config(keep_log, has_log(path)).map_err(|error| failed(path, error.into()))?;
    let db = open_found(conn, options, exclusive, own, steps)?;
    let conn = db.sqlite().map_err(|error| failed(path, error))?;
    conn.set_db_config(keep_log, false).map_err(|error| failed(path, error.into()))?;
    Ok(db)
}

/// Whether this process alone uses the file: the daemon's own, there or about to be created.
const fn is_exclusive(found: Option<&DatabaseKind>, waits: bool) -> bool {
    match found {
        Some(DatabaseKind::Own(_)) => true,
        Some(DatabaseKind::Nothing) | None => !waits,
        Some(DatabaseKind::PhotoPrism | DatabaseKind::Unfinished | DatabaseKind::Foreign(_)) => {
            false
        }
    }
}

fn open_found(
    mut conn: Connection,
    options: &OpenOptions,
    exclusive: bool,
    own: Option<FileGeneration>,
    steps: &[&str],
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
            open_own(conn, claimed, options, 0, steps)
        }
        DatabaseKind::Own(schema) => open_own(conn, claimed, options, schema, steps),
        DatabaseKind::PhotoPrism if exclusive => {
            Err(refused(path, "it was replaced while it was opened; start the daemon again"))
        }
        DatabaseKind::PhotoPrism => open_photoprism(conn, options),
        DatabaseKind::Unfinished => Err(refused(path, "PhotoPrism has not finished making it")),
        DatabaseKind::Foreign(what) => Err(refused(path, &what)),
    }
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
    mut conn: Connection,
    claimed: Option<Generation>,
    options: &OpenOptions,
    found: u32,
    steps: &[&str],
) -> Result<Db, OpenError> {
    let path = &options.path;
    if found as usize > steps.len() {
        return Err(refused(path, &newer(&options.backups, found, steps.len())));
    }
    if found == 0 {
        protect_new(path)?;
    }
    let generation = match claimed {
        Some(generation) => generation,
        None => claim(&mut conn, path, &Ok(None))?,
    };
    let generation = RefCell::new(generation);
    let mut db = Db {
        conn: conn.into(),
        kind: Kind::Own,
        path: path.clone(),
        backups: options.backups.clone(),
        server: None,
        columns: Columns::default(),
        generation,
        own_tables: OwnTables::default(),
        mark: Mark::default(),
        running: options.running,
    };
    prepare_own(&mut db, options, found, steps).map_err(|error| failed(path, error))?;
    Ok(db)
}

fn prepare_own(
    db: &mut Db,
    options: &OpenOptions,
    found: u32,
    steps: &[&str],
) -> Result<(), StoreError> {
    if found == 0 {
        // Created before WAL is switched on, so that the tables are in the file itself from the
        // start and reading the file alone detects it.
        create(db, options, steps)?;
    } else {
        schema::mark(db.sqlite()?, found)?;
        migrate(db, found, steps)?;
    }
    pragma(db.sqlite()?, "journal_mode", "wal")?;
    pragma(db.sqlite()?, "journal_size_limit", LOG_BYTES)?;
    if found == 0 {
        db.generation.borrow_mut().begin_log(db.sqlite()?);
    }
    pragma(db.sqlite()?, "synchronous", if enabled(Failpoint::SyncSeldom) { "1" } else { "2" })?;
    // The first lock of the file locks it for the process; a write finds out whether it can be
    // written.
    db.begin()?;
    db.rollback()?;
    checkpoint::begin_first(db)?;
    db.columns = Columns::read(&db.conn)?;
    Ok(())
}

fn newer(backups: &Path, found: u32, known: usize) -> String {
    let backup = backups.join(format!("schema-{known}.db"));
    let advice = if std::fs::symlink_metadata(&backup).is_ok_and(|found| found.is_file()) {
        format!("the backup made before that is {}", backup.display())
    } else {
        format!("no backup of the older one was found in {}", backups.display())
    };
    format!(
        "its schema is {found}, newer than {known}, which this daemon knows; start the \
         newer daemon, or go back to the older database ({advice})"
    )
}

fn create(db: &mut Db, options: &OpenOptions, steps: &[&str]) -> Result<(), StoreError> {
    db.sqlite()?.execute_batch("BEGIN EXCLUSIVE")?;
    let mut at = 0;
    while (at as usize) < steps.len() {
        at = schema::step(db.sqlite()?, steps, at)?;
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
        at = schema::step(db.sqlite()?, steps, at)?;
        db.commit()?;
    }
    Ok(())
}
