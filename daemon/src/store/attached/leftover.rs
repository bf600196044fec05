//! Tables that an earlier version of the daemon created in `index.db`, moved to the attached file.
//!
//! One transaction copies and drops them. If it is interrupted between the two commits, the copy
//! exists and the tables are still in `index.db`; the next start sees that their audit trail is
//! part of its own, and drops them.

use rusqlite::{Connection, OptionalExtension};
use tracing::{info, warn};

use super::file::ready;
use crate::store::columns::Columns;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::meta::key_of_path;
use crate::store::transaction::end_with_sync;

/// What is copied of each table. Nothing of `admin_meta`: the attached file has its own.
const COPIES: [(&str, &str); 5] = [
    (
        "admin_audit",
        "INSERT INTO admin.admin_audit (number, at, uid, gid, pid, socket, command, target, hash)
         SELECT number, at, uid, gid, pid, socket, command, target, hash FROM main.admin_audit
         ORDER BY number",
    ),
    (
        "admin_idempotency",
        "INSERT OR IGNORE INTO admin.admin_idempotency
           (uid, key, command, fingerprint, password_of, result, created_at)
         SELECT uid, key, command, fingerprint, password_of, result, created_at
         FROM main.admin_idempotency",
    ),
    (
        "admin_limits",
        "INSERT OR IGNORE INTO admin.admin_limits (kind, subject, taken, updated_at)
         SELECT kind, subject, taken, updated_at FROM main.admin_limits",
    ),
    (
        "admin_passcode_steps",
        "INSERT INTO admin.admin_passcode_steps (uid, step)
         SELECT uid, step FROM main.admin_passcode_steps WHERE true
         ON CONFLICT (uid) DO UPDATE SET step = max(step, excluded.step)",
    ),
    (
        "audit_logins",
        "INSERT OR IGNORE INTO admin.audit_logins (client_ip, login_name, login_realm,
           login_status, error_message, error_repeated, client_browser, login_at, failed_at,
           banned_at, created_at, updated_at)
         SELECT client_ip, login_name, login_realm, login_status, error_message, error_repeated,
           client_browser, login_at, failed_at, banned_at, created_at, updated_at
         FROM main.audit_logins",
    ),
];

/// How the audit trail in `index.db` relates to the one in the attached file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trail {
    /// The attached file has none yet.
    Moves,
    /// All of it is in the attached file.
    Known,
    /// It is a different one.
    Foreign,
}

/// Moves them, if there are any. A trail that differs from that of the attached file is left alone:
/// nothing reads it or writes to it, and `doctor` reports it.
pub(in crate::store) fn move_leftover(db: &mut Db) -> Result<(), StoreError> {
    if db.columns.in_main.is_empty() || db.own_tables.foreign.get() {
        return Ok(());
    }
    if !db.columns.attached {
        // The fingerprints of its idempotency keys were created with this one.
        db.own_tables.key = key_of_path(&db.path);
    }
    ready(db)?;
    db.begin()?;
    let moved = run(db).and_then(|trail| match trail {
        Trail::Foreign => db.rollback().map(|()| trail),
        Trail::Moves | Trail::Known => end_with_sync(db.commit()).map(|()| trail),
    });
    if moved.is_err() && db.in_transaction() {
        db.rollback()?;
    }
    let tables = db.columns.in_main.join(", ");
    match moved? {
        Trail::Moves => {
            info!(tables, "the daemon's tables were moved out of PhotoPrism's database");
        }
        Trail::Known => info!(tables, "tables that a restored dump brought back were dropped"),
        Trail::Foreign => {
            db.own_tables.foreign.set(true);
            warn!(
                tables,
                "PhotoPrism's database holds tables of a daemon with another audit trail"
            );
        }
    }
    db.columns = Columns::read(&db.conn)?;
    Ok(())
}

/// The daemon's tables in PhotoPrism's file that are not moved, because their trail is another one.
pub fn foreign_tables(db: &Db) -> Option<String> {
    db.own_tables.foreign.get().then(|| db.columns.in_main.join(", "))
}

fn run(db: &Db) -> Result<Trail, StoreError> {
    let has = |name: &str| db.columns.in_main.iter().any(|table| table == name);
    let trail = if has("admin_audit") { trail(db.sqlite()?)? } else { Trail::Known };
    if trail == Trail::Moves {
        let same_key = own_key(db.sqlite()?)? == key_of_path(&db.path);
        for (table, copy) in COPIES {
            if has(table) && (table != "admin_idempotency" || same_key) {
                db.sqlite()?.execute(copy, [])?;
            }
        }
    }
    if trail != Trail::Foreign {
        for table in &db.columns.in_main {
            db.sqlite()?.execute_batch(&format!("DROP TABLE main.{table}"))?;
        }
    }
    Ok(trail)
}

fn own_key(conn: &Connection) -> Result<Vec<u8>, StoreError> {
    let statement = "SELECT value FROM admin.admin_meta WHERE key = 'cursor_key'";
    Ok(conn.query_row(statement, [], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// A hash covers all records before it: where the last one is known, all of them are.
fn trail(conn: &Connection) -> Result<Trail, StoreError> {
    let last = "SELECT number, hash FROM main.admin_audit ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, String)> =
        conn.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let own: i64 =
        conn.query_row("SELECT count(*) FROM admin.admin_audit", [], |row| row.get(0))?;
    let Some((number, hash)) = last else {
        return Ok(if own == 0 { Trail::Moves } else { Trail::Known });
    };
    if own == 0 {
        return Ok(Trail::Moves);
    }
    let known = "SELECT count(*) > 0 FROM admin.admin_audit WHERE number = ?1 AND hash = ?2";
    let known = conn.query_row(known, (number, hash), |row| row.get(0))?;
    Ok(if known { Trail::Known } else { Trail::Foreign })
}
