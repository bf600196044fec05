//! A backup file, which is a stranger's until it was looked at: opened to be read, by SQLite with
//! everything off that a file could make it do, and only where it holds nothing but the tables
//! that it must.

use std::ffi::CStr;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use rusqlite::{Connection, OpenFlags};

use super::contents::{self, Rows};
use super::fault::BackupFault;
use super::files::{io, open_directory};
use super::tables::{Column, Layout, has_clients};
use crate::store::account_tables::{TABLES, Table};
use crate::store::db::{Db, LARGE_CACHE};
use crate::store::directory::{Attach, Directory, Held, OpenLock, detach};
use crate::store::engine::count_progress;
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::pragmas::settings;
use crate::store::schema::{APPLICATION_ID, BACKUP_ID, SCHEMA_VERSION};
use crate::store::work::Around;
use crate::sys::file_bytes;

/// Tables and columns without which there are no accounts.
const NEEDED: [(&str, &[&str]); 3] = [
    ("auth_users", &["id", "user_uid", "user_name", "deleted_at"]),
    ("passwords", &["uid", "hash"]),
    ("auth_sessions", &["id", "user_uid"]),
];

/// What a file is called that holds anything but accounts.
const MORE: &str = "it holds more than tables of accounts";

/// Rows of a backup by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupCounts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions, tokens and app passwords.
    pub sessions: u64,
}

impl BackupCounts {
    pub(super) fn of(conn: &Connection) -> Result<Self, rusqlite::Error> {
        let number = |statement: &str| {
            conn.query_row(statement, [], |row| crate::store::rows::count(row, 0))
        };
        Ok(Self {
            users: number("SELECT count(*) FROM auth_users WHERE id > 0 AND deleted_at IS NULL")?,
            deleted: number(
                "SELECT count(*) FROM auth_users WHERE id > 0 AND deleted_at IS NOT NULL",
            )?,
            sessions: number("SELECT count(*) FROM auth_sessions")?,
        })
    }
}

/// A checked backup, held by a reader's lock: nobody changes it meanwhile.
#[derive(Debug)]
pub struct BackupFile {
    pub(in crate::store) conn: Connection,
    /// Its absolute path.
    pub path: PathBuf,
    /// Made of PhotoPrism's database.
    pub of_photoprism: bool,
    /// What it holds.
    pub counts: BackupCounts,
    held: Arc<HeldFile>,
}

/// A file that is held open, with its directory.
#[derive(Debug)]
struct HeldFile {
    directory: Directory,
    name: String,
    file: File,
}

/// The schema as which a backup is attached where it is restored.
pub(super) const RESTORED: &str = "restored";
const RESTORED_SCHEMA: &CStr = c"restored";

/// A backup that is attached to the connection that restores it, around the transaction; or none.
#[derive(Clone, Debug, Default)]
pub struct AttachedSource(Option<Arc<HeldFile>>);

impl AttachedSource {
    /// Its absolute path.
    pub fn path(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|held| held.directory.path().join(&held.name))
    }

    /// The same backup for the work of the transaction, which may outlive it: the file is held open no
    /// longer for that, as the next command that restores it would refuse it.
    pub fn for_work(&self) -> HeldSource {
        HeldSource(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    fn is_attached(db: &Db) -> bool {
        db.sqlite().is_ok_and(|conn| conn.is_readonly(RESTORED).is_ok())
    }
}

/// A backup while an [`AttachedSource`] holds it.
#[derive(Clone, Debug)]
pub struct HeldSource(Weak<HeldFile>);

impl HeldSource {
    /// Opens it for those who read it row by row.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let held = self.0.upgrade();
        let Some(HeldFile { directory, name, file }) = held.as_deref() else {
            return Err(StoreError::Backup("there is no backup to read".into()));
        };
        let held = Held::new(name, file, OpenLock::take());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = directory.connect(&held, flags, "unix");
        let conn = conn.map_err(|error| io(&directory.path().join(name), &error))?;
        settings(&conn)?;
        Ok(conn)
    }
}

impl Around for AttachedSource {
    fn before(&mut self, db: &Db) -> Result<(), StoreError> {
        let Some(HeldFile { directory, name, file }) = self.0.as_deref() else { return Ok(()) };
        // A try that PhotoPrism's lock interrupted has attached it. For a server it is read row by row.
        if db.server().is_some() || Self::is_attached(db) {
            return Ok(());
        }
        let held = Held::new(name, file, OpenLock::take());
        let attached = directory.attach(&held, db.sqlite()?, Attach::readable(RESTORED_SCHEMA));
        attached.map_err(|error| io(&directory.path().join(name), &error))
    }

