//! Last uses of sessions.

use rusqlite::params;

use crate::model::LastUse;
use crate::store::db::Tx;
use crate::store::error::StoreError;

/// Writes last uses. A use that is older than the stored one changes nothing.
pub fn sessions_seen(tx: &Tx<'_>, seen: &[LastUse]) -> Result<(), StoreError> {
    let mut used = tx.conn.prepare_cached(
        "UPDATE auth_sessions SET last_active = ?2
         WHERE id = ?1 AND ifnull(last_active, 0) <= ?2",
    )?;
    for LastUse { id, last_active, client_ip } in seen {
        let known = used.execute(params![id, last_active])? == 1;
        if let Some(client_ip) = client_ip
            && known
            && tx.columns.has("auth_sessions", "client_ip")
        {
            tx.conn
                .prepare_cached("UPDATE auth_sessions SET client_ip = ?2 WHERE id = ?1")?
                .execute([id, client_ip])?;
        }
    }
    Ok(())
}
