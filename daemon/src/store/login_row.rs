//! Login records as lists show them: rows, their places, filters.

use std::cmp::Reverse;

use jiff::Timestamp;
use rusqlite::Row;

use super::rows::{text, time};

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
    pub(super) updated_at: String,
    pub(super) client_ip: String,
    pub(super) name: String,
    pub(super) realm: String,
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPage {
    /// After this row; `None` for the first page.
    pub after: Option<LoginPosition>,
    /// Rows of the page; one more is returned if there is one.
    pub limit: usize,
}

impl LoginPosition {
    /// What positions are compared by, the first first.
    fn order(&self) -> (Reverse<&str>, &str, &str, &str) {
        (Reverse(&self.updated_at), &self.client_ip, &self.name, &self.realm)
    }
}

impl Ord for LoginPosition {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for LoginPosition {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The columns that [`position`] reads.
pub(super) const KEYS: &str = "updated_at, client_ip, login_name, login_realm";

/// Those that [`login_row`] reads.
pub(super) const COLUMNS: &str = "client_ip, login_name, login_realm, login_status, error_message,
     error_repeated, client_browser, login_at, failed_at, banned_at, updated_at";

pub(super) fn position(row: &Row<'_>) -> Result<LoginPosition, rusqlite::Error> {
    Ok(LoginPosition {
        updated_at: text(row, 0)?,
        client_ip: text(row, 1)?,
        name: text(row, 2)?,
        realm: text(row, 3)?,
    })
}

/// A row of the columns that [`COLUMNS`] names.
pub(super) fn login_row(row: &Row<'_>) -> Result<LoginRow, rusqlite::Error> {
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
