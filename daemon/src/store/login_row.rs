//! Login records as lists show them: rows, their places, filters.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::engine::{Ordered, Row};
use super::error::StoreError;

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

/// The sort key of a row, as it is stored: latest first, then by address, name and realm.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginPosition {
    pub(super) updated_at: Ordered,
    pub(super) client_ip: Ordered,
    pub(super) name: Ordered,
    pub(super) realm: Ordered,
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
    fn order(&self) -> (Reverse<&Ordered>, &Ordered, &Ordered, &Ordered) {
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

pub(super) fn position(row: &Row<'_>) -> Result<LoginPosition, StoreError> {
    Ok(LoginPosition {
        updated_at: row.ordered(0)?,
        client_ip: row.ordered(1)?,
        name: row.ordered(2)?,
        realm: row.ordered(3)?,
    })
}

/// A row of the columns that [`COLUMNS`] names.
pub(super) fn login_row(row: &Row<'_>) -> Result<LoginRow, StoreError> {
    let position = LoginPosition {
        updated_at: row.ordered(10)?,
        client_ip: row.ordered(0)?,
        name: row.ordered(1)?,
        realm: row.ordered(2)?,
    };
    Ok(LoginRow {
        client_ip: row.text(0)?,
        name: row.text(1)?,
        realm: row.text(2)?,
        status: row.text(3)?,
        error: row.text(4)?,
        repeated: row.text(5)?.parse().unwrap_or(0),
        user_agent: row.text(6)?,
        login_at: row.time(7)?,
        failed_at: row.time(8)?,
        banned_at: row.time(9)?,
        updated_at: row.time(10)?,
        position,
    })
}
