//! Whether PhotoPrism is notified of what ends, and in whose name.

use jiff::Timestamp;

use crate::model::{Account, effective_rights};
use crate::store::accounts::super_admins;
use crate::store::db::Db;
use crate::store::engine::Statement;
use crate::store::error::StoreError;

/// Whether PhotoPrism is notified of what ends at these Unix seconds: there is somebody in whose
/// name that can be done.
pub(super) fn notifies(db: &Db, now: i64) -> Result<bool, StoreError> {
    if db.running.notifier.is_none() {
        return Ok(false);
    }
    Ok(holder(db, now)?.is_some())
}

/// Whether rows are kept in the table of sessions that are nobody's any more.
pub(super) fn has_pending(db: &Db) -> Result<bool, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(false);
    }
    let pending = Statement::same(
        "SELECT EXISTS (SELECT 1 FROM own.admin_ended WHERE state IN ('pending', 'token'))",
    );
    Ok(db.one(pending.own(), &[], |row| row.flag(0))? == Some(true))
}

/// The first super admin who may log in; one of whom no session is just being ended, if there is.
pub(super) fn holder(db: &Db, now: i64) -> Result<Option<Account>, StoreError> {
    let now = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
    let edition = db.kind().edition();
    let may = |account: &Account| effective_rights(account, edition, now).may_login;
    let found: Vec<Account> = super_admins(db)?.into_iter().filter(may).collect();
    for account in &found {
        let changing = Statement::same(
            "SELECT EXISTS (SELECT 1 FROM own.admin_ended
             WHERE user_uid = ?1 AND state IN ('pending', 'reload'))",
        );
        let uid = (&account.uid).into();
        if db.one(changing.own(), &[uid], |row| row.flag(0))? != Some(true) {
            return Ok(Some(account.clone()));
        }
    }
    Ok(found.into_iter().next())
}
