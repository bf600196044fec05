//! What a restore would change: the accounts of a backup held against those of the database, in
//! steps.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use rusqlite::{Connection, OptionalExtension, params};

use super::owned_rows::{Rows, UidRange, digests_of, rows_of};
use super::present::Present;
use super::read::BackupFile;
use crate::store::account_tables::{SESSIONS, TABLES, Table};
use crate::store::error::StoreError;
use crate::store::rows::text;

/// Accounts or sessions of one step: some milliseconds.
const STEP_ROWS: i64 = 200;

/// The same where nobody waits for a step. Some megabytes, and each table is read from memory: the order
/// of UIDs is not that of its pages.
const WHOLE_STEP_ROWS: i64 = 20_000;

/// Most changed accounts that are told one by one, and the length of what tells them: a reply has
/// its bound.
const MOST: usize = 500;
const MOST_BYTES: usize = 600 * 1024;

/// What becomes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is not there and comes.
    Added,
    /// It becomes another.
    Changed,
    /// It is not in the backup and goes.
    Removed,
}

/// An account that does not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// UID.
    pub uid: String,
    /// Its name in the backup, of one that goes in the database.
    pub name: String,
    /// What becomes of it.
    pub what: What,
    /// Of one that changes, what does: names of the protocol where it has them, else columns.
    pub fields: Vec<String>,
}

/// What is compared next, behind which account or session.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Accounts(String),
    Sessions(i64),
    End,
}

/// The whole comparison.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Accounts that come.
    pub added: u64,
    /// Accounts that become others.
    pub changed: u64,
    /// Accounts that go.
    pub removed: u64,
    /// Accounts that stay as they are.
    pub unchanged: u64,
    /// Those that do not stay, as many as a reply holds, at the end in the order of their names.
    pub accounts: Vec<AccountChange>,
    /// Sessions of the database that end.
    pub sessions_revoked: u64,
    /// Sessions of the backup that come or stay.
    pub sessions_restored: u64,
    with_sessions: bool,
    bytes: usize,
    columns: Vec<(&'static Table, Vec<String>)>,
    digest: RandomState,
    /// Accounts or sessions of one step.
    step_rows: i64,
    at: At,
}

impl Plan {
    /// Begins to compare.
    pub fn begin(
        present: &Present<'_>,
        file: &BackupFile,
        with_sessions: bool,
    ) -> Result<Self, StoreError> {
        let mut columns = Vec::new();
        for table in TABLES.iter().filter(|table| **table != SESSIONS) {
            columns.push((table, common(table, present.conn, &file.conn)?));
        }
        Ok(Self {
            added: 0,
            changed: 0,
            removed: 0,
            unchanged: 0,
            accounts: Vec::new(),
            sessions_revoked: 0,
            sessions_restored: 0,
            with_sessions,
            bytes: 0,
            columns,
            digest: RandomState::new(),
            step_rows: STEP_ROWS,
            at: At::Accounts(String::new()),
        })
    }

    /// Compares all of it.
    pub fn whole(
        present: &Present<'_>,
        file: &BackupFile,
        with_sessions: bool,
    ) -> Result<Self, StoreError> {
        let plan = Self::begin(present, file, with_sessions)?;
        let mut plan = Self { step_rows: WHOLE_STEP_ROWS, ..plan };
        while !plan.step(present, file)? {}
        Ok(plan)
    }

    /// Compares some more; true at the end.
    pub fn step(&mut self, present: &Present<'_>, file: &BackupFile) -> Result<bool, StoreError> {
        self.at = match std::mem::replace(&mut self.at, At::End) {
            At::Accounts(after) => match self.accounts(&after, present, file)? {
                Some(last) => At::Accounts(last),
                None => self.begin_sessions(present, file)?,
            },
            At::Sessions(after) => match self.those_that_stay(after, present, file)? {
                Some(last) => At::Sessions(last),
                None => At::End,
            },
            At::End => At::End,
        };
        Ok(self.at == At::End)
    }

