//! Pages of login records, the latest first.

use jiff::Timestamp;
use rusqlite::{Row, ToSql, params};

use super::db::Db;
use super::error::StoreError;
use super::kind::Kind;
use super::logins::recorded_name;
use super::prefix::successor;
use super::rows::{count, text, time};
use super::times::format_stored;

/// Length of an index range beyond which a scan from the latest row finds a page sooner.
const RANGE_CAP: usize = 5000;

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRow {
    /// Address.
    pub client_ip: String,
    /// Name, in lower case.
    pub name: String,
    /// What was logged in to.
    pub realm: String,
    /// `OK`, or why the last attempt failed.
    pub status: String,
    /// More about that failure.
    pub error: String,
    /// Failures since the last success.
    pub repeated: u64,
    /// Browser or app.
    pub user_agent: String,
    /// Last success.
    pub login_at: Option<Timestamp>,
    /// Last failure.
    pub failed_at: Option<Timestamp>,
    /// The limiter refused it.
    pub banned_at: Option<Timestamp>,
    /// Last attempt.
    pub updated_at: Option<Timestamp>,
    /// Where it is in the list.
    pub position: LoginPosition,
}

/// Filter of the records; all where nothing is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginFilter {
    /// A prefix of name or address, ignoring case; `""` is none.
    pub search: String,
    /// True: the last attempt failed; false: it succeeded.
    pub failed: Option<bool>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Exactly this address, in its normal form.
    pub client_ip: Option<String>,
    /// Updated then or later.
    pub since: Option<Timestamp>,
}

/// The sort key of a row: latest first, then by address, name and realm.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginPosition {
    /// As stored.
    updated_at: String,
    client_ip: String,
    name: String,
    realm: String,
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPage {
    /// After this row; `None` for the first page.
    pub after: Option<LoginPosition>,
    /// Rows of the page; one more is returned if there is one.
    pub limit: usize,
}

/// One page of login records, plus one row if there are more; none if the table is missing. Stored
/// times are compared as text, which is their order with and without a fraction.
pub fn logins_page(
    db: &Db,
    filter: &LoginFilter,
    page: &LoginPage,
) -> Result<Vec<LoginRow>, StoreError> {
    if !db.columns.logins {
        return Ok(Vec::new());
    }
    let mut query = Query::new(db);
    query.follow(page.after.as_ref());
    query.narrow(filter);
    query.search(&filter.search)?;
    query.run(page.limit)
}

/// A statement built from the given conditions.
struct Query<'a> {
    db: &'a Db,
    /// `updated_at`, never NULL.
    updated_at: &'static str,
    conditions: Vec<String>,
    params: Vec<Box<dyn ToSql>>,
}

impl<'a> Query<'a> {
    fn new(db: &'a Db) -> Self {
        // The daemon's own rows always have it, and the index contains the bare column.
        let updated_at =
            if *db.kind() == Kind::Own { "updated_at" } else { "coalesce(updated_at, '')" };
        Self { db, updated_at, conditions: Vec::new(), params: Vec::new() }
    }

    /// The number of a new parameter.
    fn bind(&mut self, value: impl ToSql + 'static) -> usize {
        self.params.push(Box::new(value));
        self.params.len()
    }

