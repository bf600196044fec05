//! The way back: the rows of a backup in place of those of the database.

use jiff::Timestamp;
use rusqlite::{Connection, params_from_iter};

use super::indexes::Indexes;
use super::read::{HeldSource, RESTORED};
use super::replace::{clients_of_users, remove, replaced, unguarded};
use super::restored::Restored;
use super::server::{Source, fill};
use super::tables::{Column, Found, Layout, list};
use crate::store::account_tables::{CLIENTS, PASSWORDS, SESSIONS, TABLES, Table};
use crate::store::attached::{forget_accounts, note_emptied};
use crate::store::changed::{held_accounts, remember};
use crate::store::db::Tx;
use crate::store::engine::Statement;
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::passcodes::consume_totp_step;
use crate::store::rows::text;
use crate::store::sessions::{delete_all_sessions, kept_sessions, release_kept, release_restored};

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
    from: &HeldSource,
    backup: &Layout,
    with_sessions: bool,
    step: i64,
    now: Timestamp,
) -> Result<Restored, StoreError> {
    forget_accounts(tx)?;
    note_emptied(tx, "auth_users")?;
    let clients = clients_of_users(tx)? && !backup.of(&CLIENTS).columns.is_empty();
    let tables = replaced(clients);
    // What is declared in PhotoPrism's database stays as it is.
    let own = *tx.kind() == Kind::Own;
    let replace = || {
        delete_all_sessions(tx, now.as_second())?;
        let held = held_accounts(tx, now.as_second())?;
        for table in tables.iter().rev().filter(|table| ***table != SESSIONS) {
            remove(tx, table, clients)?;
        }
        let restored = if tx.server().is_some() {
            let file = &from.connect()?;
            if with_sessions {
                release_those_of(tx, file, "main")?;
            }
            fill(tx, &Source { file, layout: backup, with_sessions, clients })?
        } else {
            if with_sessions {
                release_those_of(tx, tx.sqlite()?, RESTORED)?;
            }
            let indexes = own.then(|| Indexes::drop_those_of(tx.sqlite()?, &tables)).transpose()?;
            let restored = bring_back(tx, backup, with_sessions, clients)?;
            indexes.map_or(Ok(()), |indexes| indexes.create_again(tx.sqlite()?))?;
            restored
        };
        release_restored(tx)?;
        held.iter().try_for_each(|before| remember(tx, before, now))?;
        Ok::<_, StoreError>(restored)
    };
    let (restored, warnings) = tx.large(|| unguarded(tx, &tables, replace))?;
    if tx.columns.has_table("admin_passcode_steps") {
        use_up_codes(tx, step)?;
    }
    Ok(Restored { warnings, ..restored })
}

/// Rows that are kept until PhotoPrism was notified give way to those of the backup.
fn release_those_of(tx: &Tx<'_>, conn: &Connection, schema: &str) -> Result<(), StoreError> {
    let kept = kept_sessions(tx)?;
    if kept.is_empty() {
        return Ok(());
    }
    let has = format!("SELECT EXISTS (SELECT 1 FROM {schema}.auth_sessions WHERE id = ?1)");
    let mut has = conn.prepare(&has)?;
    for id in kept {
        if has.query_row([&id], |row| row.get(0))? {
            release_kept(tx, &id)?;
        }
    }
    Ok(())
}

fn bring_back(
    tx: &Tx<'_>,
    backup: &Layout,
    with_sessions: bool,
    clients: bool,
) -> Result<Restored, StoreError> {
    let mut restored = Restored::default();
    let left = if clients { clients_of_nobody(tx)? } else { Vec::new() };
    for table in &TABLES {
        let Found { columns, number } = backup.of(table);
        let columns = shared(tx, table, columns, &mut restored.lost)?;
        let wanted = (with_sessions || *table != SESSIONS) && (clients || *table != CLIENTS);
        if wanted && !columns.is_empty() {
            let way = Way { table, columns: &columns, number: *number, clients, left: &left };
            copy(tx.sqlite()?, &way)?;
        }
    }
    restored.left = left;
    Ok(restored)
}

/// The columns that both have; those that only the backup has are noted.
fn shared(
    tx: &Tx<'_>,
    table: &Table,
    columns: &[Column],
    lost: &mut Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let here = table.columns(tx.sqlite()?)?;
    let (both, only): (Vec<&Column>, Vec<&Column>) = columns
        .iter()
        .partition(|column| here.iter().any(|here| here.name.eq_ignore_ascii_case(&column.name)));
    lost.extend(only.into_iter().map(|column| format!("{}.{}", table.name, column.name)));
    Ok(both.into_iter().map(|column| column.name.clone()).collect())
}

/// Clients of the backup that are still there once those of users are gone: somebody took them
/// from their user since, and no backup would hold what they are now.
fn clients_of_nobody(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let which = CLIENTS.which(RESTORED, true);
    let statement = format!(
        "SELECT DISTINCT client_uid FROM {RESTORED}.auth_clients
         WHERE {which} AND client_uid IN (SELECT client_uid FROM main.auth_clients)"
    );
    let mut statement = tx.sqlite()?.prepare(&statement)?;
    let uids = statement.query_map([], |row| text(row, 0))?;
    let mut found = uids.collect::<Result<Vec<_>, _>>()?;
    found.sort();
    Ok(found)
}

/// From a table of the backup to the same of the database.
struct Way<'a> {
    table: &'a Table,
    columns: &'a [String],
    /// What the number of a row of the backup is called.
    number: Option<&'static str>,
    clients: bool,
    /// Clients that are left as they are, with their passwords.
    left: &'a [String],
}

fn copy(conn: &Connection, way: &Way<'_>) -> Result<(), StoreError> {
    let Way { table, columns, number, clients, left } = way;
    let (name, all) = (table.name, list(columns.iter().map(String::as_str)));
    let mut which = table.which(RESTORED, *clients);
    let key = if **table == CLIENTS { "client_uid" } else { table.owner };
    let left = if **table == CLIENTS || **table == PASSWORDS { left } else { &[][..] };
    if !left.is_empty() {
        let places = vec!["?"; left.len()].join(", ");
        which = format!("{which} AND {key} NOT IN ({places})");
    }
    if **table == PASSWORDS {
        // That of another client may still be there although the client is not.
        let statement = format!(
            "DELETE FROM main.passwords WHERE uid IN
               (SELECT uid FROM {RESTORED}.passwords WHERE {which} AND uid NOT GLOB 'u*')"
        );
        conn.execute(&statement, params_from_iter(left))?;
    }
    let order = number.map_or(String::new(), |number| format!(" ORDER BY {number}"));
    let statement = format!(
        "INSERT INTO main.{name} ({all}) SELECT {all} FROM {RESTORED}.{name} WHERE {which}{order}"
    );
    conn.execute(&statement, params_from_iter(left))?;
    Ok(())
}

fn use_up_codes(tx: &Tx<'_>, step: i64) -> Result<(), StoreError> {
    let uids = Statement::same("SELECT DISTINCT uid FROM passcodes WHERE key_type = 'totp'");
    let uids = tx.all(uids, &[], |row| row.text(0))?;
    uids.iter().try_for_each(|uid| consume_totp_step(tx, uid, step).map(drop))
}
