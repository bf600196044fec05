//! Detects that PhotoPrism's file is not the one that the audit trail describes: the accounts that
//! the daemon changed last are stored with the time of the change. In a restored file, or in one of
//! another installation, they are missing or older.

use rusqlite::{OptionalExtension, params};
use tracing::warn;

use crate::store::audit::{audit_append, own_entry};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::rows::text;
use crate::store::tracked::{KEYS, Touched};

/// Rows that are stored; the oldest are dropped.
const KEPT: i64 = 100;

/// Tables whose rows are stored: PhotoPrism also sets the time when it changes them.
const TABLES: [&str; 2] = ["auth_users", "passwords"];

/// Times are compared to the second.
const SECONDS: usize = "2026-11-24 12:00:00".len();

/// Stores rows of the group, as they are before its commit.
pub(super) fn remember(db: &Db, touched: &[Touched], number: i64) -> Result<(), StoreError> {
    let mut put = db.sqlite()?.prepare_cached(
        "INSERT OR REPLACE INTO admin.admin_accounts (kind, uid, updated_at, number)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut any = false;
    for Touched { table, row, .. } in touched {
        let (table, column) = KEYS[*table];
        if !TABLES.contains(&table) {
            continue;
        }
        let statement = format!("SELECT {column}, updated_at FROM main.{table} WHERE rowid = ?1");
        let found = db
            .sqlite()?
            .prepare_cached(&statement)?
            .query_row([row], |row| Ok((text(row, 0)?, text(row, 1)?)))
            .optional()?;
        if let Some((uid, updated_at)) = found {
            put.execute(params![table, uid, updated_at, number])?;
            any = true;
        }
    }
    if any {
        remember_first(db)?;
        db.sqlite()?
            .prepare_cached(
                "DELETE FROM admin.admin_accounts WHERE number > 0 AND number < (
                   SELECT number FROM admin.admin_accounts ORDER BY number DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute([KEPT])?;
    }
    Ok(())
}

/// The first account identifies an installation, whatever else changes.
pub(super) fn remember_first(db: &Db) -> Result<(), StoreError> {
    let statement = "INSERT OR IGNORE INTO admin.admin_accounts (kind, uid, updated_at, number)
         SELECT 'auth_users', user_uid, '', 0 FROM main.auth_users WHERE id = 1 AND user_uid <> ''";
    db.sqlite()?.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// A restore by the daemon itself replaces the accounts.
pub(in crate::store) fn forget_accounts(tx: &Tx<'_>) -> Result<(), StoreError> {
    if tx.columns.attached {
        tx.sqlite()?.execute("DELETE FROM admin.admin_accounts", [])?;
    }
    Ok(())
}

/// Compares the stored rows with the current ones. If the file was restored or replaced, the trail
/// goes on with a record that says so, and idempotency keys no longer answer for lost changes.
pub(in crate::store) fn compare_accounts(db: &Db) -> Result<(), StoreError> {
    if !db.columns.attached {
        return Ok(());
    }
    db.with_read_lock(|| compare(db))
}

fn compare(db: &Db) -> Result<(), StoreError> {
    let mut remembered = db
        .sqlite()?
        .prepare_cached("SELECT kind, uid, updated_at, number FROM admin.admin_accounts")?;
    let rows = remembered.query_map([], |row| {
        let kind: String = row.get(0)?;
        Ok((kind, text(row, 1)?, text(row, 2)?, row.get::<_, i64>(3)?))
    })?;
    let (mut missing, mut older, mut first) = (0_u32, 0_u32, i64::MAX);
    for row in rows {
        let (kind, uid, updated_at, number) = row?;
        let Some((table, column)) = KEYS.iter().find(|(table, _)| *table == kind) else { continue };
        let statement = format!("SELECT updated_at FROM main.{table} WHERE {column} = ?1 LIMIT 1");
        let now = db
            .sqlite()?
            .prepare_cached(&statement)?
            .query_row([uid], |row| text(row, 0))
            .optional()?;
        match now {
            // A password may be removed; an account keeps its row.
            None if kind == "passwords" => continue,
            None => missing += 1,
            Some(now) if seconds(&now) < seconds(&updated_at) => older += 1,
            Some(_) => continue,
        }
        first = first.min(number);
    }
    if missing == 0 && older == 0 {
        return Ok(());
    }
    let target = format!("{missing} accounts missing, {older} older, since record {first}");
    let head = audit_append(&Tx::new(db), &own_entry("daemon.database_replaced", &target))?;
    db.sqlite()?.execute("DELETE FROM admin.admin_idempotency", [])?;
    db.sqlite()?.execute("DELETE FROM admin.admin_accounts", [])?;
    warn!(
        number = head.number,
        missing, older, "PhotoPrism's database was restored or replaced; the audit trail goes on"
    );
    Ok(())
}

fn seconds(time: &str) -> &str {
    time.get(..SECONDS).unwrap_or(time)
}
