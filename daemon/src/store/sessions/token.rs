//! The session by which the daemon itself speaks to a running PhotoPrism: hidden from every command
//! by an entry of its own, and deleted as soon as it is not needed any more.

use super::ended::{DELETE, FORGET, put_entry};
use super::insert::session_insert;
use super::notifying::holder;
use crate::model::{Effect, Session};
use crate::store::db::{Db, Tx};
use crate::store::engine::Statement;
use crate::store::error::StoreError;

/// Seconds after which a token that another daemon has left behind is deleted: twice its lifetime.
const LEFT_BEHIND: i64 = 120;

/// Adds the session of a token, whose account it chooses. False where there is nobody.
pub fn token_insert(tx: &Tx<'_>, session: &Session, now: i64) -> Result<bool, StoreError> {
    let Some(account) = holder(tx, now)? else { return Ok(false) };
    let session = Session { user_uid: account.uid, user_name: account.name, ..session.clone() };
    session_insert(tx, &session)?;
    put_entry(tx, [&session.id, &session.ref_id, &session.user_uid], "token", now)?;
    tx.add_effect(Effect::IdsEnded(vec![session.id]));
    Ok(true)
}

/// Deletes the session of a token.
pub fn token_remove(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    tx.change(DELETE, &[id.into()])?;
    tx.change(FORGET, &[id.into()])?;
    tx.add_effect(Effect::IdsReleased(vec![id.to_owned()]));
    Ok(())
}

/// Tokens that an earlier run has left behind: of this daemon all, of others the old ones.
pub fn tokens_left_behind(db: &Db, now: i64) -> Result<Vec<String>, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let left = Statement::same(
        "SELECT session_id FROM own.admin_ended
         WHERE state = 'token' AND (claimed_by = ?1 OR claimed_at <= ?2 OR claimed_at > ?3)",
    );
    let claim = db.claim();
    let values = [(&claim).into(), (now - LEFT_BEHIND).into(), (now + LEFT_BEHIND).into()];
    db.all(left.own(), &values, |row| row.text(0))
}
