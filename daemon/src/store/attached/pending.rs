//! Stores what a group writes to `index.db` in the group's own transaction, until the commit is
//! known to be complete. If the next start finds such an entry, it compares the rows: a group that
//! is missing in `index.db` is undone here as well, as far as possible. Its idempotency keys are
//! removed, and a record says so.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::evidence::{Evidence, Outcome, collect, judge};
use crate::failpoints::{Failpoint, enabled};
use crate::store::audit::{audit_append, audit_head, own_entry};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::tracked::Noted;
use crate::sys::{change_counter, journal_is_open};

/// Version of the stored format.
const VERSION: u8 = 1;

/// A group as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Group {
    version: u8,
    /// The change counter of `index.db` before it; a commit there increments it.
    counter: Option<u32>,
    /// Its first and last audit record, 0 where it has none.
    records: (i64, i64),
    keys: Vec<(u32, String)>,
    rows: Vec<Evidence>,
}

/// Starts a group: its transaction is open and holds the lock of `index.db`.
pub(in crate::store) fn begin(db: &Db) -> Result<(), StoreError> {
    db.own_tables.tracked.clear();
    let counter = if is_wal(db)? { None } else { Some(counter(db)?) };
    db.own_tables.counter.set(counter);
    Ok(())
}

fn counter(db: &Db) -> Result<u32, StoreError> {
    change_counter(db.sqlite()?).map_err(|error| StoreError::Other(error.to_string()))
}

/// Whether PhotoPrism's file has been switched to WAL mode.
fn is_wal(db: &Db) -> Result<bool, StoreError> {
    let mode: String =
        db.sqlite()?.prepare_cached("PRAGMA main.journal_mode")?.query_row([], |row| row.get(0))?;
    Ok(mode == "wal")
}

/// Stores what the group did, as the last step before its commit. Stores nothing where `index.db`
/// is unchanged: then only the attached file is committed.
pub(in crate::store) fn keep(db: &Db) -> Result<(), StoreError> {
    let Noted { rows, keys, records, touched } = db.own_tables.tracked.noted();
    let counter = db.own_tables.counter.get();
    let open =
        journal_is_open(db.sqlite()?).map_err(|error| StoreError::Other(error.to_string()))?;
    // The hook does not report tables without row numbers: there, any changed page counts.
    let touched = touched || !db.columns.without_rowid.is_empty();
    if !touched || !open {
        return Ok(());
    }
    let mut before = db.own_tables.before.borrow_mut();
    if before.is_none() {
        *before = super::file::reader(&db.path).ok();
    }
    let mut evidence = Vec::new();
    for touched in &rows {
        evidence.extend(collect(db.sqlite()?, before.as_ref(), touched)?);
    }
    let first = records.iter().min().copied().unwrap_or(0);
    let last = records.iter().max().copied().unwrap_or(0);
    let number = if last > 0 { last } else { audit_head(db)?.number };
    super::replaced::remember(db, &rows, number)?;
    let group = Group { version: VERSION, counter, records: (first, last), keys, rows: evidence };
    let content = postcard::to_allocvec(&group).map_err(|e| StoreError::Other(e.to_string()))?;
    db.sqlite()?
        .prepare_cached("INSERT OR REPLACE INTO admin.admin_group (id, content) VALUES (1, ?1)")?
        .execute([content])?;
    Ok(())
}

/// A whole table is about to be emptied; the hook does not report those rows.
pub(in crate::store) fn note_emptied(tx: &Tx<'_>, table: &str) -> Result<(), StoreError> {
    if !tx.columns.attached {
        return Ok(());
    }
    // The hook never reports tables without row numbers.
    if tx.columns.without_rowid.iter().any(|name| name == table) {
        return Ok(());
    }
    let statement = format!("SELECT rowid FROM main.{table} LIMIT 4");
    let mut statement = tx.sqlite()?.prepare_cached(&statement)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        tx.own_tables.tracked.row("main", table, (row.get(0)?, false));
    }
    Ok(())
}

