//! Rows of accounts that go, all of them: what a reset empties and a restore replaces.
//!
//! What PhotoPrism declares of its tables beyond columns would take part in that: a foreign key
//! that cascades or a trigger would remove rows that no backup holds, and one that restricts would
//! refuse rows that come back a moment later. So both are switched off meanwhile, and what would
//! be left without its account is looked for afterwards.

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::dangling::{compare, dangling, triggers};
use super::server::{check_foreign_keys, remove_on_server, server_has_clients};
use super::tables::has_clients;
use crate::store::account_tables::{CLIENTS, SESSIONS, TABLES, Table};
use crate::store::attached::{forget_accounts, note_emptied};
use crate::store::changed::{held_accounts, remember};
use crate::store::db::{Db, Tx};
use crate::store::engine::Statement;
use crate::store::error::StoreError;
use crate::store::sessions::delete_all_sessions;

/// What [`empty_accounts`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Accounts with an id above 0.
    pub users: u64,
    /// Sessions.
    pub sessions: u64,
    /// Messages for people.
    pub warnings: Vec<String>,
}

/// Empties the account tables, then lets `anew` make what a first start finds. Clients that belong
/// to nobody stay with their passwords, and so do login records and the audit trail.
///
/// # Errors
/// Those of `anew`, or the store's; [`StoreError::Constraint`] where rows of other tables would be
/// left without their account.
pub fn empty_accounts<E: From<StoreError>>(
    tx: &Tx<'_>,
    now: Timestamp,
    anew: impl FnOnce() -> Result<(), E>,
) -> Result<Removed, E> {
    let all: Vec<&Table> = TABLES.iter().collect();
    let work = || {
        let emptied = empty(tx, now)?;
        anew()?;
        Ok::<_, E>(emptied)
    };
    let (mut emptied, warnings) = tx.large(|| unguarded(tx, &all, work))?;
    emptied.warnings = warnings;
    Ok(emptied)
}

/// Deletes every session, with messages for people.
pub fn empty_sessions(tx: &Tx<'_>, now: Timestamp) -> Result<(u64, Vec<String>), StoreError> {
    tx.large(|| unguarded(tx, &[&SESSIONS], || delete_all_sessions(tx, now.as_second())))
}

fn empty(tx: &Tx<'_>, now: Timestamp) -> Result<Removed, StoreError> {
    forget_accounts(tx)?;
    note_emptied(tx, "auth_users")?;
    let count = Statement::same("SELECT count(*) FROM auth_users WHERE id > 0");
    let users = tx.number(count, &[])?;
    let sessions = delete_all_sessions(tx, now.as_second())?;
    let held = held_accounts(tx, now.as_second())?;
    let clients = clients_of_users(tx)?;
    for table in TABLES.iter().rev().filter(|table| **table != SESSIONS) {
        remove(tx, table, clients)?;
    }
    held.iter().try_for_each(|before| remember(tx, before, now))?;
    tx.change(Statement::same("DELETE FROM own.admin_passcode_steps").own(), &[])?;
    begin_ids_anew(tx)?;
    Ok(Removed { users, sessions, warnings: Vec::new() })
}

/// Whether the database has clients that belong to users.
pub(super) fn clients_of_users(db: &Db) -> Result<bool, StoreError> {
    if db.server().is_some() { server_has_clients(db) } else { has_clients(db.sqlite()?) }
}

/// Deletes what is accounts' of a table; those that refer to others go before them.
pub(super) fn remove(tx: &Tx<'_>, table: &Table, clients: bool) -> Result<u64, StoreError> {
    if tx.server().is_some() {
        return remove_on_server(tx, table, clients);
    }
    let conn = tx.sqlite()?;
    if table.columns(conn)?.is_empty() {
        return Ok(0);
    }
    let which = table.which("main", clients);
    let others =
        format!("SELECT EXISTS (SELECT 1 FROM main.{} WHERE ({which}) IS NOT TRUE)", table.name);
    // Without a condition SQLite frees the pages as they are, seven times as fast.
    let statement = if which == "1" || !conn.query_row(&others, [], |row| row.get(0))? {
        format!("DELETE FROM main.{}", table.name)
    } else {
        format!("DELETE FROM main.{} WHERE {which}", table.name)
    };
    Ok(conn.execute(&statement, [])? as u64)
}

/// The first admin's id is 1, and is given. A server counts on: an id of before is never used again.
fn begin_ids_anew(tx: &Tx<'_>) -> Result<(), StoreError> {
    if tx.server().is_some() {
        return Ok(());
    }
    let conn = tx.sqlite()?;
    let there = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence')";
    if conn.query_row(there, [], |row| row.get(0))? {
        conn.execute("DELETE FROM main.sqlite_sequence WHERE name = 'auth_users'", [])?;
    }
    Ok(())
}

/// Runs `work`, which replaces the rows of accounts in `tables`, without foreign keys and triggers.
/// Gives its outcome with messages for people.
pub(super) fn unguarded<T, E: From<StoreError>>(
    tx: &Tx<'_>,
    tables: &[&Table],
    work: impl FnOnce() -> Result<T, E>,
) -> Result<(T, Vec<String>), E> {
    let before = dangling(tx)?;
    let switches = Switches::off(tx)?;
    let outcome = work()?;
    drop(switches);
    let mut warnings = compare(&before, dangling(tx)?, tables)?;
    warnings.extend(triggers(tx, tables)?);
    Ok((outcome, warnings))
}

/// Foreign keys, and SQLite's triggers, are off until this is dropped. A pragma could not do that
/// inside of a transaction.
enum Switches<'a> {
    Sqlite(&'a Connection),
    Server(&'a Db),
}

const SWITCHES: [DbConfig; 2] =
    [DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER];

impl<'a> Switches<'a> {
    fn off(db: &'a Db) -> Result<Self, StoreError> {
        if db.server().is_some() {
            check_foreign_keys(db, false)?;
            return Ok(Self::Server(db));
        }
        let conn = db.sqlite()?;
        let switches = Self::Sqlite(conn);
        for switch in SWITCHES {
            conn.set_db_config(switch, false)?;
        }
        Ok(switches)
    }
}

impl Drop for Switches<'_> {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(conn) => {
                for switch in SWITCHES {
                    // It sets a bit of the connection, and cannot fail where the other way did not.
                    let _ = conn.set_db_config(switch, true);
                }
            }
            // It fails only where the connection is lost.
            Self::Server(db) => drop(check_foreign_keys(db, true)),
        }
    }
}

/// The tables that a restore replaces, with clients or without.
pub(super) fn replaced(clients: bool) -> Vec<&'static Table> {
    TABLES.iter().filter(|table| clients || **table != CLIENTS).collect()
}
