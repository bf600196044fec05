//! The legacy table `users` that an old PhotoPrism left behind.

use jiff::Timestamp;

use super::columns::Columns;
use super::db::Db;
use super::engine::{Row, Statement};
use super::error::StoreError;

const COLUMNS: [&str; 9] = [
    "id",
    "user_uid",
    "full_name",
    "user_name",
    "primary_email",
    "role_admin",
    "created_at",
    "user_disabled",
    "webdav",
];

/// A row of the legacy table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyRow {
    /// Row id.
    pub id: i64,
    /// UID.
    pub uid: String,
    /// Full name.
    pub name: String,
    /// Login name.
    pub user_name: String,
    /// Email address.
    pub email: String,
    /// Was an admin.
    pub admin: bool,
    pub created_at: Option<Timestamp>,
    /// Was switched off.
    pub disabled: bool,
    /// Could use WebDAV.
    pub webdav: bool,
}

/// The statement up to its conditions.
fn select(columns: &Columns) -> &str {
    columns.legacy_select.get_or_init(|| {
        let names = COLUMNS.map(|name| columns.column("users", name));
        let alive = if columns.has("users", "deleted_at") { "u.deleted_at IS NULL" } else { "1" };
        format!("SELECT {} FROM users u WHERE u.id > 0 AND {alive}", names.join(", "))
    })
}

fn legacy_row(row: &Row<'_>) -> Result<LegacyRow, StoreError> {
    Ok(LegacyRow {
        id: row.exact_integer(0)?,
        uid: row.text(1)?,
        name: row.text(2)?,
        user_name: row.text(3)?,
        email: row.text(4)?,
        admin: row.flag(5)?,
        created_at: row.time(6)?,
        disabled: row.flag(7)?,
        webdav: row.flag(8)?,
    })
}

/// Whether there is a legacy table.
pub fn has_legacy(db: &Db) -> bool {
    db.columns.has_table("users")
}

/// One page of legacy accounts in the order of their ids, from those after `after`. `matches`
/// decides row by row: the table has a handful of rows, and no index would help.
pub fn legacy_page(
    db: &Db,
    after: i64,
    limit: usize,
    matches: impl Fn(&LegacyRow) -> bool,
) -> Result<Vec<LegacyRow>, StoreError> {
    if !has_legacy(db) {
        return Ok(Vec::new());
    }
    let statement = format!("{} AND u.id > ?1 ORDER BY u.id", select(&db.columns));
    let mut statement = db.prepare(Statement::same(&statement))?;
    let mut rows = statement.query(&[after.into()])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let row = legacy_row(&row)?;
        if matches(&row) {
            page.push(row);
        }
        if page.len() == limit {
            break;
        }
    }
    Ok(page)
}
