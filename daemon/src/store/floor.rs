//! The floor under "now", as the database keeps it.

use jiff::Timestamp;

use super::audit::{audit_head, audit_page};
use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::idempotency::idempotency_clamp_times;
use super::kind::Kind;
use super::meta::{meta_number, set_meta_number};
use crate::clock::Floor;

/// Audit records that are read for what they add to the stored floor.
const RECORDS: usize = 256;

const AT: &str = "clock_floor";

/// 0: the clock is not far ahead.
const AHEAD_SINCE: &str = "clock_ahead_since";

/// Number of the audit record with which the floor was set to the clock.
const FROM_RECORD: &str = "clock_reset_record";

/// The instant to which it was set then.
const RESET_AT: &str = "clock_reset_at";

/// The newest login record of then: those between both are of a clock that was wrong.
const RESET_LOGIN: &str = "clock_reset_login";

const NEWEST_LOGIN: Statement<'_> = Statement::same(
    "SELECT updated_at FROM logins.audit_logins WHERE updated_at <= ?1
     ORDER BY updated_at DESC LIMIT 1",
)
.own();

const NEWER_LOGIN: Statement<'_> = Statement::same(
    "SELECT updated_at FROM logins.audit_logins WHERE updated_at > ?1
     ORDER BY updated_at DESC LIMIT 1",
)
.own();

/// The stored floor.
fn stored_floor(db: &Db) -> Result<Floor, StoreError> {
    if !db.columns.admin {
        return Ok(Floor::default());
    }
    let at = meta_number(db, AT)?;
    let ahead_since = meta_number(db, AHEAD_SINCE)?.filter(|since| *since != 0);
    let from_record = meta_number(db, FROM_RECORD)?.unwrap_or(0);
    Ok(Floor { at, ahead_since, from_record })
}

/// The stored floor, raised by what was committed after it: the newest instant that is known.
pub fn known_floor(db: &Db) -> Result<Floor, StoreError> {
    let stored = stored_floor(db)?;
    let mut floor = stored;
    let records = match audit_page(db, i64::MAX, RECORDS) {
        // `doctor` reports it; nothing that is served needs the trail.
        Err(StoreError::Damaged(_)) => Vec::new(),
        records => records?,
    };
    for row in records.iter().rev().filter(|row| row.number >= stored.from_record) {
        floor.raise(row.entry.at);
    }
    if let Some(login) = newest_login(db)? {
        floor.raise(login);
    }
    Ok(floor)
}

/// The newest login, without those of a clock that was found to be wrong.
fn newest_login(db: &Db) -> Result<Option<i64>, StoreError> {
    // PhotoPrism, which writes a table of its own, has a clock of its own.
    let by_this_daemon = *db.kind() == Kind::Own || db.columns.logins_of_daemon();
    if !by_this_daemon || !db.columns.has_logins() {
        return Ok(None);
    }
    let reset = match (meta_number(db, RESET_AT)?, meta_number(db, RESET_LOGIN)?) {
        (Some(at), Some(login)) => Some((at, login)),
        _ => None,
    };
    let Some((at, login)) = reset else { return login_at(db, NEWEST_LOGIN, i64::MAX) };
    let newer = login_at(db, NEWER_LOGIN, login)?;
    if newer.is_some() { Ok(newer) } else { login_at(db, NEWEST_LOGIN, at) }
}

fn login_at(db: &Db, statement: Statement<'_>, bound: i64) -> Result<Option<i64>, StoreError> {
    let bound = Timestamp::from_second(bound).unwrap_or(Timestamp::MAX);
    let found = db.one(statement, &[bound.into()], |row| row.time(0))?.flatten();
    Ok(found.map(Timestamp::as_second))
}

/// Stores the floor, unless it was set to the clock since this one was known.
pub fn store_floor(tx: &Tx<'_>, floor: Floor) -> Result<(), StoreError> {
    if stored_floor(tx)?.from_record > floor.from_record {
        return Ok(());
    }
    if let Some(at) = floor.at {
        set_meta_number(tx, AT, at)?;
    }
    set_meta_number(tx, AHEAD_SINCE, floor.ahead_since.unwrap_or(0))
}

