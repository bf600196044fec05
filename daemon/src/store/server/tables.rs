//! The daemon's own tables in PhotoPrism's schema. The first write creates them.

use crate::store::columns::Columns;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::mark::add_turns;
use crate::store::meta::{has_cursor_key, set_cursor_key};

/// Each with its name. Words and digits are ASCII; texts that people chose are compared character
/// by character, blanks at the end included.
const TABLES: [(&str, &str); 8] = [
    (
        "admin_meta",
        "CREATE TABLE IF NOT EXISTS admin_meta (
           `key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
           value BLOB NOT NULL
         ) ENGINE=InnoDB",
    ),
    (
        "admin_audit",
        "CREATE TABLE IF NOT EXISTS admin_audit (
           number BIGINT NOT NULL PRIMARY KEY,
           at BIGINT NOT NULL,
           uid BIGINT NOT NULL,
           gid BIGINT NOT NULL,
           pid BIGINT NOT NULL,
           socket VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           command VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           target TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           host VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
         ) ENGINE=InnoDB",
    ),
    (
        "admin_idempotency",
        "CREATE TABLE IF NOT EXISTS admin_idempotency (
           uid BIGINT NOT NULL,
           `key` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           command VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           fingerprint BLOB NOT NULL,
           password_of VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           result LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           created_at BIGINT NOT NULL,
           PRIMARY KEY (uid, `key`),
           KEY idx_admin_idempotency_created_at (uid, created_at)
         ) ENGINE=InnoDB",
    ),
    (
        "admin_limits",
        "CREATE TABLE IF NOT EXISTS admin_limits (
           kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           subject VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           taken DOUBLE NOT NULL,
           updated_at BIGINT NOT NULL,
           PRIMARY KEY (kind, subject)
         ) ENGINE=InnoDB",
    ),
    (
        "admin_passcode_steps",
        "CREATE TABLE IF NOT EXISTS admin_passcode_steps (
           uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL PRIMARY KEY,
           step BIGINT NOT NULL
         ) ENGINE=InnoDB",
    ),
    (
        "admin_ended",
        "CREATE TABLE IF NOT EXISTS admin_ended (
           session_id VARBINARY(255) NOT NULL PRIMARY KEY,
           ref_id VARBINARY(64) NOT NULL,
           user_uid VARBINARY(64) NOT NULL,
           seen_at BIGINT NOT NULL,
           state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           saved_row LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           claimed_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           claimed_at BIGINT NOT NULL,
           KEY idx_admin_ended_seen_at (seen_at)
         ) ENGINE=InnoDB",
    ),
    (
        "admin_changed",
        "CREATE TABLE IF NOT EXISTS admin_changed (
           user_uid VARBINARY(64) NOT NULL PRIMARY KEY,
           user_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           changed_at BIGINT NOT NULL,
           rights LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           made_here LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
           reported LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL
         ) ENGINE=InnoDB",
    ),
    (
        "audit_logins",
        "CREATE TABLE IF NOT EXISTS audit_logins (
           client_ip VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
           login_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
           login_realm VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
           login_status VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
           error_message VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
           error_repeated BIGINT NOT NULL DEFAULT 0,
           client_browser VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
           login_at DATETIME,
           failed_at DATETIME,
           banned_at DATETIME,
           created_at DATETIME,
           updated_at DATETIME,
           PRIMARY KEY (client_ip, login_name, login_realm),
           KEY idx_audit_logins_updated_at (updated_at, client_ip, login_name, login_realm),
           KEY idx_audit_logins_login_name (login_name, updated_at)
         ) ENGINE=InnoDB",
    ),
];

/// The definitions, for somebody who creates the tables beforehand.
pub fn server_tables() -> String {
    let text = |definition: &str| {
        let lines: Vec<&str> = definition.lines().map(str::trim).collect();
        format!("{};\n", lines.join("\n  ").replace("\n  ) ", "\n) "))
    };
    TABLES.iter().map(|(_, definition)| text(definition)).collect()
}

/// Creates the tables that are missing, outside of any transaction: each statement commits.
pub(in crate::store) fn ready(db: &mut Db) -> Result<(), StoreError> {
    if db.mark.is_ready() {
        return Ok(());
    }
    let missing = |db: &Db| TABLES.iter().any(|(name, _)| !db.columns.has_table(name));
    if missing(db) {
        // Looked up again first: CREATE needs a right that nobody has to give where they are there.
        look_up(db)?;
        if missing(db) && db.mark.may_come_back() {
            return Err(StoreError::OtherSchema("the daemon's tables are gone".into()));
        }
        for (name, definition) in TABLES {
            if !db.columns.has_table(name) {
                db.conn.prepare_once(definition)?.change(&[])?;
            }
        }
        look_up(db)?;
        if missing(db) {
            // Somebody drops them, as a dump does that is being restored.
            return Err(StoreError::OtherSchema("the daemon's tables are gone again".into()));
        }
    }
    if !has_cursor_key(db)? {
        if db.mark.may_come_back() {
            return Err(StoreError::OtherSchema("the rows of admin_meta are gone".into()));
        }
        first_rows(db)?;
    }
    db.mark.set_ready(true);
    Ok(())
}

/// Reads which tables there are. Without those of the accounts nothing is to be known of them.
fn look_up(db: &mut Db) -> Result<(), StoreError> {
    let columns = Columns::read(&db.conn)?;
    if let Some(what) = columns.missing() {
        return Err(StoreError::OtherSchema(format!("{what} is gone")));
    }
    db.columns = columns;
    Ok(())
}

/// The key of this database, and the row by which its daemons take turns. Another one may be faster.
fn first_rows(db: &Db) -> Result<(), StoreError> {
    let tx = Tx::new(db);
    db.conn.begin()?;
    let stored = add_turns(&db.conn).and_then(|()| set_cursor_key(&tx, &db.own_tables.key));
    match stored {
        Ok(()) => db.conn.commit(),
        Err(error) => {
            if db.in_transaction() {
                db.conn.rollback()?;
            }
            if matches!(error, StoreError::Constraint(_)) { Ok(()) } else { Err(error) }
        }
    }
}
