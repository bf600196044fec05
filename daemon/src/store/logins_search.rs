//! Pages of login records, the latest first.

use std::collections::BTreeSet;

use super::db::Db;
use super::engine::{Collation, Statement, Value};
use super::error::StoreError;
use super::kind::Kind;
use super::listing::{self, BOUNDS, Bounds, Found, List, Reading, Walked, add_first};
use super::login_row::{
    COLUMNS, KEYS, LoginFilter, LoginPage, LoginPosition, LoginRow, login_row, position,
};
use super::logins::recorded_name;
use super::prefix::{PrefixRange, flag};

/// One page of login records, plus one row if there are more; none if the table is missing. Stored
/// times are compared as text, which is their order with and without a fraction.
pub fn logins_page(
    db: &Db,
    filter: &LoginFilter,
    page: &LoginPage,
) -> Result<Found<LoginPosition, LoginRow>, StoreError> {
    page_within(db, filter, page, BOUNDS)
}

/// The same with other bounds.
fn page_within(
    db: &Db,
    filter: &LoginFilter,
    page: &LoginPage,
    bounds: Bounds,
) -> Result<Found<LoginPosition, LoginRow>, StoreError> {
    let logins = Logins::new(db, filter);
    let limit = page.limit.saturating_add(1);
    if !db.columns.has_logins() {
        return Ok(Found { rows: Vec::new(), rest: None });
    }
    // PhotoPrism's own table has other indexes, and columns that store number-like texts as
    // numbers, which have no prefix: there the rows are scanned.
    if *db.kind() == Kind::Own || db.columns.logins_attached() {
        return listing::page(&logins, page.after.as_ref(), limit, bounds);
    }
    Ok(Found { rows: logins.scan(page.after.as_ref(), limit)?, rest: None })
}

/// The records that meet a filter.
struct Logins<'a> {
    db: &'a Db,
    filter: &'a LoginFilter,
    /// The name of the filter as it is recorded.
    name: Option<String>,
    /// The prefix in lower case; `""` is none.
    prefix: String,
}

/// Conditions with their values, which are numbered after those that are given at first.
struct Conditions<'a> {
    texts: Vec<String>,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    fn after(values: Vec<Value<'a>>) -> Self {
        Self { texts: Vec::new(), values }
    }

    /// The number of a new parameter.
    fn bind(&mut self, value: impl Into<Value<'a>>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    fn add(&mut self, condition: impl Into<String>) {
        self.texts.push(condition.into());
    }

    fn all(&self) -> String {
        if self.texts.is_empty() { "1".into() } else { self.texts.join(" AND ") }
    }
}

impl<'a> Logins<'a> {
    fn new(db: &'a Db, filter: &'a LoginFilter) -> Self {
        let name = filter.name.as_deref().map(recorded_name);
        Self { db, filter, name, prefix: filter.search.to_lowercase() }
    }

    /// Adds the conditions that are a range of an index in the order of the list.
    fn narrow(&self, conditions: &mut Conditions<'_>) {
        match self.filter.failed {
            Some(true) => conditions.add("login_status <> 'OK'"),
            Some(false) => conditions.add("login_status = 'OK'"),
            None => {}
        }
        if let Some(since) = self.filter.since {
            let since = conditions.bind(since);
            conditions.add(format!("updated_at >= ?{since}"));
        }
    }

    /// Adds the others.
    fn narrow_more<'b>(&'b self, conditions: &mut Conditions<'b>) {
        if let Some(name) = &self.name {
            let name = conditions.bind(name);
            conditions.add(format!("login_name = ?{name}"));
        }
        if let Some(ip) = &self.filter.client_ip {
            let ip = conditions.bind(ip);
            conditions.add(format!("client_ip = ?{ip}"));
        }
        if !self.prefix.is_empty() {
            let prefix = conditions.bind(&self.prefix);
            let [ip, name] = ["client_ip", "login_name"]
                .map(|column| self.db.dialect().begins_with(column, prefix, Collation::Binary));
            conditions.add(format!("({ip} OR {name})"));
        }
    }

    /// All rows after a place, without an index.
    fn scan(
        &self,
        after: Option<&LoginPosition>,
        limit: usize,
    ) -> Result<Vec<(LoginPosition, LoginRow)>, StoreError> {
        let mut conditions = Conditions::after(vec![limit.into()]);
        if let Some(after) = after {
            let at = conditions.bind(&after.updated_at);
            let [ip, name, realm] =
                [&after.client_ip, &after.name, &after.realm].map(|text| conditions.bind(text));
            let same = self.db.dialect().same();
            conditions.add(format!(
                "(updated_at < ?{at} OR updated_at IS NULL AND ?{at} IS NOT NULL
                   OR updated_at {same} ?{at}
                     AND (client_ip, login_name, login_realm) > (?{ip}, ?{name}, ?{realm}))"
            ));
        }
        self.narrow(&mut conditions);
        self.narrow_more(&mut conditions);
        let statement = format!(
            "SELECT {COLUMNS} FROM logins.audit_logins WHERE {}
             ORDER BY updated_at DESC, client_ip, login_name, login_realm LIMIT ?1",
            conditions.all()
        );
        self.db.all(Statement::same(&statement).own(), &conditions.values, |row| {
            let row = login_row(row)?;
            Ok((row.position.clone(), row))
        })
    }

    /// Adds the rows of a range, whose values are the first; false where there are too many.
    fn add(
        &self,
        range: &str,
        values: Vec<Value<'_>>,
        into: &mut Gathered<'_>,
    ) -> Result<bool, StoreError> {
        let mut conditions = Conditions::after(values);
        self.narrow(&mut conditions);
        self.narrow_more(&mut conditions);
        let statement =
            format!("SELECT {KEYS}, {} FROM logins.audit_logins WHERE {range}", conditions.all());
        let mut statement = self.db.prepare(Statement::sqlite(&statement).own())?;
        let mut rows = statement.query(&conditions.values)?;
        while let Some(row) = rows.next()? {
            if !into.reading.count() {
                return Ok(false);
            }
            let key = position(&row)?;
            let follows = into.after.is_none_or(|after| key > *after);
            if follows && row.flag(4)? {
                add_first(&mut into.keys, key, into.most);
            }
        }
        Ok(true)
    }
}