/// Sets the floor to the clock, which shows `at`. The audit record that comes next says so; those
/// before it, and the logins that are recorded, do not raise it after a restart. Idempotency keys
/// that were used later than that were used now. Returns the number of the record.
pub fn reset_floor(tx: &Tx<'_>, at: i64) -> Result<i64, StoreError> {
    let record = audit_head(tx)?.number.saturating_add(1);
    let newest = newest_login(tx)?.map_or(at, |login| login.max(at));
    let login = meta_number(tx, RESET_LOGIN)?.map_or(newest, |login| login.max(newest));
    for (key, number) in
        [(AT, at), (AHEAD_SINCE, 0), (FROM_RECORD, record), (RESET_AT, at), (RESET_LOGIN, login)]
    {
        set_meta_number(tx, key, number)?;
    }
    idempotency_clamp_times(tx, at)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::super::audit::{audit_append, own_entry};
    use super::super::testing::own;
    use super::*;

    const NOW: i64 = 1_795_521_600;
    const DAY: i64 = 24 * 3600;

    fn record(tx: &Tx<'_>, at: i64) {
        let entry = super::super::audit::AuditEntry { at, ..own_entry("users.mod", "") };
        audit_append(tx, &entry).unwrap();
    }

    fn login(db: &Db, ip: &str, at: i64) {
        let at = Timestamp::from_second(at).unwrap();
        let values = [ip.into(), at.into()];
        let add = "INSERT OR REPLACE INTO audit_logins
             (client_ip, login_name, login_realm, login_status, updated_at)
             VALUES (?1, 'bob', 'api', 'OK', ?2)";
        Tx::new(db).change(Statement::sqlite(add), &values).unwrap();
    }

    fn reset(tx: &Tx<'_>, at: i64) -> i64 {
        let number = reset_floor(tx, at).unwrap();
        record(tx, at);
        assert_eq!(audit_head(tx).unwrap().number, number);
        number
    }

    #[test]
    fn what_a_wrong_clock_left_raises_nothing_after_it_was_set() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        db.begin().unwrap();
        store_floor(&tx, Floor { at: Some(NOW), ..Floor::default() }).unwrap();
        record(&tx, NOW + 3 * DAY);
        login(&db, "192.0.2.1", NOW + 4 * DAY);
        login(&db, "192.0.2.2", NOW - DAY);
        assert_eq!(known_floor(&db).unwrap().at, Some(NOW + 4 * DAY));
        let number = reset(&tx, NOW + 60);
        assert_eq!(known_floor(&db).unwrap(), Floor::set_to(NOW + 60, number));
        // One of a moment before is not stored over it.
        store_floor(&tx, Floor { at: Some(NOW + 5 * DAY), ..Floor::default() }).unwrap();
        assert_eq!(known_floor(&db).unwrap(), Floor::set_to(NOW + 60, number));
        // What comes after it counts, a login once it is behind those that do not.
        record(&tx, NOW + 120);
        login(&db, "192.0.2.3", NOW + 180);
        assert_eq!(known_floor(&db).unwrap().at, Some(NOW + 120));
        // A second time, with the logins of the wrong clock still there.
        let number = reset(&tx, NOW + 90);
        assert_eq!(known_floor(&db).unwrap(), Floor::set_to(NOW + 90, number));
        login(&db, "192.0.2.4", NOW + 4 * DAY + 1);
        assert_eq!(known_floor(&db).unwrap().at, Some(NOW + 4 * DAY + 1));
        store_floor(&tx, Floor { at: Some(NOW + 5 * DAY), ..Floor::set_to(0, number) }).unwrap();
        assert_eq!(known_floor(&db).unwrap().at, Some(NOW + 5 * DAY));
        db.commit().unwrap();
    }

    #[test]
    fn the_first_command_of_a_database_may_set_it() {
        let (_directory, db) = own();
        db.begin().unwrap();
        let tx = Tx::new(&db);
        assert_eq!(reset(&tx, NOW), 1);
        assert_eq!(known_floor(&db).unwrap(), Floor::set_to(NOW, 1));
        db.commit().unwrap();
    }
}