    fn follow(&mut self, after: Option<&LoginPosition>) {
        let Some(after) = after else { return };
        let at = self.bind(after.updated_at.clone());
        let ip = self.bind(after.client_ip.clone());
        let name = self.bind(after.name.clone());
        let realm = self.bind(after.realm.clone());
        let updated_at = self.updated_at;
        self.conditions.push(format!(
            "{updated_at} <= ?{at} AND ({updated_at} < ?{at}
               OR (client_ip, login_name, login_realm) > (?{ip}, ?{name}, ?{realm}))"
        ));
    }

    fn narrow(&mut self, filter: &LoginFilter) {
        match filter.failed {
            Some(true) => self.conditions.push("login_status <> 'OK'".into()),
            Some(false) => self.conditions.push("login_status = 'OK'".into()),
            None => {}
        }
        if let Some(name) = &filter.name {
            let name = self.bind(recorded_name(name));
            self.conditions.push(format!("login_name = ?{name}"));
        }
        if let Some(ip) = &filter.client_ip {
            let ip = self.bind(ip.clone());
            self.conditions.push(format!("client_ip = ?{ip}"));
        }
        if let Some(since) = &filter.since {
            let since = self.bind(format_stored(*since));
            self.conditions.push(format!("{} >= ?{since}", self.updated_at));
        }
    }

    fn search(&mut self, search: &str) -> Result<(), StoreError> {
        let prefix = search.to_lowercase();
        if prefix.is_empty() {
            return Ok(());
        }
        let is_selective = self.is_selective(&prefix)?;
        let end = successor(&prefix);
        let from = self.bind(prefix);
        let condition = if let (true, Some(end)) = (is_selective, end) {
            let to = self.bind(end);
            format!(
                "rowid IN (SELECT rowid FROM logins.audit_logins
                   WHERE client_ip >= ?{from} AND client_ip < ?{to}
                 UNION SELECT rowid FROM logins.audit_logins
                   WHERE login_name >= ?{from} AND login_name < ?{to})"
            )
        } else {
            format!(
                "(substr(client_ip, 1, length(?{from})) = ?{from}
                  OR substr(login_name, 1, length(?{from})) = ?{from})"
            )
        };
        self.conditions.push(condition);
        Ok(())
    }

    /// Whether few rows have the prefix. PhotoPrism's columns store number-like texts as numbers,
    /// which have no prefix, and lack the daemon's index: there the rows are scanned.
    fn is_selective(&self, prefix: &str) -> Result<bool, StoreError> {
        if *self.db.kind() != Kind::Own {
            return Ok(false);
        }
        let end = successor(prefix);
        for column in ["client_ip", "login_name"] {
            let statement = format!(
                "SELECT count(*) FROM (SELECT 1 FROM logins.audit_logins
                   WHERE {column} >= ?1 AND (?2 IS NULL OR {column} < ?2) LIMIT ?3)"
            );
            let cap = i64::try_from(RANGE_CAP).unwrap_or(i64::MAX);
            let rows = self
                .db
                .prepare_own(&statement)?
                .query_row(params![prefix, end, cap], |row| count(row, 0))?;
            if rows == RANGE_CAP as u64 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn run(mut self, limit: usize) -> Result<Vec<LoginRow>, StoreError> {
        let limit = self.bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
        let which = match self.conditions.join(" AND ") {
            all if all.is_empty() => all,
            conditions => format!("WHERE {conditions}"),
        };
        let statement = format!(
            "SELECT client_ip, login_name, login_realm, login_status, error_message,
               error_repeated, client_browser, login_at, failed_at, banned_at, updated_at
             FROM logins.audit_logins {which}
             ORDER BY {} DESC, client_ip, login_name, login_realm LIMIT ?{limit}",
            self.updated_at
        );
        let mut statement = self.db.prepare_own(&statement)?;
        let params = rusqlite::params_from_iter(&self.params);
        let rows = statement.query_map(params, login_row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

fn login_row(row: &Row<'_>) -> Result<LoginRow, rusqlite::Error> {
    let position = LoginPosition {
        updated_at: text(row, 10)?,
        client_ip: text(row, 0)?,
        name: text(row, 1)?,
        realm: text(row, 2)?,
    };
    Ok(LoginRow {
        client_ip: position.client_ip.clone(),
        name: position.name.clone(),
        realm: position.realm.clone(),
        status: text(row, 3)?,
        error: text(row, 4)?,
        repeated: text(row, 5)?.parse().unwrap_or(0),
        user_agent: text(row, 6)?,
        login_at: time(row, 7)?,
        failed_at: time(row, 8)?,
        banned_at: time(row, 9)?,
        updated_at: time(row, 10)?,
        position,
    })
}

#[cfg(test)]
mod tests;
