//! The order of the groups of all daemons that work on a schema, and what shows afterwards whether
//! a COMMIT whose answer was lost has happened.
//!
//! Each group begins by replacing the value of one fixed row. That locks it, so groups of all
//! daemons come one after the other, and shows whether another one has written since. The row of
//! this process gets the same value, which is found there exactly where the group was committed,
//! with the time of the server and the name of the host.

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;
use std::time::Duration;

use tracing::{error, info, warn};

use super::engine::{CommitError, Connection, Value};
use super::error::StoreError;
use super::host::host;
use super::reconnect::Reconnect;
use crate::clock::{self, Stopwatch, random};
use crate::failpoints::{Failpoint, enabled};
use crate::model::AuditHead;
use crate::server_address::ServerAddress;

/// How long the outcome of a COMMIT is looked for before the commands of its group are answered
/// with "unknown".
const RESOLVE: Duration = Duration::from_secs(10);

/// How often the clock is read while the server cannot be reached.
const PAUSE: Duration = Duration::from_millis(10);

/// How long tables that were there are waited for before they are created anew.
const RESTORE: Duration = Duration::from_secs(10);

const WRITER: &str = "writer";

/// Old marks are looked for in the first group of a connection, and after so many more.
const CLEAN_EVERY: u32 = 10_000;

/// Seconds after which a mark is that of a daemon that has ended.
const OLD: i64 = 24 * 60 * 60;

/// The row of this process.
fn own_mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| format!("mark:{}", token()))
}

