//! Every safety setting, read back from SQLite itself.

use rusqlite::config::DbConfig;
use rusqlite::{OptionalExtension, StatementStatus};

use super::fixture::StoreFixture;
use crate::store::accounts::{by_name, live_by_name, select};
use crate::store::db::Db;
use crate::store::engine::Statement;
use crate::store::kind::Kind;
use crate::store::pragmas::{LOG_BYTES, LOG_LENGTH};
use crate::store::rows;
use crate::store::{attached, checkpoint};

fn pragma(db: &Db, name: &str) -> String {
    db.sqlite().unwrap().pragma_query_value(None, name, |row| rows::text(row, 0)).unwrap()
}

fn check_common(db: &Db) {
    for (name, value) in [
        ("foreign_keys", "1"),
        ("trusted_schema", "0"),
        ("secure_delete", "1"),
        ("temp_store", "2"),
        // The deletion of PhotoPrism's journal is synced as well.
        ("synchronous", if db.kind == Kind::Own { "2" } else { "3" }),
    ] {
        assert_eq!(pragma(db, name), value, "{name} of {:?}", db.kind);
    }
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        assert_eq!(
            db.sqlite().unwrap().db_config(option).unwrap(),
            on,
            "{option:?} of {:?}",
            db.kind
        );
    }
}

#[test]
fn our_own_is_locked_logged_and_synced() {
    let place = StoreFixture::new();
    for again in [false, true] {
        let db = place.own();
        check_common(&db);
        assert_eq!(pragma(&db, "journal_mode"), "wal", "{again}");
        assert_eq!(pragma(&db, "journal_size_limit"), LOG_BYTES, "{again}");
        assert_eq!(pragma(&db, "locking_mode"), "normal", "{again}");
        db.close();
    }
}

/// Writes so many bytes to a table of the daemon's own, commits, and writes the log back.
fn write_bytes(db: &Db, bytes: i32) {
    db.begin().unwrap();
    let store = "INSERT OR REPLACE INTO own.admin_meta (key, value) VALUES ('bytes', zeroblob(?1))";
    let values = [bytes.into()];
    db.prepare(Statement::sqlite(store).own()).unwrap().change(&values).unwrap();
    db.commit().unwrap();
    if checkpoint::is_due(db) {
        checkpoint::run(db);
    }
}

#[test]
fn the_log_shrinks_again_after_long_work() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut shared = place.open("index.db").unwrap();
    attached::ready(&mut shared).unwrap();
    let limit: u64 = LOG_BYTES.parse().unwrap();
    assert_eq!(limit, LOG_LENGTH);
    for (db, log) in [(place.own(), "admin.db-wal"), (shared, "photoprism-admin.db-wal")] {
        let length = || std::fs::metadata(place.at(log)).unwrap().len();
        write_bytes(&db, 20_000_000);
        assert!(length() > limit, "{log}");
        // What is overwritten with zeros is as long once more; then the log begins anew. What
        // stays as it is would not be written.
        for bytes in [7, 8, 7, 8, 7] {
            write_bytes(&db, bytes);
        }
        assert!(length() <= limit, "{log}: {}", length());
        db.close();
    }
}

#[test]
fn photoprism_s_keeps_its_journal_and_its_locking() {
    for mode in ["delete", "wal"] {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        place.create("index.db", &format!("PRAGMA journal_mode = {mode}"));
        let db = place.open("index.db").unwrap();
        check_common(&db);
        assert_eq!(pragma(&db, "journal_mode"), mode);
        assert_eq!(pragma(&db, "locking_mode"), "normal");
    }
}

#[test]
fn defensive_mode_holds() {
    let place = StoreFixture::new();
    let db = place.own();
    // Switched off silently by defensive mode: the schema stays as it is.
    db.sqlite().unwrap().execute_batch("PRAGMA writable_schema = 1").unwrap();
    assert!(db.sqlite().unwrap().execute("DELETE FROM sqlite_schema", []).is_err());
    assert!(db.sqlite().unwrap().execute("SELECT \"no such column\" FROM passwords", []).is_err());
}

/// How often SQLite has planned the statement that finds a name.
fn planned_anew(db: &Db) -> i32 {
    let statement = format!("{} {}", select(&db.columns), live_by_name(db.dialect()));
    let mut statement = db.sqlite().unwrap().prepare_cached(&statement).unwrap();
    for name in ["admin", "nobody", "admin"] {
        statement.query_row([name], |_| Ok(())).optional().unwrap();
        statement.clear_bindings();
    }
    statement.get_status(StatementStatus::RePrepare)
}

#[test]
fn a_statement_is_planned_once_whatever_is_bound() {
    let place = StoreFixture::new();
    let db = place.own();
    assert_eq!(planned_anew(&db), 0);
    db.sqlite().unwrap().flush_prepared_statement_cache();
    db.sqlite().unwrap().set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, false).unwrap();
    assert!(planned_anew(&db) > 0, "the measure finds it");
}

#[test]
fn a_name_is_found_by_its_index_without_a_sort() {
    let place = StoreFixture::new();
    let db = place.own();
    for rest in [live_by_name(db.dialect()), by_name(db.dialect())] {
        let statement = format!("EXPLAIN QUERY PLAN {} {rest}", select(&db.columns));
        let mut statement = db.sqlite().unwrap().prepare(&statement).unwrap();
        let steps = statement.query_map(["bob"], |row| row.get::<_, String>(3)).unwrap();
        let plan = steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n");
        assert!(plan.starts_with("SEARCH u USING INDEX idx_auth_users_user_name"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