    /// The next accounts of both; gives where it ended, `None` at the end.
    fn accounts(
        &mut self,
        after: &str,
        present: &Present<'_>,
        file: &BackupFile,
    ) -> Result<Option<String>, StoreError> {
        let rows = self.step_rows;
        let ends = [end_of(&file.conn, after, rows)?, end_of(present.conn, after, rows)?];
        let end = ends.into_iter().flatten().min();
        let range = UidRange { after, end: end.as_deref() };
        let (there, here) = (names(&file.conn, range)?, names(present.conn, range)?);
        let mut differences = self.differences(present, file, range)?;
        let uids: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
        for uid in uids {
            let fields = differences.remove(uid).unwrap_or_default();
            match (there.get(uid), here.get(uid)) {
                (Some(_), Some(_)) if fields.is_empty() => self.unchanged += 1,
                (Some(name), Some(_)) => self.note(What::Changed, uid, name, fields),
                (Some(name), None) => self.note(What::Added, uid, name, Vec::new()),
                (None, Some(name)) => self.note(What::Removed, uid, name, Vec::new()),
                (None, None) => {}
            }
        }
        Ok(end)
    }

    /// Of sessions all end, or those that are not in the backup.
    fn begin_sessions(
        &mut self,
        present: &Present<'_>,
        file: &BackupFile,
    ) -> Result<At, StoreError> {
        self.accounts.sort_by(|one, other| (&one.name, &one.uid).cmp(&(&other.name, &other.uid)));
        let all = super::read::count_rows(present.conn, &SESSIONS)?;
        self.sessions_revoked = all.saturating_sub(present.hidden_sessions()?);
        if !self.with_sessions {
            return Ok(At::End);
        }
        self.sessions_restored = file.counts.sessions;
        if present.is_copy() {
            let stay = self.sessions_of_both(present, file)?;
            self.sessions_revoked = self.sessions_revoked.saturating_sub(stay);
            return Ok(At::End);
        }
        Ok(At::Sessions(i64::MIN))
    }

    /// How many sessions of the backup a copy has, which has no index of their ids: by a digest of
    /// each, 16 bytes in memory.
    fn sessions_of_both(
        &self,
        present: &Present<'_>,
        file: &BackupFile,
    ) -> Result<u64, StoreError> {
        let mut here = HashSet::new();
        each_session(present.conn, |id| {
            here.insert(self.digest.hash_one(id));
        })?;
        let mut stay = 0;
        each_session(&file.conn, |id| {
            stay += u64::from(here.contains(&self.digest.hash_one(id)));
        })?;
        Ok(stay)
    }

    fn those_that_stay(
        &mut self,
        after: i64,
        present: &Present<'_>,
        file: &BackupFile,
    ) -> Result<Option<i64>, StoreError> {
        // Where the number of a row cannot be named, all come at once.
        let number = SESSIONS.find(&file.conn)?.number;
        let (number, most) = number.map_or(("1", i64::MAX), |number| (number, self.step_rows));
        let mut statement = file.conn.prepare_cached(&format!(
            "SELECT {number}, id FROM auth_sessions WHERE {number} > ?1 ORDER BY {number} LIMIT ?2"
        ))?;
        let mut rows = statement.query(params![after, most])?;
        let known = format!(
            "SELECT EXISTS (SELECT 1 FROM auth_sessions u WHERE u.id = ?1 AND {})",
            present.visible()
        );
        let mut known = present.conn.prepare_cached(&known)?;
        let (mut taken, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            let stays: bool = known.query_row([text(row, 1)?], |row| row.get(0))?;
            self.sessions_revoked = self.sessions_revoked.saturating_sub(stays.into());
            taken += 1;
            last = Some(row.get(0)?);
        }
        Ok(last.filter(|_| taken == most))
    }

    fn note(&mut self, what: What, uid: &str, name: &str, fields: Vec<String>) {
        match what {
            What::Added => self.added += 1,
            What::Changed => self.changed += 1,
            What::Removed => self.removed += 1,
        }
        // A name may be escaped in full, six characters for a byte.
        let length = uid.len() + 6 * name.len() + fields.iter().map(String::len).sum::<usize>();
        if self.accounts.len() < MOST && self.bytes + length < MOST_BYTES {
            self.bytes += length;
            self.accounts.push(AccountChange { uid: uid.into(), name: name.into(), what, fields });
        }
    }

    /// Whose rows of a table differ. Most accounts are alike, and telling that by digests takes a
    /// fraction of the time.
    fn differing_owners(
        &self,
        present: &Present<'_>,
        file: &BackupFile,
        of: (&Table, &[String]),
        range: UidRange<'_>,
    ) -> Result<HashSet<String>, StoreError> {
        let (table, columns) = of;
        let compared = present.compared(table, columns);
        let mut there = digests_of(&file.conn, &compared, range, &self.digest)?;
        let mut differing = HashSet::new();
        for (uid, here) in digests_of(present.conn, &compared, range, &self.digest)? {
            if there.remove(&uid) != Some(here) {
                differing.insert(uid);
            }
        }
        differing.extend(there.into_keys());
        Ok(differing)
    }

