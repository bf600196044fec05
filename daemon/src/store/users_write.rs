//! Changes to accounts. Only the columns that change are written.

use rusqlite::ToSql;

use super::changed::watched;
use super::db::Tx;
use super::error::StoreError;
use super::kept::check_kept;

/// The columns of an account to change; `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Role.
    pub role: Option<String>,
    /// Full name.
    pub display_name: Option<String>,
    /// Email address.
    pub email: Option<String>,
    /// Provider.
    pub provider: Option<String>,
    /// Method.
    pub method: Option<String>,
    /// Subject or distinguished name.
    pub auth_id: Option<String>,
    /// Full access.
    pub super_admin: Option<bool>,
    /// May log in with the password.
    pub can_login: Option<bool>,
    /// May use WebDAV.
    pub webdav: Option<bool>,
    /// Base directory.
    pub base_path: Option<String>,
    /// Sub-directory for uploads.
    pub upload_path: Option<String>,
    /// Issuer of that subject.
    pub auth_issuer: Option<String>,
    /// Attributes.
    pub attr: Option<String>,
    /// Expiry of the account; `Some(None)`: never.
    pub expires_at: Option<Option<String>>,
}

impl UserChange {
    fn columns(&self) -> Vec<(&'static str, &dyn ToSql)> {
        fn set<'a>(
            name: &'static str,
            value: Option<&'a (impl ToSql + 'a)>,
        ) -> Option<(&'static str, &'a dyn ToSql)> {
            value.map(|value| (name, value as &dyn ToSql))
        }
        [
            set("user_role", self.role.as_ref()),
            set("display_name", self.display_name.as_ref()),
            set("user_email", self.email.as_ref()),
            set("auth_provider", self.provider.as_ref()),
            set("auth_method", self.method.as_ref()),
            set("auth_id", self.auth_id.as_ref()),
            set("auth_issuer", self.auth_issuer.as_ref()),
            set("super_admin", self.super_admin.as_ref()),
            set("can_login", self.can_login.as_ref()),
            set("webdav", self.webdav.as_ref()),
            set("base_path", self.base_path.as_ref()),
            set("upload_path", self.upload_path.as_ref()),
            set("user_attr", self.attr.as_ref()),
            set("expires_at", self.expires_at.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Writes the changes, and their time.
///
/// # Errors
/// The store's; [`StoreError::Other`] where the account is gone.
pub fn user_change(
    tx: &Tx<'_>,
    uid: &str,
    change: &UserChange,
    now: &str,
) -> Result<(), StoreError> {
    let mut statement = String::from("UPDATE auth_users SET updated_at = ?");
    let mut values: Vec<&dyn ToSql> = vec![&now];
    let there = |column| tx.columns.has("auth_users", column);
    let columns = change.columns();
    check_kept(tx, "auth_users", &columns)?;
    for (column, value) in columns.into_iter().filter(|(column, _)| there(column)) {
        statement = statement + ", " + column + " = ?";
        values.push(value);
    }
    values.push(&uid);
    statement += " WHERE user_uid = ?";
    watched(tx, (uid, now), || one_row(tx.conn.prepare_cached(&statement)?.execute(&*values)?))
}

/// Renames an account and updates its sessions, which are listed and searched by name.
pub fn user_rename(tx: &Tx<'_>, uid: &str, name: &str, now: &str) -> Result<(), StoreError> {
    for table in ["auth_users", "auth_sessions"] {
        check_kept(tx, table, &[("user_name", &name)])?;
    }
    let statement = "UPDATE auth_users SET user_name = ?2, updated_at = ?3 WHERE user_uid = ?1";
    one_row(tx.conn.prepare_cached(statement)?.execute([uid, name, now])?)?;
    let statement = "UPDATE auth_sessions SET user_name = ?2 WHERE user_uid = ?1";
    tx.conn.prepare_cached(statement)?.execute([uid, name])?;
    Ok(())
}

/// Marks an account as deleted.
pub fn user_delete(tx: &Tx<'_>, uid: &str, now: &str) -> Result<(), StoreError> {
    let statement = "UPDATE auth_users SET deleted_at = ?2, updated_at = ?2 WHERE user_uid = ?1";
    watched(tx, (uid, now), || one_row(tx.conn.prepare_cached(statement)?.execute([uid, now])?))
}

/// Restores a deleted account.
pub fn user_undelete(tx: &Tx<'_>, uid: &str, now: &str) -> Result<(), StoreError> {
    let statement = "UPDATE auth_users SET deleted_at = NULL, updated_at = ?2 WHERE user_uid = ?1";
    watched(tx, (uid, now), || one_row(tx.conn.prepare_cached(statement)?.execute([uid, now])?))
}

/// Stores when somebody logged in. The account itself did not change.
pub fn user_logged_in(tx: &Tx<'_>, uid: &str, now: &str) -> Result<(), StoreError> {
    if !tx.columns.has("auth_users", "login_at") {
        return Ok(());
    }
    let statement = "UPDATE auth_users SET login_at = ?2 WHERE user_uid = ?1";
    one_row(tx.conn.prepare_cached(statement)?.execute([uid, now])?)
}

fn one_row(rows: usize) -> Result<(), StoreError> {
    match rows {
        1 => Ok(()),
        rows => Err(StoreError::Other(format!("{rows} accounts changed instead of one"))),
    }
}

/// Deletes the two-factor key of an account; true if there was one.
pub fn passcodes_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    if !tx.columns.has_table("passcodes") {
        return Ok(false);
    }
    Ok(tx.conn.prepare_cached("DELETE FROM passcodes WHERE uid = ?1")?.execute([uid])? > 0)
}
