//! Accounts: their columns as they are stored, and the reads of single accounts.

use jiff::Timestamp;

use super::columns::Columns;
use super::db::Db;
use super::engine::{Dialect, Row, Statement, Value};
use super::error::StoreError;
use crate::model::{Account, Deleted, Provider, Role, effective_rights};

/// The columns that [`account_row`] reads, in its order.
const COLUMNS: [&str; 22] = [
    "id",
    "user_uid",
    "user_name",
    "display_name",
    "user_email",
    "user_role",
    "super_admin",
    "can_login",
    "webdav",
    "auth_provider",
    "auth_method",
    "auth_id",
    "auth_issuer",
    "base_path",
    "upload_path",
    "user_attr",
    "login_at",
    "expires_at",
    "created_at",
    "updated_at",
    "deleted_at",
    "user_scope",
];

/// The columns that commands set, each with its value for that account.
pub(super) fn values(account: &Account) -> [(&'static str, Value<'_>); 15] {
    [
        ("user_name", (&account.name).into()),
        ("user_role", account.role.as_str().into()),
        ("display_name", (&account.display_name).into()),
        ("user_email", (&account.email).into()),
        ("auth_provider", account.provider.as_str().into()),
        ("auth_method", (&account.method).into()),
        ("auth_id", (&account.auth_id).into()),
        ("auth_issuer", (&account.auth_issuer).into()),
        ("super_admin", account.super_admin.into()),
        ("can_login", account.can_login.into()),
        ("webdav", account.webdav.into()),
        ("base_path", (&account.base_path).into()),
        ("upload_path", (&account.upload_path).into()),
        ("user_attr", (&account.attr).into()),
        ("expires_at", account.expires_at.into()),
    ]
}

/// The columns whose value differs, with the new value.
pub(super) fn differing<'a>(
    before: &Account,
    after: &'a Account,
) -> Vec<(&'static str, Value<'a>)> {
    let pairs = values(before).into_iter().zip(values(after));
    pairs.filter_map(|(before, after)| (before != after).then_some(after)).collect()
}

/// The statement up to `FROM auth_users u`.
pub(super) fn select(columns: &Columns) -> String {
    format!("SELECT {} FROM auth_users u", listed(columns))
}

/// What [`account_row`] reads of `auth_users u`.
pub(super) fn listed(columns: &Columns) -> &str {
    columns.accounts_listed.get_or_init(|| {
        let names = COLUMNS.map(|name| columns.column("auth_users", name));
        let passcode = if columns.has_table("passcodes") {
            "EXISTS (SELECT 1 FROM passcodes c WHERE c.uid = u.user_uid AND c.key_type = 'totp' \
             AND c.activated_at IS NOT NULL)"
        } else {
            "0"
        };
        format!(
            "{}, EXISTS (SELECT 1 FROM passwords p WHERE p.uid = u.user_uid AND p.hash <> ''), \
             {passcode}",
            names.join(", ")
        )
    })
}

pub(super) fn account_row(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.exact_integer(0)?,
        uid: row.text(1)?,
        name: row.text(2)?,
        display_name: row.text(3)?,
        email: row.text(4)?,
        role: Role::from_stored(row.text(5)?),
        super_admin: row.flag(6)?,
        can_login: row.flag(7)?,
        webdav: row.flag(8)?,
        provider: Provider::from_stored(row.text(9)?),
        method: row.text(10)?,
        auth_id: row.text(11)?,
        auth_issuer: row.text(12)?,
        base_path: row.text(13)?,
        upload_path: row.text(14)?,
        attr: row.text(15)?,
        login_at: row.time(16)?,
        expires_at: row.time(17)?,
        created_at: row.time(18)?,
        updated_at: row.time(19)?,
        deleted: deleted(row, 20)?,
        scope: row.text(21)?,
        has_password: row.flag(22)?,
        has_passcode: row.flag(23)?,
    })
}

pub(super) fn deleted(row: &Row<'_>, column: usize) -> Result<Deleted, StoreError> {
    Ok(match (row.text(column)?.is_empty(), row.time(column)?) {
        (true, _) => Deleted::No,
        (false, Some(instant)) => Deleted::At(instant),
        (false, None) => Deleted::AtUnknownTime,
    })
}

/// Which account has the name `?1`, deleted or not.
pub(super) fn by_name(dialect: Dialect) -> String {
    format!("WHERE {} ORDER BY u.id LIMIT 1", dialect.exact("u.user_name", 1))
}

/// Which of those that are not deleted has it. The `+` keeps SQLite at the index of names.
pub(super) fn live_by_name(dialect: Dialect) -> String {
    let named = dialect.exact("u.user_name", 1);
    format!("WHERE {named} AND +u.deleted_at IS NULL ORDER BY u.id LIMIT 1")
}

