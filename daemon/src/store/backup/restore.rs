//! The way back: the rows of a backup in place of those of the database.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::read::BackupFile;
use super::tables::{SESSIONS, TABLES, Table, insertion, list};
use crate::store::db::Tx;
use crate::store::error::StoreError;

/// Puts the accounts of a backup in place of those of the database, all of them in the caller's
/// transaction; sessions too where they are asked for, else none are left. Gives the columns of
/// the backup that have no place here. Rows of clients, records of logins and all that is the
/// daemon's own stay.
///
/// A key of two-factor authentication comes back with all its codes up to `step` used: which of
/// them were is not known any more.
///
/// # Errors
/// The store's.
pub fn restore_accounts(
    tx: &Tx<'_>,
    file: &BackupFile,
    (with_sessions, step): (bool, i64),
) -> Result<Vec<String>, StoreError> {
    let mut lost = Vec::new();
    for table in &TABLES {
        let columns = columns(tx, file, table, &mut lost)?;
        if table.columns(&tx.conn)?.is_empty() {
            continue;
        }
        tx.conn.execute(&format!("DELETE FROM {} WHERE {}", table.name, table.which), [])?;
        let wanted = with_sessions || *table != SESSIONS;
        if wanted && !columns.is_empty() {
            copy(&file.conn, &tx.conn, (table, &columns))?;
        }
    }
    if tx.columns.has_table("admin_passcode_steps") {
        use_up_codes(tx, step)?;
    }
    Ok(lost)
}

/// The columns that both have; those that only the backup has are noted.
fn columns(
    tx: &Tx<'_>,
    file: &BackupFile,
    table: &Table,
    lost: &mut Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let here = table.columns(&tx.conn)?;
    let (both, only): (Vec<String>, Vec<String>) = table
        .columns(&file.conn)?
        .into_iter()
        .map(|column| column.name)
        .partition(|name| here.iter().any(|column| column.name == *name));
    lost.extend(only.into_iter().map(|name| format!("{}.{name}", table.name)));
    Ok(both)
}

fn copy(
    from: &Connection,
    to: &Connection,
    (table, columns): (&Table, &[String]),
) -> Result<(), StoreError> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let all = list(names.iter().copied());
    let mut source =
        from.prepare(&format!("SELECT {all} FROM {} WHERE {}", table.name, table.which))?;
    let mut target = to.prepare(&insertion("INSERT", table.name, &names))?;
    let mut rows = source.query([])?;
    while let Some(row) = rows.next()? {
        let values: Vec<Value> = (0..names.len()).map(|i| row.get(i)).collect::<Result<_, _>>()?;
        target.execute(params_from_iter(values))?;
    }
    Ok(())
}

fn use_up_codes(tx: &Tx<'_>, step: i64) -> Result<(), StoreError> {
    tx.conn.execute(
        "INSERT INTO admin_passcode_steps (uid, step)
         SELECT DISTINCT uid, ?1 FROM passcodes WHERE key_type = 'totp'
         ON CONFLICT (uid) DO UPDATE SET step = excluded.step WHERE step < excluded.step",
        [step],
    )?;
    Ok(())
}
