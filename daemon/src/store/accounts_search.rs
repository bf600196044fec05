//! Pages of accounts. A prefix is searched in three index ranges; only if a range contains very
//! many rows are the accounts scanned by id, where such a prefix is found soon.

use std::collections::BTreeSet;

use rusqlite::{ToSql, params};

use super::accounts::{account_row, select};
use super::db::Db;
use super::error::StoreError;
use super::prefix::successor;
use crate::model::Account;

/// Length of an index range beyond which a scan by id finds a page sooner.
pub(super) const RANGE_CAP: usize = 5000;

/// Filter of the accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSearch {
    /// People.
    People,
    /// People and the system rows.
    Everybody,
    /// The account of that id, and the one of exactly that name.
    Number(i64, String),
    /// The account of that UID.
    Uid(String),
    /// A prefix of name or email, already lower case, or of the display name as given.
    Prefix {
        /// For name and email.
        lower: String,
        /// For the display name, compared without regard to ASCII case.
        display: String,
    },
}

/// Where a page begins, how long it is, whether it includes deleted accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountPage {
    /// Ids above this one; `i64::MIN` for the first page.
    pub after: i64,
    /// Most rows.
    pub limit: usize,
    /// Deleted accounts too.
    pub deleted: bool,
}

impl AccountPage {
    const fn alive(self) -> &'static str {
        if self.deleted { "" } else { "AND u.deleted_at IS NULL" }
    }
}

/// One page of accounts in the order of their ids.
pub fn accounts_page(
    db: &Db,
    search: &AccountSearch,
    page: AccountPage,
) -> Result<Vec<Account>, StoreError> {
    page_within(db, search, page, RANGE_CAP)
}

/// The same with another limit for the ranges.
pub(super) fn page_within(
    db: &Db,
    search: &AccountSearch,
    page: AccountPage,
    cap: usize,
) -> Result<Vec<Account>, StoreError> {
    match search {
        AccountSearch::People => walk(db, page, "u.id > 0", &[]),
        AccountSearch::Everybody => walk(db, page, "1", &[]),
        AccountSearch::Number(id, name) => {
            walk(db, page, "(u.id = ?3 OR (u.user_name = ?4 AND u.id > 0))", &[id, name])
        }
        AccountSearch::Uid(uid) => walk(db, page, "u.user_uid = ?3", &[uid]),
        AccountSearch::Prefix { lower, display } => prefix(db, page, lower, display, cap),
    }
}

fn walk(
    db: &Db,
    page: AccountPage,
    which: &str,
    more: &[&dyn ToSql],
) -> Result<Vec<Account>, StoreError> {
    let statement = format!(
        "{} WHERE u.id > ?1 AND {which} {} ORDER BY u.id LIMIT ?2",
        select(&db.columns),
        page.alive()
    );
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut params: Vec<&dyn ToSql> = vec![&page.after, &limit];
    params.extend_from_slice(more);
    let mut statement = db.conn.prepare_cached(&statement)?;
    let rows = statement.query_map(&*params, account_row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn prefix(
    db: &Db,
    page: AccountPage,
    lower: &str,
    display: &str,
    cap: usize,
) -> Result<Vec<Account>, StoreError> {
    let Some(ids) = candidates(db, page, lower, display, cap)? else {
        let which = "u.id > 0 AND (substr(u.user_name, 1, length(?3)) = ?3
             OR substr(u.user_email, 1, length(?3)) = ?3
             OR substr(u.display_name, 1, length(?4)) = ?4 COLLATE NOCASE)";
        return walk(db, page, which, &[&lower, &display]);
    };
    let statement = format!("{} WHERE u.id = ?1", select(&db.columns));
    let mut statement = db.conn.prepare_cached(&statement)?;
    let mut rows = Vec::new();
    for id in ids.into_iter().filter(|id| *id > page.after).take(page.limit) {
        rows.push(statement.query_row([id], account_row)?);
    }
    Ok(rows)
}

/// The ids of all matches, in order; `None` if one of the ranges is too long to gather.
fn candidates(
    db: &Db,
    page: AccountPage,
    lower: &str,
    display: &str,
    cap: usize,
) -> Result<Option<BTreeSet<i64>>, StoreError> {
    let mut ids = BTreeSet::new();
    for (column, text, rule) in [
        ("user_name", lower, "BINARY"),
        ("user_email", lower, "BINARY"),
        ("display_name", display, "NOCASE"),
    ] {
        // NOCASE compares as if the text were in lower case: `Z` comes after `[` there.
        let folded = if rule == "NOCASE" { text.to_ascii_lowercase() } else { text.to_owned() };
        let end = successor(&folded);
        let statement = range(page, column, rule, end.is_some());
        let most = i64::try_from(cap).unwrap_or(i64::MAX);
        let mut statement = db.conn.prepare_cached(&statement)?;
        let mut rows = statement.query(params![text, end, most])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            ids.insert(row.get(0)?);
            found += 1;
        }
        if found == cap {
            return Ok(None);
        }
    }
    Ok(Some(ids))
}

/// A query for the ids whose column begins with a text. The plus keeps the planner from the index
/// of `deleted_at`, which contains nearly all accounts.
fn range(page: AccountPage, column: &str, rule: &str, bounded: bool) -> String {
    let below = if bounded {
        format!("AND u.{column} < ?2 COLLATE {rule}")
    } else {
        "AND ?2 IS NULL".into()
    };
    let alive = if page.deleted { "" } else { "AND +u.deleted_at IS NULL" };
    // The range is exact for BINARY; NOCASE folds, so the prefix itself is compared as well.
    format!(
        "SELECT u.id FROM auth_users u WHERE u.{column} >= ?1 COLLATE {rule} {below}
         AND substr(u.{column}, 1, length(?1)) = ?1 COLLATE {rule} AND u.id > 0 {alive} LIMIT ?3"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::own;
    use super::*;

    #[test]
    fn a_beginning_is_found_through_the_index_of_its_column() {
        let (_directory, db) = own();
        let page = AccountPage { deleted: false, after: 0, limit: 100 };
        for (column, rule) in
            [("user_name", "BINARY"), ("user_email", "BINARY"), ("display_name", "NOCASE")]
        {
            let statement = format!("EXPLAIN QUERY PLAN {}", range(page, column, rule, true));
            let mut statement = db.conn.prepare(&statement).unwrap();
            let plan: String = statement.query_row(params!["a", "b", 5], |row| row.get(3)).unwrap();
            assert!(plan.contains(&format!("idx_auth_users_{column}")), "{plan}");
        }
    }
}
