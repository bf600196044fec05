//! Accounts: one row as it is stored, and the reads of single accounts.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, Params, Row, params};

use super::columns::column;
use super::db::Db;
use super::error::StoreError;
use super::rows::{count, flag, text};

/// The columns that [`UserRow`] reads, in its order.
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

/// An account as it is stored; times are PhotoPrism's text, `""` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the row has these columns")]
pub struct UserRow {
    /// Row id; above 0 for people.
    pub id: i64,
    /// UID.
    pub uid: String,
    /// Login name.
    pub name: String,
    /// Full name.
    pub display_name: String,
    /// Email address.
    pub email: String,
    /// Role as stored, whatever `super_admin` changes about it.
    pub role: String,
    /// Column Super Admin.
    pub super_admin: bool,
    /// Column Web Login.
    pub can_login: bool,
    /// Column WebDAV.
    pub webdav: bool,
    /// Provider.
    pub provider: String,
    /// Method, `2fa` with two-factor authentication.
    pub method: String,
    /// Subject or distinguished name.
    pub auth_id: String,
    /// Issuer.
    pub auth_issuer: String,
    /// Base directory.
    pub base_path: String,
    /// Sub-directory for uploads.
    pub upload_path: String,
    /// Attributes.
    pub attr: String,
    /// Last login.
    pub login_at: String,
    /// Expiry of the account.
    pub expires_at: String,
    /// Created at.
    pub created_at: String,
    /// Changed at.
    pub updated_at: String,
    /// Deleted at.
    pub deleted_at: String,
    /// There is a password hash.
    pub has_password: bool,
    /// There is an activated passcode.
    pub has_passcode: bool,
}

impl UserRow {
    /// Bytes of its texts, without those of its times.
    pub fn bytes(&self) -> usize {
        let names = [&self.uid, &self.name, &self.display_name, &self.email, &self.role];
        let rights = [&self.provider, &self.method, &self.auth_id, &self.auth_issuer];
        let paths = [&self.base_path, &self.upload_path, &self.attr];
        names.into_iter().chain(rights).chain(paths).map(String::len).sum()
    }
}

/// The statement up to `FROM auth_users u`, for a table that has these columns.
pub(super) fn select(have: &HashSet<String>, passcodes: bool) -> String {
    let columns: Vec<String> = COLUMNS.iter().map(|name| column(have, name)).collect();
    let passcode = if passcodes {
        "EXISTS (SELECT 1 FROM passcodes c WHERE c.uid = u.user_uid AND c.key_type = 'totp' AND \
         c.activated_at IS NOT NULL)"
    } else {
        "0"
    };
    format!(
        "SELECT {}, EXISTS (SELECT 1 FROM passwords p WHERE p.uid = u.user_uid AND p.hash <> ''), \
         {passcode} FROM auth_users u",
        columns.join(", ")
    )
}

pub(super) fn user_row(row: &Row<'_>) -> Result<UserRow, rusqlite::Error> {
    Ok(UserRow {
        id: row.get(0)?,
        uid: text(row, 1)?,
        name: text(row, 2)?,
        display_name: text(row, 3)?,
        email: text(row, 4)?,
        role: text(row, 5)?,
        super_admin: flag(row, 6)?,
        can_login: flag(row, 7)?,
        webdav: flag(row, 8)?,
        provider: text(row, 9)?,
        method: text(row, 10)?,
        auth_id: text(row, 11)?,
        auth_issuer: text(row, 12)?,
        base_path: text(row, 13)?,
        upload_path: text(row, 14)?,
        attr: text(row, 15)?,
        login_at: text(row, 16)?,
        expires_at: text(row, 17)?,
        created_at: text(row, 18)?,
        updated_at: text(row, 19)?,
        deleted_at: text(row, 20)?,
        has_password: flag(row, 21)?,
        has_passcode: flag(row, 22)?,
    })
}

/// The `+` keeps SQLite at the index of names.
pub(super) const LIVE_NAMESAKE: &str =
    "WHERE u.user_name = ?1 AND +u.deleted_at IS NULL ORDER BY u.id LIMIT 1";

pub(super) const NAMESAKE: &str = "WHERE u.user_name = ?1 ORDER BY u.id LIMIT 1";