/// The commit is complete: nothing is left to compare. Not synced, since a power cut that loses
/// this only repeats the comparison, with the same result.
pub(in crate::store) fn settle(db: &Db) -> Result<(), StoreError> {
    if !db.columns.attached {
        return Ok(());
    }
    // This pragma takes effect when it is prepared: a cached statement would do nothing.
    db.sqlite()?.execute_batch("PRAGMA admin.synchronous = 1")?;
    let settled = db.sqlite()?.prepare_cached("DELETE FROM admin.admin_group")?.execute([]);
    db.sqlite()?.execute_batch("PRAGMA admin.synchronous = 2")?;
    Ok(settled.map(drop)?)
}

/// Finds out whether the last group of the previous run was committed in `index.db`.
pub(in crate::store) fn settle_last(db: &Db) -> Result<(), StoreError> {
    if !db.columns.attached || enabled(Failpoint::TrustLastGroup) {
        return Ok(());
    }
    // The first read of `index.db` rolls back what was interrupted, and blocks PhotoPrism's writes
    // until the end of this transaction; only the attached file is written.
    db.with_read_lock(|| compare(db))
}

fn compare(db: &Db) -> Result<(), StoreError> {
    let content: Option<Vec<u8>> = db
        .sqlite()?
        .prepare_cached("SELECT content FROM admin.admin_group")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(content) = content else { return Ok(()) };
    let group: Group = postcard::from_bytes(&content)
        .ok()
        .filter(|group: &Group| group.version == VERSION)
        .ok_or_else(|| StoreError::Other("the record of the last group is damaged".into()))?;
    match verdict(db, &group)? {
        Outcome::Done | Outcome::Gone => info!("the last changes of the run before were committed"),
        Outcome::Undone => undo(db, &group, "daemon.undone")?,
        Outcome::Unclear => undo(db, &group, "daemon.unclear")?,
    }
    db.sqlite()?.execute("DELETE FROM admin.admin_group", [])?;
    Ok(())
}

/// An unchanged change counter proves that nothing was committed, unless the file is another one.
fn verdict(db: &Db, group: &Group) -> Result<Outcome, StoreError> {
    let unchanged = !is_wal(db)? && group.counter == Some(counter(db)?);
    let rows = judge(db.sqlite()?, &group.rows, unchanged)?;
    Ok(if unchanged && rows != Outcome::Done { Outcome::Undone } else { rows })
}

/// Deletes the entries of the undone group: its sessions are alive, its accounts as before.
fn forget_ends(db: &Db, first: i64) -> Result<(), StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(());
    }
    db.sqlite()?.execute(
        "DELETE FROM admin.admin_ended
         WHERE seen_at >= (SELECT at FROM admin.admin_audit WHERE number = ?1)
           AND session_id IN (SELECT CAST(id AS TEXT) FROM main.auth_sessions)",
        [first],
    )?;
    db.sqlite()?.execute(
        "DELETE FROM admin.admin_changed
         WHERE changed_at >= (SELECT at FROM admin.admin_audit WHERE number = ?1)",
        [first],
    )?;
    Ok(())
}

/// A retry with one of its keys runs the command again.
fn undo(db: &Db, group: &Group, command: &str) -> Result<(), StoreError> {
    let tx = Tx::new(db);
    let mut delete = db
        .sqlite()?
        .prepare_cached("DELETE FROM admin.admin_idempotency WHERE uid = ?1 AND key = ?2")?;
    for (uid, key) in &group.keys {
        delete.execute(params![uid, key])?;
    }
    let (first, last) = group.records;
    let from = if first > 0 { first } else { audit_head(db)?.number };
    // The remembered state of these accounts was never committed, so it must not be compared with.
    db.sqlite()?
        .execute("DELETE FROM admin.admin_accounts WHERE number >= ?1 AND number > 0", [from])?;
    if first == 0 && group.keys.is_empty() {
        info!("what was gathered of sessions or logins last was cut off");
        return Ok(());
    }
    forget_ends(db, first)?;
    let target = match (first, last) {
        (0, _) => "no record".to_owned(),
        (first, last) if first == last => format!("record {first}"),
        (first, last) => format!("records {first} to {last}"),
    };
    let head = audit_append(&tx, &own_entry(command, &target))?;
    warn!(
        number = head.number,
        records = target,
        keys = group.keys.len(),
        "changes that were cut off are not in PhotoPrism's database: {command}"
    );
    Ok(())
}