/// Positions that are gathered.
struct Gathered<'a> {
    keys: BTreeSet<LoginPosition>,
    after: Option<&'a LoginPosition>,
    most: usize,
    reading: &'a mut Reading,
}

/// What comes after a place, in ranges of the index; `?2` to `?5` are its values. Rows that have no
/// time are the last.
const PARTS: [&str; 3] = [
    "updated_at IS ?2 AND (client_ip, login_name, login_realm) > (?3, ?4, ?5)",
    "updated_at < ?2",
    "updated_at IS NULL AND ?2 IS NOT NULL",
];

/// A statement for the rows of a part, `?1` at most, with whether each meets the condition.
fn along(part: &str, within: &str, meets: &str) -> String {
    format!(
        "SELECT {KEYS}, {} FROM logins.audit_logins WHERE {part} AND {within}
         ORDER BY updated_at DESC, client_ip, login_name, login_realm LIMIT ?1",
        flag(meets)
    )
}

impl List for Logins<'_> {
    type Key = LoginPosition;
    type Row = LoginRow;

    fn gather(
        &self,
        after: Option<&LoginPosition>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<Vec<LoginPosition>>, StoreError> {
        let mut into = Gathered { keys: BTreeSet::new(), after, most, reading };
        let is_whole = match (&*self.prefix, &self.name, &self.filter.client_ip) {
            ("", None, None) => false,
            ("", Some(name), _) => self.add("login_name = ?1", vec![name.into()], &mut into)?,
            ("", None, Some(ip)) => self.add("client_ip = ?1", vec![ip.into()], &mut into)?,
            (prefix, ..) => {
                let mut is_whole = true;
                for column in ["client_ip", "login_name"] {
                    let range = PrefixRange::new(column, prefix, Collation::Binary);
                    let values = range.values().to_vec();
                    is_whole = is_whole
                        && self.add(&range.condition(self.db.dialect()), values, &mut into)?;
                }
                is_whole
            }
        };
        Ok(is_whole.then(|| into.keys.into_iter().collect()))
    }

    fn walk(
        &self,
        after: Option<&LoginPosition>,
        rows: usize,
        found: &mut Vec<LoginPosition>,
        most: usize,
    ) -> Result<Walked<LoginPosition>, StoreError> {
        let parts = if after.is_some() { &PARTS[..] } else { &["1"] };
        let mut read = 0;
        for part in parts {
            let mut conditions = Conditions::after(vec![(rows - read).into()]);
            if let Some(after) = after {
                conditions.bind(&after.updated_at);
                if *part == PARTS[0] {
                    for text in [&after.client_ip, &after.name, &after.realm] {
                        conditions.bind(text);
                    }
                }
            }
            self.narrow(&mut conditions);
            let within = conditions.all();
            conditions.texts.clear();
            self.narrow_more(&mut conditions);
            let statement = along(part, &within, &conditions.all());
            let mut statement = self.db.prepare(Statement::sqlite(&statement).own())?;
            let mut found_rows = statement.query(&conditions.values)?;
            while let Some(row) = found_rows.next()? {
                read += 1;
                let key = position(&row)?;
                if row.flag(4)? {
                    found.push(key.clone());
                }
                if found.len() == most {
                    return Ok(Walked::Done);
                }
                if read == rows {
                    return Ok(Walked::At(key));
                }
            }
        }
        Ok(Walked::Done)
    }

    fn rows(&self, keys: Vec<LoginPosition>) -> Result<Vec<(LoginPosition, LoginRow)>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM logins.audit_logins
             WHERE client_ip = ?1 AND login_name = ?2 AND login_realm = ?3"
        );
        let mut statement = self.db.prepare(Statement::same(&statement).own())?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let values = [&key.client_ip, &key.name, &key.realm].map(Value::from);
            let row = statement.one(&values, login_row)?;
            found.extend(row.map(|row| (key, row)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
