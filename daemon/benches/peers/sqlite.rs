//! Plain SQLite with what a write of the daemon holds: one row changed, one added, one commit.

use std::path::Path;

use photoprism_daemon::clock::Stopwatch;
use rusqlite::Connection;

/// Commits that are measured.
const ROUNDS: u32 = 300;

/// Commits before: a log that still grows takes longer to sync than one that is written again.
pub(crate) const WARM_UP: u32 = 900;

/// Commits a second of one writer with WAL, `synchronous=FULL` and the lock held for good.
pub(crate) fn commits_per_second(directory: &Path) -> f64 {
    let mut database = Connection::open(directory.join("plain.db")).expect("a database");
    database
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(200), seen DATETIME);
             CREATE TABLE audit (number INTEGER PRIMARY KEY, at BIGINT, what VARCHAR(64),
               hash VARCHAR(64));
             INSERT INTO account VALUES (1, 'admin', '');",
        )
        .expect("tables");
    commit(&mut database, WARM_UP);
    let watch = Stopwatch::start();
    commit(&mut database, ROUNDS);
    f64::from(ROUNDS) / watch.elapsed().as_secs_f64()
}

fn commit(database: &mut Connection, rounds: u32) {
    for round in 0..rounds {
        let write = database.transaction().expect("a transaction");
        write
            .prepare_cached("UPDATE account SET name = ?1 WHERE id = 1")
            .and_then(|mut change| change.execute([round]))
            .expect("a change");
        write
            .prepare_cached("INSERT INTO audit (at, what, hash) VALUES (?1, 'users.mod', hex(?1))")
            .and_then(|mut record| record.execute([round]))
            .expect("a record");
        write.commit().expect("a commit");
    }
}