/// 16 random bytes in hex.
fn token() -> String {
    let mut bytes = [0; 16];
    random(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}

/// What is known of the row of all daemons.
#[derive(Debug, Default)]
pub(super) struct Mark {
    /// Its value after the last group of this connection.
    known: RefCell<Option<String>>,
    /// The group that is running.
    running: RefCell<Option<Group>>,
    /// The value of a group whose outcome is not known.
    unknown: RefCell<Option<String>>,
    /// The newest record of the audit trail, as long as nobody else can have written another.
    audit_head: RefCell<Option<AuditHead>>,
    groups: Cell<u32>,
    /// The daemon's tables are known to be there.
    ready: Cell<bool>,
    /// They were there before.
    were_ready: Cell<bool>,
    /// Since they are not.
    gone: Cell<Option<Stopwatch>>,
}

impl Mark {
    /// Whether a group is running on this connection.
    pub(super) fn is_running(&self) -> bool {
        self.running.borrow().is_some()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.set(ready);
        if ready {
            self.expect_tables(true);
            self.gone.set(None);
        }
    }

    /// Whether the tables were there before.
    pub(super) fn expect_tables(&self, were_there: bool) {
        self.were_ready.set(were_there || self.were_ready.get());
    }

    /// Whether tables that were there are missing for so short a time that a dump may be bringing
    /// them back: it could not where they were created meanwhile.
    pub(super) fn may_come_back(&self) -> bool {
        if !self.were_ready.get() {
            return false;
        }
        let gone = self.gone.get().unwrap_or_else(Stopwatch::start);
        self.gone.set(Some(gone));
        gone.elapsed() < RESTORE
    }

    /// The newest record of the audit trail, where it is known.
    pub(super) fn audit_head(&self) -> Option<AuditHead> {
        self.audit_head.borrow().clone()
    }

    /// The running group has written that record.
    pub(super) fn set_audit_head(&self, head: AuditHead) {
        if self.is_running() {
            self.audit_head.replace(Some(head));
        }
    }

    /// The group was rolled back: what it found in the row is there again.
    pub(super) fn end(&self) {
        self.audit_head.take();
        if let Some(Group { before, .. }) = self.running.take() {
            self.known.replace(Some(before));
        }
    }

    /// What the next connection has to find out.
    pub(super) fn take_unknown(&self) -> Option<String> {
        self.unknown.take()
    }

    pub(super) fn set_unknown(&self, value: Option<String>) {
        if value.is_some() {
            self.unknown.replace(value);
        }
    }
}

/// A group: the value that it found, and the one that it writes.
#[derive(Clone, Debug)]
struct Group {
    before: String,
    value: String,
}

const TAKE: &str = "UPDATE admin_meta SET value = ?3 WHERE `key` = ?1 AND value = ?2";

const LOCK: &str = "SELECT value FROM admin_meta WHERE `key` = ?1 FOR UPDATE";

const READ: &str = "SELECT value FROM admin_meta WHERE `key` = ?1";

const REPLACE: &str = "UPDATE admin_meta SET value = ?2 WHERE `key` = ?1";

const ADD: &str = "INSERT INTO admin_meta (`key`, value) VALUES (?1, ?2)";

const SIGN: &str = "UPDATE admin_meta SET value = concat(?2, ' ', unix_timestamp(), ' ', ?3)
     WHERE `key` = ?1";

const ADD_SIGNED: &str = "INSERT INTO admin_meta (`key`, value)
     VALUES (?1, concat(?2, ' ', unix_timestamp(), ' ', ?3))";

/// Every mark with its key, and what time it is there.
pub(super) const MARKS: &str = "SELECT `key`, value, unix_timestamp() FROM admin_meta
     WHERE `key` > 'mark:' AND `key` < 'mark;'";

const REMOVE: &str = "DELETE FROM admin_meta WHERE `key` = ?1";

/// Begins a group: its transaction is open, and no other daemon writes before its end.
///
/// # Errors
/// Those of the statements; nothing is open then.
pub(super) fn begin(conn: &Connection, mark: &Mark) -> Result<(), StoreError> {
    conn.begin()?;
    let begun = take_turn(conn, mark);
    if begun.is_err() {
        mark.running.take();
        if conn.in_transaction() {
            conn.rollback()?;
        }
    }
    begun
}

fn take_turn(conn: &Connection, mark: &Mark) -> Result<(), StoreError> {
    let value = token();
    let (known, head) = (mark.known.take(), mark.audit_head.take());
    let before = match known {
        Some(known) if change(conn, TAKE, &[WRITER, &known, &value])? == 1 => {
            mark.audit_head.replace(head);
            known
        }
        // Another daemon wrote, or a dump was restored.
        Some(_) | None => lock(conn, &value)?,
    };
    report_unknown(conn, mark)?;
    let signed = [own_mark(), &value, host()];
    if !enabled(Failpoint::NoMark) && change(conn, SIGN, &signed)? == 0 {
        change(conn, ADD_SIGNED, &signed)?;
    }
    if mark.groups.get().is_multiple_of(CLEAN_EVERY) {
        remove_old(conn)?;
    }
    mark.groups.set(mark.groups.get().wrapping_add(1));
    mark.running.replace(Some(Group { before, value }));
    Ok(())
}

fn change(conn: &Connection, statement: &str, texts: &[&str]) -> Result<u64, StoreError> {
    let values: Vec<Value<'_>> = texts.iter().map(|text| text.as_bytes().into()).collect();
    conn.prepare_once(statement)?.change(&values)
}

/// Locks the row, whatever its value is, and replaces that.
fn lock(conn: &Connection, value: &str) -> Result<String, StoreError> {
    let found = conn.prepare_once(LOCK)?.one(&[WRITER.into()], |row| row.text(0))?;
    let gone = || StoreError::OtherSchema("the row by which daemons take turns is gone".into());
    let before = found.ok_or_else(gone)?;
    change(conn, REPLACE, &[WRITER, value])?;
    Ok(before)
}

/// Adds the row by which daemons take turns, inside the caller's transaction.
pub(super) fn add_turns(conn: &Connection) -> Result<(), StoreError> {
    change(conn, ADD, &[WRITER, &token()]).map(drop)
}

/// Says what became of a group whose commands were answered with "unknown": it has ended, since the
/// row is locked by this one.
fn report_unknown(conn: &Connection, mark: &Mark) -> Result<(), StoreError> {
    let Some(value) = mark.unknown.take() else { return Ok(()) };
    if is_committed(conn, &value)? {
        warn!("the changes that were answered with outcome_unknown were made");
    } else {
        warn!("the changes that were answered with outcome_unknown were not made");
    }
    Ok(())
}

fn is_committed(conn: &Connection, value: &str) -> Result<bool, StoreError> {
    let found = conn.prepare_once(READ)?.one(&[own_mark().into()], |row| row.text(0))?;
    Ok(found.is_some_and(|found| found.split(' ').next() == Some(value)))
}

/// A daemon that works on the same schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The name of its host.
    pub host: String,
    /// When it last wrote, Unix seconds of the server's clock.
    pub last_write_at: i64,
}

