//! Pages of accounts, in the order of their ids.

use std::collections::BTreeSet;

use super::accounts::{account_row, select};
use super::db::Db;
use super::engine::{Collation, Statement, Value};
use super::error::StoreError;
use super::kind::Kind;
use super::listing::{self, BOUNDS, Bounds, Found, List, Reading, Walked, add_first};
use super::prefix::{PrefixRange, flag};
use crate::model::Account;

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

/// One page of accounts in the order of their ids.
pub fn accounts_page(
    db: &Db,
    search: &AccountSearch,
    page: AccountPage,
) -> Result<Found<i64, Account>, StoreError> {
    page_within(db, search, page, BOUNDS)
}

/// The same with other bounds.
pub(super) fn page_within(
    db: &Db,
    search: &AccountSearch,
    page: AccountPage,
    bounds: Bounds,
) -> Result<Found<i64, Account>, StoreError> {
    let list = Accounts::new(db, search, page.deleted);
    listing::page(&list, Some(&page.after), page.limit, bounds)
}

/// The accounts that meet a search.
struct Accounts<'a> {
    db: &'a Db,
    search: &'a AccountSearch,
    deleted: bool,
    /// What a prefix is searched in by index.
    ranges: Vec<PrefixRange<'a>>,
}

impl<'a> Accounts<'a> {
    fn new(db: &'a Db, search: &'a AccountSearch, deleted: bool) -> Self {
        let ranges = match search {
            // PhotoPrism's database has no index of display names.
            AccountSearch::Prefix { lower, display } if *db.kind() == Kind::Own => {
                let of = PrefixRange::new;
                vec![
                    of("u.user_name", lower, Collation::Binary),
                    of("u.user_email", lower, Collation::Binary),
                    of("u.display_name", display, Collation::NoCase),
                ]
            }
            _ => Vec::new(),
        };
        Self { db, search, deleted, ranges }
    }

    /// The condition for a row, and its values, which begin with `?3`.
    fn condition(&self) -> (String, Vec<Value<'_>>) {
        let dialect = self.db.dialect();
        let (condition, values): (String, Vec<Value<'_>>) = match self.search {
            AccountSearch::People => ("u.id > 0".into(), vec![]),
            AccountSearch::Everybody => ("1".into(), vec![]),
            AccountSearch::Number(id, name) => {
                let named = dialect.exact("u.user_name", 4);
                let which = format!("(u.id = ?3 OR ({named} AND u.id > 0))");
                (which, vec![(*id).into(), name.into()])
            }
            AccountSearch::Uid(uid) => ("u.user_uid = ?3".into(), vec![uid.into()]),
            AccountSearch::Prefix { .. } if !self.ranges.is_empty() => {
                let mut values = Vec::new();
                let mut conditions = Vec::new();
                for range in &self.ranges {
                    let at = 3 + values.len();
                    conditions.push(range.comparison([at, at + 1], dialect));
                    values.extend(range.values());
                }
                (format!("u.id > 0 AND ({})", conditions.join(" OR ")), values)
            }
            AccountSearch::Prefix { lower, display } => {
                let [name, email, shown] = [
                    ("u.user_name", 3, Collation::Binary),
                    ("u.user_email", 3, Collation::Binary),
                    ("u.display_name", 4, Collation::NoCase),
                ]
                .map(|(column, value, rule)| dialect.begins_with(column, value, rule));
                let which = format!("u.id > 0 AND ({name} OR {email} OR {shown})");
                (which, vec![lower.into(), display.into()])
            }
        };
        let alive = if self.deleted { "" } else { " AND u.deleted_at IS NULL" };
        (format!("{condition}{alive}"), values)
    }

    /// Adds the ids that a statement finds; false where there are too many.
    fn add(
        &self,
        which: &str,
        values: &[Value<'_>],
        into: &mut Gathered<'_>,
    ) -> Result<bool, StoreError> {
        let statement = ids(which, self.deleted);
        let mut statement = self.db.prepare(Statement::same(&statement))?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if !into.reading.count() {
                return Ok(false);
            }
            let id = row.exact_integer(0)?;
            if id > into.after {
                add_first(&mut into.ids, id, into.most);
            }
        }
        Ok(true)
    }
}

/// A query for ids. The plus keeps the planner from the index of `deleted_at`, which contains
/// nearly all accounts.
fn ids(which: &str, deleted: bool) -> String {
    let alive = if deleted { "" } else { " AND +u.deleted_at IS NULL" };
    format!("SELECT u.id FROM auth_users u WHERE {which}{alive}")
}

