//! The way back: the rows of a backup in place of those of the database.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::read::BackupFile;
use super::replace::{remove, replaced, unguarded};
use super::tables::{has_clients, insertion, list};
use super::values::bind;
use crate::store::account_tables::{CLIENTS, PASSWORDS, SESSIONS, TABLES, Table};
use crate::store::attached::{forget_accounts, note_emptied};
use crate::store::changed::{held_accounts, remember};
use crate::store::db::Tx;
use crate::store::error::StoreError;
use crate::store::rows::text;
use crate::store::sessions::{delete_all_sessions, release_restored};

/// What did not come back as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Columns of the backup that have no place here.
    pub lost: Vec<String>,
    /// Clients of the backup that belong to nobody here by now, and so were left as they are.
    pub left: Vec<String>,
    /// Messages for people about what the database declares of its tables.
    pub warnings: Vec<String>,
}

/// Puts the accounts of a backup in place of those of the database, all of them in the caller's
/// transaction; sessions too where they are asked for, else none are left. Clients that belong to
/// nobody, records of logins and all that is the daemon's own stay; clients of users as well, where
/// the backup was made before backups held them.
///
/// A key of two-factor authentication comes back with all its codes up to `step` used: which of
/// them were is not known any more. The sessions of the database end
/// at `now`.
///
/// # Errors
/// The store's; [`StoreError::Constraint`] where the database does not take a row, or where rows of
/// other tables would be left without their account.
pub fn restore_accounts(
    tx: &Tx<'_>,
    file: &BackupFile,
    with_sessions: bool,
    step: i64,
    now: Timestamp,
) -> Result<Restored, StoreError> {
    forget_accounts(tx)?;
    note_emptied(tx, "auth_users")?;
    let clients = has_clients(&tx.conn)? && has_clients(&file.conn)?;
    let tables = replaced(clients);
    let (restored, warnings) = unguarded(tx, &tables, || {
        delete_all_sessions(tx, now.as_second())?;
        let held = held_accounts(tx, now.as_second())?;
        for table in tables.iter().rev() {
            remove(&tx.conn, table, clients)?;
        }
        let restored = bring_back(tx, file, with_sessions, clients)?;
        release_restored(tx)?;
        held.iter().try_for_each(|before| remember(tx, before, now))?;
        Ok::<_, StoreError>(restored)
    })?;
    if tx.columns.has_table("admin_passcode_steps") {
        use_up_codes(tx, step)?;
    }
    Ok(Restored { warnings, ..restored })
}

fn bring_back(
    tx: &Tx<'_>,
    file: &BackupFile,
    with_sessions: bool,
    clients: bool,
) -> Result<Restored, StoreError> {
    let mut restored = Restored::default();
    let left = if clients { clients_of_nobody(tx, file)? } else { HashSet::new() };
    for table in &TABLES {
        let columns = columns(tx, file, table, &mut restored.lost)?;
        let wanted = (with_sessions || *table != SESSIONS) && (clients || *table != CLIENTS);
        if wanted && !columns.is_empty() {
            let way = Way { from: &file.conn, to: &tx.conn, table, columns: &columns };
            way.copy(table.which(clients), &left)?;
        }
    }
    restored.left = left.into_iter().collect();
    restored.left.sort();
    Ok(restored)
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
        .partition(|name| here.iter().any(|column| column.name.eq_ignore_ascii_case(name)));
    lost.extend(only.into_iter().map(|name| format!("{}.{name}", table.name)));
    Ok(both)
}

/// Clients of the backup that are still there once those of users are gone: somebody took them
/// from their user since, and no backup would hold what they are now.
fn clients_of_nobody(tx: &Tx<'_>, file: &BackupFile) -> Result<HashSet<String>, StoreError> {
    let mut here =
        tx.conn.prepare("SELECT EXISTS (SELECT 1 FROM auth_clients WHERE client_uid = ?1)")?;
    let which = CLIENTS.which(true);
    let mut statement =
        file.conn.prepare(&format!("SELECT client_uid FROM auth_clients WHERE {which}"))?;
    let mut rows = statement.query([])?;
    let mut found = HashSet::new();
    while let Some(row) = rows.next()? {
        let uid = text(row, 0)?;
        if here.query_row([&uid], |row| row.get(0))? {
            found.insert(uid);
        }
    }
    Ok(found)
}

/// From a table of the backup to the same of the database.
struct Way<'a> {
    from: &'a Connection,
    to: &'a Connection,
    table: &'a Table,
    columns: &'a [String],
}

impl Way<'_> {
    fn copy(&self, which: &str, left: &HashSet<String>) -> Result<(), StoreError> {
        let Self { from, to, table, columns } = self;
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let number = table.find(from)?.number.unwrap_or("1");
        let key = if **table == CLIENTS { "client_uid" } else { table.owner };
        let key = if **table == CLIENTS || **table == PASSWORDS { key } else { "NULL" };
        let mut source = from.prepare(&format!(
            "SELECT {key}, {} FROM {} WHERE {which} ORDER BY {number}",
            list(names.iter().copied()),
            table.name
        ))?;
        let mut target = to.prepare(&insertion("INSERT", table.name, &names))?;
        let mut rows = source.query([])?;
        while let Some(row) = rows.next()? {
            if !self.makes_room(row, left)? {
                continue;
            }
            bind(&mut target, row, 1)?;
            target.raw_execute()?;
        }
        Ok(())
    }

    /// False for a client that is left as it is, and its password. That of another client may
    /// still be there although the client is not.
    fn makes_room(&self, row: &Row<'_>, left: &HashSet<String>) -> Result<bool, StoreError> {
        let key = text(row, 0)?;
        if left.contains(&key) {
            return Ok(false);
        }
        if *self.table == PASSWORDS && !key.starts_with('u') {
            self.to.prepare_cached("DELETE FROM passwords WHERE uid = ?1")?.execute([key])?;
        }
        Ok(true)
    }
}

fn use_up_codes(tx: &Tx<'_>, step: i64) -> Result<(), StoreError> {
    tx.prepare_own(
        "INSERT INTO own.admin_passcode_steps (uid, step)
         SELECT DISTINCT uid, ?1 FROM passcodes WHERE key_type = 'totp'
         ON CONFLICT (uid) DO UPDATE SET step = excluded.step WHERE step < excluded.step",
    )?
    .execute([step])?;
    Ok(())
}