    fn after(&mut self, db: &Db) {
        if Self::is_attached(db)
            && let Ok(conn) = db.sqlite()
        {
            detach(conn, RESTORED_SCHEMA);
        }
    }
}

impl BackupFile {
    /// What attaches it to the connection that [`super::restore_accounts`] writes to.
    pub fn source(&self) -> AttachedSource {
        AttachedSource(Some(Arc::clone(&self.held)))
    }

    /// Its tables.
    ///
    /// # Errors
    /// The store's.
    pub fn layout(&self) -> Result<Layout, StoreError> {
        Layout::read(&self.conn)
    }

    /// Whether it was made of a database of that kind.
    pub fn is_of(&self, kind: &Kind) -> bool {
        self.of_photoprism == (*kind != Kind::Own)
    }
}

/// Opens and checks the file of that name in the directory. Takes as long as reading all of it.
pub fn backup_open(path: &Path, file: &str) -> Result<BackupFile, BackupFault> {
    let directory = open_directory(path)?.ok_or(BackupFault::Missing)?;
    let lock = OpenLock::take();
    let found = directory.find(file, &lock).map_err(|error| io(&path.join(file), &error))?;
    let found = found.ok_or(BackupFault::Missing)?;
    let Checked { conn, path, of_photoprism, counts } =
        open_in(&directory, Held::new(file, &found, lock), Rows::Anybodys, None)?;
    let held = Arc::new(HeldFile { directory, name: file.into(), file: found });
    Ok(BackupFile { conn, path, of_photoprism, counts, held })
}

/// A file that was opened and checked.
pub(super) struct Checked {
    conn: Connection,
    path: PathBuf,
    pub(super) of_photoprism: bool,
    pub(super) counts: BackupCounts,
}

/// The same for the file that is held by one descriptor, under the name that it has. It moves
/// `progress` while it reads.
pub(super) fn open_in(
    directory: &Directory,
    held: Held<'_>,
    rows: Rows,
    progress: Option<&Arc<AtomicU64>>,
) -> Result<Checked, BackupFault> {
    let Held { name, file, .. } = held;
    let path = directory.path().join(name);
    let failed = |error: &std::io::Error| BackupFault::Store(io(&path, error));
    let data = file.metadata().map_err(|error| failed(&error))?;
    let alone = held.descriptors().map_err(|error| failed(&error))? == 1;
    refuse_other_files(&data, alone)?;
    for end in ["-journal", "-wal"] {
        if directory.stat(&format!("{name}{end}")).map_err(|error| failed(&error))?.is_some() {
            let what =
                "what was last written to it lies in a file beside it; open it once with sqlite3";
            return Err(BackupFault::NotOne(what.into()));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = directory.connect(&held, flags, "unix").map_err(|error| failed(&error))?;
    // Reading it takes long.
    drop(held);
    if let Some(progress) = progress {
        count_progress(&mut conn, progress)?;
    }
    if data.len() >= HEADER && wants_wal(&conn).map_err(|error| failed(&error))? {
        return Err(BackupFault::NotOne("it is in WAL mode, as no backup is".into()));
    }
    check(conn, path, rows)
}

/// A file with another name may be the database in use, or a part of it, as one may be that the
/// daemon has open. Opening such a one would end with the loss of its locks.
pub(super) fn refuse_other_files(data: &Metadata, alone: bool) -> Result<(), BackupFault> {
    let what = if !data.is_file() {
        "it is no file of its own"
    } else if data.nlink() == 0 {
        "its name was taken away from it meanwhile"
    } else if data.nlink() > 1 {
        "it is a hard link, and another name leads to the same file; copy it, and use the copy"
    } else if !alone {
        "the daemon has this file open already: it is a part of the database in use, or is being \
         restored"
    } else {
        return Ok(());
    };
    Err(BackupFault::NotOne(what.into()))
}

fn check(conn: Connection, path: PathBuf, rows: Rows) -> Result<Checked, BackupFault> {
    settings(&conn)?;
    conn.execute_batch("PRAGMA query_only = 1; PRAGMA cell_size_check = 1; BEGIN")?;
    // It is read in the order of keys as well, which is not that of its pages.
    conn.pragma_update(None, "cache_size", LARGE_CACHE)?;
    whose(&conn)?;
    only_tables(&conn)?;
    for table in &TABLES {
        plain(&conn, table)?;
    }
    sound(&conn)?;
    let of_photoprism = TABLES[0]
        .columns(&conn)?
        .iter()
        .any(|c| c.name == "user_uid" && c.declared.to_ascii_uppercase().starts_with("VARBINARY"));
    contents::check(&conn, rows, of_photoprism)?;
    let counts = BackupCounts::of(&conn)?;
    Ok(Checked { conn, path, of_photoprism, counts })
}

/// Length of the header of a SQLite file. What is shorter is told by SQLite.
const HEADER: u64 = 100;

/// The version of the format for writers, byte 18 of the header, is 2 in WAL mode: SQLite would
/// make files beside it to read it.
fn wants_wal(conn: &Connection) -> std::io::Result<bool> {
    file_bytes(conn, 18).map(|[version]| version == 2)
}

fn whose(conn: &Connection) -> Result<(), BackupFault> {
    let number = |pragma| conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    match number("application_id")? {
        BACKUP_ID => {}
        APPLICATION_ID => return sound(conn).and(Err(BackupFault::Whole)),
        _ => return Err(BackupFault::NotOne("it was not created by this daemon".into())),
    }
    let schema = u32::try_from(number("user_version")?).unwrap_or(0);
    match schema {
        0 => Err(BackupFault::NotOne("it does not tell its schema".into())),
        _ if schema > SCHEMA_VERSION => Err(BackupFault::Newer(schema)),
        _ => Ok(()),
    }
}

fn sound(conn: &Connection) -> Result<(), BackupFault> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(BackupFault::NotOne("it is damaged".into()))
}

/// No views, triggers, virtual or other tables: a name alone may stand for anything.
fn only_tables(conn: &Connection) -> Result<(), BackupFault> {
    let mut statement = conn.prepare("SELECT type, name, tbl_name, rootpage FROM sqlite_schema")?;
    let mut rows = statement.query([])?;
    let mut missing = NEEDED.map(|(table, _)| table).to_vec();
    while let Some(row) = rows.next()? {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = TABLES.iter().any(|known| known.name == table);
        let stored = row.get::<_, Option<i64>>(3)?.is_some_and(|page| page > 0);
        let ours = match kind.as_str() {
            "table" => stored && (known || name.starts_with("sqlite_")),
            "index" => stored && known,
            _ => false,
        };
        if !ours {
            return Err(BackupFault::NotOne(MORE.into()));
        }
        if kind == "table" {
            missing.retain(|needed| *needed != name);
        }
    }
    match missing.first() {
        None => Ok(()),
        Some(table) => Err(BackupFault::NotOne(format!("it has no table {table}"))),
    }
}

/// A condition is an expression that a check of the file would carry out.
fn has_check(statement: &str) -> bool {
    statement
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word.eq_ignore_ascii_case("check"))
}