/// Ids that are gathered.
struct Gathered<'a> {
    ids: BTreeSet<i64>,
    after: i64,
    most: usize,
    reading: &'a mut Reading,
}

impl List for Accounts<'_> {
    type Key = i64;
    type Row = Account;

    fn gather(
        &self,
        after: Option<&i64>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<Vec<i64>>, StoreError> {
        let after = after.copied().unwrap_or(i64::MIN);
        let mut into = Gathered { ids: BTreeSet::new(), after, most, reading };
        let is_whole = match self.search {
            AccountSearch::People | AccountSearch::Everybody => false,
            AccountSearch::Number(id, name) => {
                let named = self.db.dialect().exact("u.user_name", 1);
                let named = format!("{named} AND u.id > 0");
                self.add("u.id = ?1", &[(*id).into()], &mut into)?
                    && self.add(&named, &[name.into()], &mut into)?
            }
            AccountSearch::Uid(uid) => self.add("u.user_uid = ?1", &[uid.into()], &mut into)?,
            AccountSearch::Prefix { .. } => {
                let mut is_whole = !self.ranges.is_empty();
                for range in &self.ranges {
                    is_whole =
                        is_whole && !range.exceeds(into.reading.left, "auth_users u", self.db)?;
                }
                for range in &self.ranges {
                    let which = format!("{} AND u.id > 0", range.condition(self.db.dialect()));
                    is_whole = is_whole && self.add(&which, &range.values(), &mut into)?;
                }
                is_whole
            }
        };
        Ok(is_whole.then(|| into.ids.into_iter().collect()))
    }

    fn walk(
        &self,
        after: Option<&i64>,
        rows: usize,
        found: &mut Vec<i64>,
        most: usize,
    ) -> Result<Walked<i64>, StoreError> {
        let (condition, values) = self.condition();
        let statement = format!(
            "SELECT u.id, {} FROM auth_users u WHERE u.id > ?1 ORDER BY u.id LIMIT ?2",
            flag(&condition)
        );
        let mut at = after.copied().unwrap_or(i64::MIN);
        let mut all = vec![at.into(), rows.into()];
        all.extend(values);
        let mut statement = self.db.prepare(Statement::same(&statement))?;
        let mut read = statement.query(&all)?;
        let (mut count, mut last) = (0, None);
        while found.len() < most
            && let Some(row) = read.next()?
        {
            count += 1;
            last = Some(row.exact_integer(0)?);
            if row.flag(1)? {
                found.extend(last);
            }
        }
        drop(read);
        at = last.unwrap_or(at);
        Ok(if found.len() < most && count == rows { Walked::At(at) } else { Walked::Done })
    }

    fn rows(&self, keys: Vec<i64>) -> Result<Vec<(i64, Account)>, StoreError> {
        let statement = format!("{} WHERE u.id = ?1", select(&self.db.columns));
        let mut statement = self.db.prepare(Statement::same(&statement))?;
        let mut found = Vec::with_capacity(keys.len());
        for id in keys {
            let account = statement.one(&[id.into()], account_row)?;
            found.extend(account.map(|account| (id, account)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{own, plan};
    use super::*;

    #[test]
    fn a_beginning_is_found_in_the_index_of_its_column_alone() {
        let (_directory, db) = own();
        for (column, collation) in [
            ("user_name", Collation::Binary),
            ("user_email", Collation::Binary),
            ("display_name", Collation::NoCase),
        ] {
            let name = format!("u.{column}");
            let range = PrefixRange::new(&name, "a", collation);
            let which = format!("{} AND u.id > 0", range.condition(db.dialect()));
            let plan = plan(&db, &ids(&which, false), &range.values());
            let index = format!("SEARCH u USING COVERING INDEX idx_auth_users_{column} ");
            assert!(plan.starts_with(&index), "{plan}");
        }
    }

    #[test]
    fn numbers_uids_and_the_order_of_the_list_are_found_by_index() {
        let (_directory, db) = own();
        for (which, found) in [
            ("u.id = ?1", "SEARCH u USING INTEGER PRIMARY KEY (rowid=?)"),
            (
                "u.user_name = ?1 AND u.id > 0",
                "SEARCH u USING COVERING INDEX idx_auth_users_user_name",
            ),
            ("u.user_uid = ?1", "SEARCH u USING COVERING INDEX uix_auth_users_user_uid"),
            ("u.id > ?1 ORDER BY u.id", "SEARCH u USING INTEGER PRIMARY KEY (rowid>?)"),
        ] {
            let plan =
                plan(&db, &format!("SELECT u.id FROM auth_users u WHERE {which}"), &["1".into()]);
            assert!(plan.starts_with(found) && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
