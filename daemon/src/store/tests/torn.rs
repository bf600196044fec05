//! A checkpoint that was interrupted: the file alone is incomplete, and its log completes it.

use std::fs;
use std::os::unix::fs::FileExt;

use rusqlite::Connection;

use super::fixture::{StoreFixture, names, number};
use crate::store::detect;

/// Rows that make the file grow by many pages.
const ROWS: &str = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO audit_logins (client_ip, login_name, login_realm) SELECT '192.0.2.1', 'n' || i, 'api'
    FROM n";

const PAGE: usize = 4096;

/// A checkpoint writes the first page first, which contains the number of pages.
#[test]
fn the_first_page_is_ahead_of_the_file() {
    let (running, killed, whole) = (StoreFixture::new(), StoreFixture::new(), StoreFixture::new());
    let db = running.own();
    db.begin().unwrap();
    db.conn.execute_batch(ROWS).unwrap();
    db.commit().unwrap();
    for place in [&killed, &whole] {
        for name in ["admin.db", "admin.db-wal"] {
            fs::copy(running.at(name), place.at(name)).unwrap();
        }
    }
    let conn = Connection::open(whole.at("admin.db")).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    let first = fs::read(whole.at("admin.db")).unwrap();
    let file = fs::File::options().write(true).open(killed.at("admin.db")).unwrap();
    file.write_all_at(&first[..PAGE], 0).unwrap();
    drop(file);
    assert!(detect(&killed.at("admin.db")).is_err(), "the file alone cannot be read");

    let db = killed.own();
    assert_eq!(names(&db), ["admin"]);
    assert_eq!(number(&db, "SELECT count(*) FROM audit_logins"), 3000);
    db.close();
    let again = killed.own();
    assert_eq!(number(&again, "SELECT count(*) FROM audit_logins"), 3000);
}
