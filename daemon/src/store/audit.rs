//! `admin_audit`: a chain of records, each of which contains the hash of the one before.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::info;

use super::db::{Db, Tx};
use super::engine::{Row, Statement, Value};
use super::error::StoreError;
use super::host::host;
use crate::clock::Clock;
use crate::model::AuditHead;

/// Version of the bytes that are hashed.
const RECORD_VERSION: u8 = 1;

/// The same with the name of a host.
const HOST_VERSION: u8 = 2;

/// The content of a record, without its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When, Unix seconds.
    pub at: i64,
    /// The peer's user id.
    pub uid: u32,
    /// The peer's group id.
    pub gid: u32,
    /// The peer's process id.
    pub pid: i32,
    /// `admin` or `auth`; empty for what the daemon did by itself.
    pub socket: String,
    /// The command.
    pub command: String,
    /// What the command acted on, never a secret.
    pub target: String,
}

/// A record with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1 without gaps.
    pub number: i64,
    /// The host of the daemon that wrote it, where several may.
    pub host: Option<String>,
    /// Its content.
    pub entry: AuditEntry,
    /// 64 lower-case hex digits.
    pub hash: String,
}

/// The hash of a record behind `previous`: SHA-256 over that hash and the record's canonical
/// bytes (postcard, the version first).
pub fn link(previous: &AuditHead, host: Option<&str>, entry: &AuditEntry) -> AuditHead {
    // A forged last number leads to a row that cannot be written, not to an overflow.
    let number = previous.number.saturating_add(1);
    let bytes = match host {
        None => postcard::to_allocvec(&(RECORD_VERSION, number, entry)),
        Some(host) => postcard::to_allocvec(&(HOST_VERSION, number, host, entry)),
    };
    let mut hash = Sha256::new();
    hash.update(previous.hash.as_bytes());
    hash.update(bytes.unwrap_or_default());
    AuditHead { number, hash: data_encoding::HEXLOWER.encode(&hash.finalize()) }
}

/// The newest record in the table.
pub fn audit_head(db: &Db) -> Result<AuditHead, StoreError> {
    if !db.columns.admin {
        return Ok(AuditHead::default());
    }
    let statement =
        Statement::same("SELECT number, hash FROM own.admin_audit ORDER BY number DESC LIMIT 1");
    let head = db.one(statement.own(), &[], |row| {
        Ok(AuditHead { number: row.exact_integer(0)?, hash: row.text(1)? })
    })?;
    Ok(head.unwrap_or_default())
}

/// Logs the end of the audit trail at `start` and `stop`, so that records cut off in between are
/// noticed.
pub fn log_audit_head(db: Option<&Db>, when: &str) {
    if let Some(Ok(AuditHead { number, hash })) = db.map(audit_head)
        && number > 0
    {
        info!(number, %hash, "head of the audit trail at {when}");
    }
}

/// Records in the table.
pub fn audit_count(db: &Db) -> Result<u64, StoreError> {
    if !db.columns.admin {
        return Ok(0);
    }
    db.number(Statement::same("SELECT count(*) FROM own.admin_audit").own(), &[])
}

/// An entry for what the daemon did by itself, not for a peer.
pub(super) fn own_entry(command: &str, target: &str) -> AuditEntry {
    AuditEntry {
        at: Clock::System.unix(),
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
        pid: i32::try_from(std::process::id()).unwrap_or(0),
        socket: String::new(),
        command: command.into(),
        target: target.into(),
    }
}

const APPEND: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_audit (number, at, uid, gid, pid, socket, command, target, hash)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
)
.own();

const APPEND_WITH_HOST: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_audit (number, at, uid, gid, pid, socket, command, target, hash, host)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
)
.own();

/// Appends a record and returns its place.
pub fn audit_append(tx: &Tx<'_>, entry: &AuditEntry) -> Result<AuditHead, StoreError> {
    let previous = tx.take_audit_head().map_or_else(|| audit_head(tx), Ok)?;
    let host = tx.server().map(|_| host());
    let head = link(&previous, host, entry);
    let mut values = vec![
        head.number.into(),
        entry.at.into(),
        entry.uid.into(),
        entry.gid.into(),
        entry.pid.into(),
        (&entry.socket).into(),
        (&entry.command).into(),
        (&entry.target).into(),
        (&head.hash).into(),
    ];
    values.extend(host.map(Value::from));
    tx.change(if host.is_some() { APPEND_WITH_HOST } else { APPEND }, &values)?;
    tx.own_tables.tracked.record(head.number);
    tx.set_audit_head(head.clone());
    Ok(head)
}

const COLUMNS: &str = "number, at, uid, gid, pid, socket, command, target, hash";

/// Only a server's table has the column `host`.
fn columns(db: &Db) -> String {
    let host = if db.server().is_some() { "ifnull(host, '')" } else { "''" };
    format!("{COLUMNS}, {host}")
}

/// Records below `before`, newest first. A damaged value reads as 0, or as the text that is there.
pub fn audit_page(db: &Db, before: i64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    if !db.columns.admin {
        return Ok(Vec::new());
    }
    let columns = columns(db);
    let statement = format!(
        "SELECT {columns} FROM own.admin_audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
    );
    db.all(Statement::same(&statement).own(), &[before.into(), limit.into()], lenient)
}

/// Records from `first` on in order; `None` for a record with a damaged column.
pub fn audit_walk(
    db: &Db,
    first: i64,
    limit: usize,
) -> Result<Vec<(i64, Option<AuditRow>)>, StoreError> {
    if !db.columns.admin {
        return Ok(Vec::new());
    }
    let columns = columns(db);
    let statement = format!(
        "SELECT {columns} FROM own.admin_audit WHERE number >= ?1 ORDER BY number LIMIT ?2"
    );
    db.all(Statement::same(&statement).own(), &[first.into(), limit.into()], |row| {
        Ok((row.exact_integer(0)?, strict(row)))
    })
}

fn lenient(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    let number = |column| row.text(column).map(|text| text.parse::<i64>().unwrap_or(0));
    let entry = AuditEntry {
        at: number(1)?,
        uid: u32::try_from(number(2)?).unwrap_or(0),
        gid: u32::try_from(number(3)?).unwrap_or(0),
        pid: i32::try_from(number(4)?).unwrap_or(0),
        socket: row.text(5)?,
        command: row.text(6)?,
        target: row.text(7)?,
    };
    let host = Some(row.text(9)?).filter(|host| !host.is_empty());
    Ok(AuditRow { number: row.exact_integer(0)?, host, entry, hash: row.text(8)? })
}

fn strict(row: &Row<'_>) -> Option<AuditRow> {
    let text = |column| row.exact_text(column).ok();
    let number = |column| row.exact_integer(column).ok();
    let entry = AuditEntry {
        at: number(1)?,
        uid: u32::try_from(number(2)?).ok()?,
        gid: u32::try_from(number(3)?).ok()?,
        pid: i32::try_from(number(4)?).ok()?,
        socket: text(5)?,
        command: text(6)?,
        target: text(7)?,
    };
    let host = Some(text(9)?).filter(|host| !host.is_empty());
    Some(AuditRow { number: number(0)?, host, entry, hash: text(8)? })
}
