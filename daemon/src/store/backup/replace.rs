//! Rows of accounts that go, all of them: what a reset empties and a restore replaces.
//!
//! What PhotoPrism declares of its tables beyond columns would take part in that: a foreign key
//! that cascades or a trigger would remove rows that no backup holds, and one that restricts would
//! refuse rows that come back a moment later. So both are switched off meanwhile, and what would
//! be left without its account is looked for afterwards.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params_from_iter};

use super::tables::has_clients;
use crate::store::account_tables::{CLIENTS, SESSIONS, TABLES, Table};
use crate::store::attached::{forget_accounts, note_emptied};
use crate::store::changed::{held_accounts, remember};
use crate::store::db::Tx;
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
    let (mut emptied, warnings) = unguarded(tx, &all, || {
        let emptied = empty(tx, now)?;
        anew()?;
        Ok::<_, E>(emptied)
    })?;
    emptied.warnings = warnings;
    Ok(emptied)
}

/// Deletes every session, with messages for people.
pub fn empty_sessions(tx: &Tx<'_>, now: Timestamp) -> Result<(u64, Vec<String>), StoreError> {
    unguarded(tx, &[&SESSIONS], || delete_all_sessions(tx, now.as_second()))
}

fn empty(tx: &Tx<'_>, now: Timestamp) -> Result<Removed, StoreError> {
    let conn = tx.sqlite()?;
    forget_accounts(tx)?;
    note_emptied(tx, "auth_users")?;
    let count = "SELECT count(*) FROM auth_users WHERE id > 0";
    let users = conn.query_row(count, [], |row| crate::store::rows::count(row, 0))?;
    let sessions = delete_all_sessions(tx, now.as_second())?;
    let held = held_accounts(tx, now.as_second())?;
    let clients = has_clients(conn)?;
    for table in TABLES.iter().rev() {
        remove(conn, table, clients)?;
    }
    held.iter().try_for_each(|before| remember(tx, before, now))?;
    tx.prepare_own("DELETE FROM own.admin_passcode_steps")?.execute([])?;
    begin_ids_anew(conn)?;
    Ok(Removed { users, sessions, warnings: Vec::new() })
}

/// Deletes what is accounts' of a table; those that refer to others go before them.
pub(super) fn remove(conn: &Connection, table: &Table, clients: bool) -> Result<u64, StoreError> {
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

/// The first admin's id is 1.
fn begin_ids_anew(conn: &Connection) -> Result<(), StoreError> {
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
    let before = dangling(tx.sqlite()?)?;
    let switches = Switches::off(tx.sqlite()?)?;
    let outcome = work()?;
    drop(switches);
    let mut warnings = compare(&before, dangling(tx.sqlite()?)?, tables)?;
    warnings.extend(triggers(tx.sqlite()?, tables)?);
    Ok((outcome, warnings))
}

/// Foreign keys and triggers are off until this is dropped. A pragma could not do that inside of a
/// transaction.
struct Switches<'a>(&'a Connection);

const SWITCHES: [DbConfig; 2] =
    [DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER];

impl<'a> Switches<'a> {
    fn off(conn: &'a Connection) -> Result<Self, StoreError> {
        let switches = Self(conn);
        for switch in SWITCHES {
            conn.set_db_config(switch, false)?;
        }
        Ok(switches)
    }
}

impl Drop for Switches<'_> {
    fn drop(&mut self) {
        for switch in SWITCHES {
            // It sets a bit of the connection, and cannot fail where the other way did not.
            let _ = self.0.set_db_config(switch, true);
        }
    }
}

/// A foreign key of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    table: String,
    parent: String,
    number: i64,
}

/// How many rows refer to none by a foreign key, by their number where they have one.
type Dangling = HashMap<(Key, Option<i64>), u64>;

/// Every such row of tables that have to do with accounts.
fn dangling(conn: &Connection) -> Result<Dangling, StoreError> {
    let places = vec!["?"; TABLES.len()].join(", ");
    let mut names = conn.prepare_cached(&format!(
        "WITH accounts (name) AS (VALUES {})
         SELECT DISTINCT s.name FROM main.sqlite_schema s, pragma_foreign_key_list(s.name, 'main') k
         WHERE s.type = 'table' AND (s.name COLLATE NOCASE IN accounts
           OR k.\"table\" COLLATE NOCASE IN accounts)",
        places.replace('?', "(?)")
    ))?;
    let tables = params_from_iter(TABLES.iter().map(|table| table.name));
    let names: Vec<String> =
        names.query_map(tables, |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Dangling::new();
    for name in names {
        match dangling_of(conn, &name, &mut found) {
            // It refers to what no index makes unique: nothing can be said of it.
            Err(error) if error.to_string().contains("foreign key mismatch") => {}
            end => end?,
        }
    }
    Ok(found)
}

fn dangling_of(conn: &Connection, name: &str, found: &mut Dangling) -> Result<(), rusqlite::Error> {
    let statement = "SELECT \"rowid\", parent, fkid FROM pragma_foreign_key_check(?1, 'main')";
    let mut statement = conn.prepare_cached(statement)?;
    let mut rows = statement.query([name])?;
    while let Some(row) = rows.next()? {
        let key = Key { table: name.into(), parent: row.get(1)?, number: row.get(2)? };
        *found.entry((key, row.get(0)?)).or_default() += 1;
    }
    Ok(())
}

/// Refuses where rows that are nobody's to replace lost what they refer to; rows of the accounts
/// themselves came back as they were, and a warning tells of them.
fn compare(
    before: &Dangling,
    after: Dangling,
    tables: &[&Table],
) -> Result<Vec<String>, StoreError> {
    let inside = |key: &Key| tables.iter().any(|table| table.name.eq_ignore_ascii_case(&key.table));
    let mut was: HashMap<Key, u64> = HashMap::new();
    for ((key, _), number) in before.iter().filter(|((key, _), _)| inside(key)) {
        *was.entry(key.clone()).or_default() += number;
    }
    let mut now: BTreeMap<Key, u64> = BTreeMap::new();
    for ((key, row), number) in after {
        let known = if inside(&key) { None } else { before.get(&(key.clone(), row)) };
        *now.entry(key).or_default() += number.saturating_sub(known.copied().unwrap_or(0));
    }
    let mut warnings = Vec::new();
    for (key @ Key { table, parent, .. }, number) in &now {
        let more = number.saturating_sub(was.get(key).copied().unwrap_or(0));
        if more == 0 {
            continue;
        }
        if !inside(key) {
            return Err(StoreError::Constraint(format!(
                "rows of {table} ({more}) would refer to rows of {parent} that are gone; remove or \
                 change them first"
            )));
        }
        warnings.push(format!(
            "rows of {table} ({more}) came back as they were, and refer to rows of {parent} that are \
             not there"
        ));
    }
    Ok(warnings)
}

/// The triggers that did not run.
fn triggers(conn: &Connection, tables: &[&Table]) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT name, tbl_name FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY name",
    )?;
    let mut rows = statement.query([])?;
    let mut names: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, of): (String, String) = (row.get(0)?, row.get(1)?);
        if tables.iter().any(|table| table.name.eq_ignore_ascii_case(&of)) {
            names.push(name);
        }
    }
    let told = format!("triggers on these tables did not run: {}", names.join(", "));
    Ok((!names.is_empty()).then_some(told))
}

/// The tables that a restore replaces, with clients or without.
pub(super) fn replaced(clients: bool) -> Vec<&'static Table> {
    TABLES.iter().filter(|table| clients || **table != CLIENTS).collect()
}