fn one(db: &Db, rest: &str, values: &[Value<'_>]) -> Result<Option<Account>, StoreError> {
    let statement = format!("{} {rest}{}", select(&db.columns), db.row_lock());
    db.one(Statement::same(&statement), values, account_row)
}

/// The account of that UID, deleted or not.
pub fn account_by_uid(db: &Db, uid: &str) -> Result<Option<Account>, StoreError> {
    one(db, "WHERE u.user_uid = ?1", &[uid.into()])
}

/// The account of that row id, deleted or not.
pub fn account_by_id(db: &Db, id: i64) -> Result<Option<Account>, StoreError> {
    one(db, "WHERE u.id = ?1", &[id.into()])
}

/// The account of that name in its stored form, deleted or not; one that is not deleted first.
pub fn account_by_name(db: &Db, name: &str) -> Result<Option<Account>, StoreError> {
    if name.is_empty() {
        return Ok(None);
    }
    // One after the other: SQLite would sort each time to order by both.
    let first = one(db, &by_name(db.dialect()), &[name.into()])?;
    if first.as_ref().is_some_and(Account::is_deleted)
        && let Some(live) = one(db, &live_by_name(db.dialect()), &[name.into()])?
    {
        return Ok(Some(live));
    }
    Ok(first)
}

/// The account of that email address, deleted or not.
pub fn account_by_email(db: &Db, email: &str) -> Result<Option<Account>, StoreError> {
    if email.is_empty() {
        return Ok(None);
    }
    let which = db.dialect().exact("u.user_email", 1);
    one(db, &format!("WHERE {which} ORDER BY u.id LIMIT 1"), &[email.into()])
}

/// Another account with the same auth id at the same provider, deleted or not.
pub fn account_by_auth_id(db: &Db, account: &Account) -> Result<Option<Account>, StoreError> {
    let Account { id, provider, auth_id, .. } = account;
    if auth_id.is_empty() || !db.columns.has("auth_users", "auth_id") {
        return Ok(None);
    }
    // `70` is found where the column converted it to a number: SQLite does the same with the value
    // that it is compared with.
    let which =
        "WHERE u.auth_id = ?1 AND +u.auth_provider = ?2 AND u.id <> ?3 ORDER BY u.id LIMIT 1";
    one(db, which, &[auth_id.into(), provider.as_str().into(), (*id).into()])
}

/// What the database may take for the same although it is another text.
#[derive(Clone, Copy, Debug)]
pub enum Unique {
    /// The name.
    Name,
    /// The email address.
    Email,
}

/// The name of another account than `id`, deleted or not, whose name or email the collation of
/// PhotoPrism's column takes for the same as that text: PhotoPrism would find the one for the other.
pub fn taken_for_same(
    db: &Db,
    which: Unique,
    text: &str,
    id: i64,
) -> Result<Option<String>, StoreError> {
    if db.server.is_none() || text.is_empty() {
        return Ok(None);
    }
    let column = match which {
        Unique::Name => "user_name",
        Unique::Email => "user_email",
    };
    let statement =
        format!("SELECT user_name FROM auth_users WHERE {column} = ?1 AND id <> ?2 LIMIT 1");
    let found = db.one(Statement::same(&statement), &[text.into(), id.into()], |row| row.text(0));
    found.map_err(|error| match error {
        StoreError::NotInCharset { .. } => StoreError::NotInCharset { column: column.into() },
        other => other,
    })
}

/// Whether another account than `id` is a super admin who may log in at `now`.
pub fn other_super_admin(db: &Db, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let statement = format!(
        "{} WHERE u.super_admin AND u.id > 0 AND u.id <> ?1 AND u.deleted_at IS NULL ORDER BY u.id{}",
        select(&db.columns),
        db.row_lock()
    );
    let mut statement = db.prepare(Statement::same(&statement))?;
    let mut rows = statement.query(&[id.into()])?;
    while let Some(row) = rows.next()? {
        let account = account_row(&row)?;
        if account.super_admin && effective_rights(&account, db.kind().edition(), now).may_login {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The super admins that are not deleted, in the order of their ids.
pub(super) fn super_admins(db: &Db) -> Result<Vec<Account>, StoreError> {
    let statement = format!(
        "{} WHERE u.super_admin AND u.id > 0 AND u.deleted_at IS NULL ORDER BY u.id",
        select(&db.columns)
    );
    let found = db.all(Statement::same(&statement), &[], account_row)?;
    Ok(found.into_iter().filter(|account| account.super_admin).collect())
}

/// The name of the account with that row id, where it has one and is not deleted.
pub fn first_admin_name(db: &Db, id: i64) -> Result<Option<String>, StoreError> {
    let statement =
        Statement::same("SELECT user_name FROM auth_users WHERE id = ?1 AND deleted_at IS NULL");
    let name = db.one(statement, &[id.into()], |row| row.text(0))?;
    Ok(name.filter(|name| !name.is_empty()))
}