/// Columns and indexes hold what was written and nothing that is computed.
fn plain(conn: &Connection, table: &Table) -> Result<(), BackupFault> {
    let found = table.stored(conn)?;
    if found.is_empty() {
        return Ok(());
    }
    let computed = found.iter().any(|(_, computed)| *computed) || indexes_compute(conn, table)?;
    let columns: Vec<Column> = found.into_iter().map(|(column, _)| column).collect();
    if computed || !table.has_numbers(conn)? || !declares_columns_alone(conn, table, &columns)? {
        return Err(BackupFault::NotOne(MORE.into()));
    }
    let needed =
        NEEDED.iter().find(|(name, _)| *name == table.name).map_or(&[][..], |(_, all)| all);
    match needed.iter().find(|name| !columns.iter().any(|column| column.name == **name)) {
        None => Ok(()),
        Some(column) => {
            Err(BackupFault::NotOne(format!("its table {} has no column {column}", table.name)))
        }
    }
}

/// Whether an index has a condition or an expression.
fn indexes_compute(conn: &Connection, table: &Table) -> Result<bool, BackupFault> {
    let computed = conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS l WHERE l.partial
           OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name) WHERE cid = -2))",
        [table.name],
        |row| row.get(0),
    )?;
    Ok(computed)
}

/// Whether a table is declared as backups are now, to the letter, or at least without a condition,
/// as those were that earlier versions made.
fn declares_columns_alone(
    conn: &Connection,
    table: &Table,
    columns: &[Column],
) -> Result<bool, BackupFault> {
    let statement = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let statement: String = conn.query_row(statement, [table.name], |row| row.get(0))?;
    Ok(statement == table.declaration(columns) || !has_check(&statement))
}

/// Rows of accounts in a table; none where the database lacks it.
pub(super) fn count_rows(conn: &Connection, table: &Table) -> Result<u64, StoreError> {
    if table.columns(conn)?.is_empty() {
        return Ok(0);
    }
    // Without a condition SQLite counts pages, not rows.
    let statement = match table.which("main", has_clients(conn)?).as_str() {
        "1" => format!("SELECT count(*) FROM {}", table.name),
        which => format!("SELECT count(*) FROM {} WHERE {which}", table.name),
    };
    Ok(conn.prepare_cached(&statement)?.query_row([], |row| crate::store::rows::count(row, 0))?)
}