    /// What of the accounts of a range differs, over all tables.
    fn differences(
        &self,
        present: &Present<'_>,
        file: &BackupFile,
        range: UidRange<'_>,
    ) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        for (table, columns) in &self.columns {
            if columns.is_empty() {
                continue;
            }
            let differing = self.differing_owners(present, file, (table, columns), range)?;
            if differing.is_empty() {
                continue;
            }
            let compared = present.compared(table, columns);
            let mut there = rows_of(&file.conn, &compared, range)?;
            let mut here = rows_of(present.conn, &compared, range)?;
            there.retain(|uid, _| differing.contains(uid));
            here.retain(|uid, _| differing.contains(uid));
            for (uid, here) in here {
                let there = there.remove(&uid).unwrap_or_default();
                if there != here {
                    let words = what_differs(table, columns, &there, &here);
                    fields.entry(uid).or_default().extend(words);
                }
            }
            for (uid, there) in there {
                let words = what_differs(table, columns, &there, &Rows::new());
                fields.entry(uid).or_default().extend(words);
            }
        }
        Ok(fields)
    }
}

fn each_session(conn: &Connection, mut see: impl FnMut(&str)) -> Result<(), StoreError> {
    let mut statement = conn.prepare("SELECT id FROM auth_sessions")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        see(&text(row, 0)?);
    }
    Ok(())
}

/// Columns that both have, where both tell whose a row is; when a row was changed last is no
/// difference of its own.
fn common(table: &Table, db: &Connection, file: &Connection) -> Result<Vec<String>, StoreError> {
    let here = table.columns(db)?;
    let there = table.columns(file)?;
    let owned =
        [&here, &there].iter().all(|all| all.iter().any(|column| column.name == table.owner));
    if !owned {
        return Ok(Vec::new());
    }
    let both = there
        .into_iter()
        .map(|column| column.name)
        .filter(|name| name != "updated_at" && here.iter().any(|column| column.name == *name));
    Ok(both.collect())
}

/// The UID with which a step behind `after` ends; `None` where fewer are left.
fn end_of(conn: &Connection, after: &str, rows: i64) -> Result<Option<String>, StoreError> {
    let statement = "SELECT user_uid FROM auth_users
         WHERE user_uid COLLATE BINARY > ?1 AND user_uid COLLATE BINARY < x''
         ORDER BY user_uid COLLATE BINARY LIMIT 1 OFFSET ?2";
    let mut statement = conn.prepare_cached(statement)?;
    Ok(statement.query_row(params![after, rows - 1], |row| text(row, 0)).optional()?)
}

/// People with their names, by UID.
fn names(conn: &Connection, range: UidRange<'_>) -> Result<HashMap<String, String>, StoreError> {
    let within = range.condition("user_uid");
    let statement = format!("SELECT user_uid, user_name FROM auth_users WHERE {within} AND id > 0");
    let mut statement = conn.prepare_cached(&statement)?;
    let rows = statement
        .query_map(params![range.after, range.end], |row| Ok((text(row, 0)?, text(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The words for what differs: one for a table whose columns are nobody's business.
fn what_differs(table: &Table, columns: &[String], there: &Rows, here: &Rows) -> Vec<String> {
    let word = match table.name {
        "auth_users_details" => "details",
        "auth_users_settings" => "settings",
        "auth_users_shares" => "shares",
        "auth_clients" => "clients",
        "passwords" => "password",
        "passcodes" => "two_factor",
        _ => return differing(columns, there, here),
    };
    vec![word.into()]
}

fn differing(columns: &[String], there: &Rows, here: &Rows) -> Vec<String> {
    // One that comes or goes as a whole is told as such.
    let (Some(there), Some(here)) = (there.first(), here.first()) else { return Vec::new() };
    let differ =
        columns.iter().zip(there.iter().zip(here)).filter(|(_, (one, other))| one != other);
    differ.map(|(name, _)| shown(name).into()).collect()
}

/// A column by its name on the wire, where it has another.
fn shown(column: &str) -> &str {
    match column {
        "user_name" => "name",
        "user_email" => "email",
        "user_role" => "role",
        "user_attr" => "attr",
        "auth_provider" => "provider",
        "auth_method" => "method",
        other => other,
    }
}