impl Daemon {
    /// Reads the value of a mark.
    pub(super) fn of(value: &str) -> Option<Self> {
        let (_, signed) = value.split_once(' ')?;
        let (at, host) = signed.split_once(' ')?;
        Some(Self { host: host.into(), last_write_at: at.parse().ok()? })
    }
}

/// Removes the marks of daemons that have not written for a day, by the one clock that all of them
/// share.
fn remove_old(conn: &Connection) -> Result<(), StoreError> {
    let found = conn.prepare_once(MARKS)?.all(&[], |row| {
        let (daemon, now) = (Daemon::of(&row.text(1)?), row.integer(2)?);
        let is_old = daemon.is_none_or(|daemon| now - daemon.last_write_at > OLD);
        Ok((row.text(0)?, is_old))
    })?;
    for (key, _) in found.iter().filter(|(key, is_old)| *is_old && key != own_mark()) {
        change(conn, REMOVE, &[key])?;
    }
    Ok(())
}

/// Commits the group. Where there is no answer, its outcome is found out before anything else is
/// written.
///
/// # Errors
/// It was not committed; [`StoreError::OutcomeUnknown`] where nobody knows yet.
pub(super) fn commit(
    conn: &Connection,
    mark: &Mark,
    address: &ServerAddress,
) -> Result<(), StoreError> {
    let group = mark.running.take();
    let (Some(group), Some(server)) = (group, conn.mariadb()) else {
        return conn.commit();
    };
    match server.commit() {
        Ok(()) => {
            mark.known.replace(Some(group.value));
            Ok(())
        }
        Err(CommitError::Refused(error)) => {
            mark.audit_head.take();
            // The next one would commit what this has left open.
            if conn.in_transaction() {
                conn.rollback()?;
            }
            Err(error)
        }
        Err(CommitError::NoAnswer(why)) if enabled(Failpoint::NoAnswerIsNo) => {
            Err(StoreError::Unreachable(why))
        }
        Err(CommitError::NoAnswer(why)) => {
            warn!(why, "a COMMIT was not answered, its outcome is looked for");
            resolve(conn, mark, address, group)
        }
    }
}

fn resolve(
    conn: &Connection,
    mark: &Mark,
    address: &ServerAddress,
    group: Group,
) -> Result<(), StoreError> {
    let watch = Stopwatch::start();
    let mut reconnect = Reconnect::default();
    mark.audit_head.take();
    while watch.elapsed() < RESOLVE {
        if !reconnect.is_due() {
            clock::pause(PAUSE);
            continue;
        }
        match outcome(conn, mark, address, &group) {
            Ok(true) => {
                info!("the COMMIT that was not answered had been made");
                mark.known.replace(Some(group.value));
                return Ok(());
            }
            Ok(false) => {
                info!("the COMMIT that was not answered had not been made, and cannot be any more");
                return Err(StoreError::Unreachable(
                    "the connection was lost, and nothing was changed".into(),
                ));
            }
            Err(_) => reconnect.fail(Duration::ZERO),
        }
    }
    error!("it is not known whether the last changes were made: the server cannot be reached");
    mark.unknown.replace(Some(group.value));
    Err(StoreError::OutcomeUnknown)
}

/// Whether the group was committed. Where it was not, it never can be after this: on another node of
/// a cluster the two would conflict.
fn outcome(
    conn: &Connection,
    mark: &Mark,
    address: &ServerAddress,
    group: &Group,
) -> Result<bool, StoreError> {
    let server = conn.mariadb().ok_or(StoreError::OutcomeUnknown)?;
    server.replace(address)?;
    let fence = token();
    conn.begin()?;
    let fenced = change(conn, TAKE, &[WRITER, &group.before, &fence])? == 1;
    conn.commit()?;
    if fenced {
        mark.known.replace(Some(fence));
        return Ok(false);
    }
    is_committed(conn, &group.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: i64) -> AuditHead {
        AuditHead { number, hash: "h".into() }
    }

    #[test]
    fn the_audit_head_is_known_of_a_group_that_was_not_undone() {
        let mark = Mark::default();
        mark.set_audit_head(head(1));
        assert_eq!(mark.audit_head(), None, "no other daemon is kept from writing");
        let group = Group { before: "old".into(), value: "new".into() };
        mark.running.replace(Some(group));
        mark.set_audit_head(head(1));
        assert_eq!(mark.audit_head(), Some(head(1)));
        mark.end();
        assert_eq!((mark.audit_head(), mark.known.take().as_deref()), (None, Some("old")));
    }
}
