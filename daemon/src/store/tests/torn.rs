//! A checkpoint that was interrupted: the file alone is incomplete, and its log completes it.

use std::fs;
use std::os::unix::fs::FileExt;

use rusqlite::Connection;

use super::fixture::{StoreFixture, names, number};
use crate::store::{checkpoint, detect};

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
    db.sqlite().unwrap().execute_batch(ROWS).unwrap();
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

/// The same, next to the log of another database, or of another state of this one.
#[test]
fn a_log_does_not_complete_another_file_that_is_torn() {
    let (running, killed) = (StoreFixture::new(), StoreFixture::new());
    let db = running.own();
    fs::copy(running.at("admin.db"), killed.at("admin.db")).unwrap();
    for statements in
        [ROWS, "DELETE FROM audit_logins", "UPDATE auth_users SET user_attr = 'later'"]
    {
        checkpoint::run(&db);
        db.begin().unwrap();
        db.sqlite().unwrap().execute_batch(statements).unwrap();
        db.commit().unwrap();
    }
    fs::copy(running.at("admin.db-wal"), killed.at("admin.db-wal")).unwrap();
    // The earlier file, with the length of a later one in its first page.
    let file = fs::File::options().write(true).open(killed.at("admin.db")).unwrap();
    let pages = fs::metadata(running.at("admin.db")).unwrap().len() / PAGE as u64;
    file.write_all_at(&u32::try_from(pages).unwrap().to_be_bytes(), 28).unwrap();
    drop(file);
    assert!(detect(&killed.at("admin.db")).is_err(), "the file alone cannot be read");
    let before = killed.files();
    let refused = killed.open("admin.db").unwrap_err().to_string();
    assert!(refused.contains("move the log away"), "{refused}");
    assert!(killed.files() == before);
}
