//! Accounts: their columns as they are stored, and the reads of single accounts.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Params, Row, params};

use super::columns::Columns;
use super::db::Db;
use super::error::StoreError;
use super::rows::{flag, text, time};
use super::times::format_stored;
use crate::model::{Account, Deleted, Provider, Role, effective_rights};

/// The columns that [`account_row`] reads, in its order.
const COLUMNS: [&str; 21] = [
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
];

/// The columns that commands set, each with its value for that account.
pub(super) fn values(account: &Account) -> [(&'static str, Value); 15] {
    let text = |text: &str| Value::Text(text.to_owned());
    let flag = |flag: bool| Value::Integer(flag.into());
    let expires_at = account.expires_at.map(format_stored).map_or(Value::Null, Value::Text);
    [
        ("user_name", text(&account.name)),
        ("user_role", text(account.role.as_str())),
        ("display_name", text(&account.display_name)),
        ("user_email", text(&account.email)),
        ("auth_provider", text(account.provider.as_str())),
        ("auth_method", text(&account.method)),
        ("auth_id", text(&account.auth_id)),
        ("auth_issuer", text(&account.auth_issuer)),
        ("super_admin", flag(account.super_admin)),
        ("can_login", flag(account.can_login)),
        ("webdav", flag(account.webdav)),
        ("base_path", text(&account.base_path)),
        ("upload_path", text(&account.upload_path)),
        ("user_attr", text(&account.attr)),
        ("expires_at", expires_at),
    ]
}

/// The columns whose value differs, with the new value.
pub(super) fn differing(before: &Account, after: &Account) -> Vec<(&'static str, Value)> {
    let pairs = values(before).into_iter().zip(values(after));
    pairs.filter_map(|(before, after)| (before != after).then_some(after)).collect()
}

/// The statement up to `FROM auth_users u`.
pub(super) fn select(columns: &Columns) -> &str {
    columns.accounts_select.get_or_init(|| {
        let names = COLUMNS.map(|name| columns.column("auth_users", name));
        let passcode = if columns.has_table("passcodes") {
            "EXISTS (SELECT 1 FROM passcodes c WHERE c.uid = u.user_uid AND c.key_type = 'totp' \
             AND c.activated_at IS NOT NULL)"
        } else {
            "0"
        };
        format!(
            "SELECT {}, EXISTS (SELECT 1 FROM passwords p WHERE p.uid = u.user_uid AND \
             p.hash <> ''), {passcode} FROM auth_users u",
            names.join(", ")
        )
    })
}

pub(super) fn account_row(row: &Row<'_>) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        id: row.get(0)?,
        uid: text(row, 1)?,
        name: text(row, 2)?,
        display_name: text(row, 3)?,
        email: text(row, 4)?,
        role: Role::from_stored(text(row, 5)?),
        super_admin: flag(row, 6)?,
        can_login: flag(row, 7)?,
        webdav: flag(row, 8)?,
        provider: Provider::from_stored(text(row, 9)?),
        method: text(row, 10)?,
        auth_id: text(row, 11)?,
        auth_issuer: text(row, 12)?,
        base_path: text(row, 13)?,
        upload_path: text(row, 14)?,
        attr: text(row, 15)?,
        login_at: time(row, 16)?,
        expires_at: time(row, 17)?,
        created_at: time(row, 18)?,
        updated_at: time(row, 19)?,
        deleted: deleted(row, 20)?,
        has_password: flag(row, 21)?,
        has_passcode: flag(row, 22)?,
    })
}

pub(super) fn deleted(row: &Row<'_>, column: usize) -> Result<Deleted, rusqlite::Error> {
    Ok(match (text(row, column)?.is_empty(), time(row, column)?) {
        (true, _) => Deleted::No,
        (false, Some(instant)) => Deleted::At(instant),
        (false, None) => Deleted::AtUnknownTime,
    })
}

/// The `+` keeps SQLite at the index of names.
pub(super) const LIVE_BY_NAME: &str =
    "WHERE u.user_name = ?1 AND +u.deleted_at IS NULL ORDER BY u.id LIMIT 1";

pub(super) const BY_NAME: &str = "WHERE u.user_name = ?1 ORDER BY u.id LIMIT 1";

fn one(db: &Db, rest: &str, params: impl Params) -> Result<Option<Account>, StoreError> {
    let statement = format!("{} {rest}", select(&db.columns));
    Ok(db.conn.prepare_cached(&statement)?.query_row(params, account_row).optional()?)
}

/// The account of that UID, deleted or not.
pub fn account_by_uid(db: &Db, uid: &str) -> Result<Option<Account>, StoreError> {
    one(db, "WHERE u.user_uid = ?1", [uid])
}

/// The account of that row id, deleted or not.
pub fn account_by_id(db: &Db, id: i64) -> Result<Option<Account>, StoreError> {
    one(db, "WHERE u.id = ?1", [id])
}

/// The account of that name in its stored form, deleted or not; one that is not deleted first.
pub fn account_by_name(db: &Db, name: &str) -> Result<Option<Account>, StoreError> {
    if name.is_empty() {
        return Ok(None);
    }
    // One after the other: SQLite would sort each time to order by both.
    let first = one(db, BY_NAME, [name])?;
    if first.as_ref().is_some_and(Account::is_deleted)
        && let Some(live) = one(db, LIVE_BY_NAME, [name])?
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
    one(db, "WHERE u.user_email = ?1 ORDER BY u.id LIMIT 1", [email])
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
    one(db, which, params![auth_id, provider.as_str(), id])
}

/// Whether another account than `id` is a super admin who may log in at `now`.
pub fn other_super_admin(db: &Db, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let statement = format!(
        "{} WHERE u.super_admin AND u.id > 0 AND u.id <> ?1 AND u.deleted_at IS NULL",
        select(&db.columns)
    );
    let mut statement = db.conn.prepare_cached(&statement)?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let account = account_row(row)?;
        if account.super_admin && effective_rights(&account, db.kind().edition(), now).may_login {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The name of the account with that row id, where it has one and is not deleted.
pub fn first_admin_name(db: &Db, id: i64) -> Result<Option<String>, StoreError> {
    let statement = "SELECT user_name FROM auth_users WHERE id = ?1 AND deleted_at IS NULL";
    let name = db.conn.prepare_cached(statement)?.query_row([id], |row| text(row, 0)).optional()?;
    Ok(name.filter(|name| !name.is_empty()))
}