fn one(db: &Db, rest: &str, params: impl Params) -> Result<Option<UserRow>, StoreError> {
    let statement = format!("{} {rest}", db.columns.users);
    Ok(db.conn.prepare_cached(&statement)?.query_row(params, user_row).optional()?)
}

/// The account of that UID, deleted or not.
pub fn user_by_uid(db: &Db, uid: &str) -> Result<Option<UserRow>, StoreError> {
    one(db, "WHERE u.user_uid = ?1", [uid])
}

/// The account of that row id, deleted or not.
pub fn user_by_id(db: &Db, id: i64) -> Result<Option<UserRow>, StoreError> {
    one(db, "WHERE u.id = ?1", [id])
}

/// The account of that name in its stored form, deleted or not; one that is not deleted first.
pub fn user_by_name(db: &Db, name: &str) -> Result<Option<UserRow>, StoreError> {
    if name.is_empty() {
        return Ok(None);
    }
    // One after the other: SQLite would sort each time to order by both.
    match one(db, LIVE_NAMESAKE, [name])? {
        Some(row) => Ok(Some(row)),
        None => one(db, NAMESAKE, [name]),
    }
}

/// The account of that email address, deleted or not.
pub fn user_by_email(db: &Db, email: &str) -> Result<Option<UserRow>, StoreError> {
    if email.is_empty() {
        return Ok(None);
    }
    one(db, "WHERE u.user_email = ?1 ORDER BY u.id LIMIT 1", [email])
}

/// Another account than `id` with that auth id at that provider, deleted or not.
pub fn user_by_auth_id(
    db: &Db,
    (provider, auth_id): (&str, &str),
    id: i64,
) -> Result<Option<UserRow>, StoreError> {
    if auth_id.is_empty() || !db.columns.has("auth_users", "auth_id") {
        return Ok(None);
    }
    // `70` is found where the column converted it to a number: SQLite does the same with the value
    // that it is compared with.
    let which =
        "WHERE u.auth_id = ?1 AND +u.auth_provider = ?2 AND u.id <> ?3 ORDER BY u.id LIMIT 1";
    one(db, which, params![auth_id, provider, id])
}

/// Whether another account than `id` is a super admin who may log in: not deleted, with a name and
/// a provider. A super admin is an admin, never expires and needs no `can_login`.
pub fn other_super_admin(db: &Db, id: i64) -> Result<bool, StoreError> {
    let statement = "SELECT EXISTS (SELECT 1 FROM auth_users WHERE super_admin AND id > 0
         AND id <> ?1 AND deleted_at IS NULL AND user_name <> '' AND auth_provider <> 'none')";
    Ok(db.conn.prepare_cached(statement)?.query_row([id], |row| row.get(0))?)
}

/// The name of the account with that row id, where it has one and is not deleted.
pub fn first_admin_name(db: &Db, id: i64) -> Result<Option<String>, StoreError> {
    let statement = "SELECT user_name FROM auth_users WHERE id = ?1 AND deleted_at IS NULL";
    let name = db.conn.prepare_cached(statement)?.query_row([id], |row| text(row, 0)).optional()?;
    Ok(name.filter(|name| !name.is_empty()))
}

/// Rows by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions.
    pub sessions: u64,
    /// Login records.
    pub logins: u64,
}

/// Counts the rows of each kind.
pub fn counts(db: &Db) -> Result<Counts, StoreError> {
    let number = |statement: &str| -> Result<u64, StoreError> {
        Ok(db.conn.prepare_cached(statement)?.query_row([], |row| count(row, 0))?)
    };
    let deleted =
        number("SELECT count(*) FROM auth_users WHERE deleted_at IS NOT NULL AND id > 0")?;
    // The system rows are two, and never deleted: counting all is counting an index.
    let all = number("SELECT count(*) FROM auth_users")?;
    let system = number("SELECT count(*) FROM auth_users WHERE id <= 0")?;
    let logins = if db.columns.logins {
        db.prepare_own("SELECT count(*) FROM logins.audit_logins")?
            .query_row([], |row| super::rows::count(row, 0))?
    } else {
        0
    };
    Ok(Counts {
        users: all.saturating_sub(system).saturating_sub(deleted),
        deleted,
        sessions: number("SELECT count(*) FROM auth_sessions")?
            .saturating_sub(super::sessions::hidden_sessions(db)?),
        logins,
    })
}
