//! The reader thread next to the writer thread.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all, join3};

use super::fixture::{account, number};
use super::groups::{Gate, LONG, TestStore, add};
use crate::clock;
use crate::error::CommandError;
use crate::model::WithEffects;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::work::Around;
use crate::store::{AuditEntry, audit_append, audit_head};

#[test]
fn a_read_waits_for_no_write_and_sees_nothing_of_it() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let before = desk.names();
        let (gate, hold) = Gate::new();
        let write = desk.store.write(LONG, move |tx| {
            add(tx, "bob")?;
            hold()
        });
        let reads = async {
            gate.await_begin();
            let names = desk.names_now().await;
            gate.open();
            names
        };
        let (written, seen) = desk.run(join(write, reads));
        written.unwrap();
        assert_eq!(seen, before, "{name}");
        assert_eq!(desk.names().len(), before.len() + 1, "{name}");
    }
}

#[test]
fn a_write_waits_for_no_read() {
    let desk = TestStore::new();
    let (gate, hold) = Gate::new();
    let read = desk.store.read(LONG, move |_| hold());
    let write = async {
        gate.await_begin();
        desk.store.write(LONG, |tx| add(tx, "bob")).await.unwrap();
        gate.open();
    };
    let (read, ()) = desk.run(join(read, write));
    read.unwrap();
    assert_eq!(desk.names(), ["admin", "bob"]);
}

#[test]
fn nothing_is_written_through_the_reader() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let delete = |db: &Db| Ok(db.sqlite().unwrap().execute("DELETE FROM auth_users", [])?);
        let refused = desk.run(desk.store.read(LONG, delete));
        assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{name}: {refused:?}");
    }
}

#[test]
fn a_read_sees_every_write_that_was_acknowledged_before_it() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let before = desk.names().len();
        for round in 1..=200 {
            desk.run(desk.store.write(LONG, move |tx| add(tx, &format!("u{round}")))).unwrap();
            assert_eq!(desk.names().len(), before + round, "{name}");
        }
    }
}

#[test]
fn the_rest_of_a_long_group_forms_the_next_one() {
    let desk = TestStore::new();
    let (gate, hold) = Gate::new();
    let busy = desk.store.read_between_commits(LONG, move |_| hold());
    let writes = (0..6).map(|number| {
        desk.store.write(LONG, move |tx| {
            clock::pause(Duration::from_millis(4));
            add(tx, &format!("u{number}"))
        })
    });
    let writes = gate.once_begun(join_all(writes));
    let (_, done, ()) = desk.run(join3(busy, writes, async { gate.open() }));
    assert!(done.iter().all(Result::is_ok));
    let (groups, written) = desk.store.committed();
    assert_eq!(written, 6);
    assert!((3..=6).contains(&groups), "{groups}");
}

fn head(db: &Db) -> Result<i64, StoreError> {
    Ok(audit_head(db)?.number)
}

fn record(tx: &Tx<'_>) -> Result<(), CommandError> {
    let entry = AuditEntry {
        at: 0,
        uid: 0,
        gid: 0,
        pid: 0,
        socket: String::new(),
        command: "users.mod".into(),
        target: String::new(),
    };
    audit_append(tx, &entry)?;
    Ok(())
}

/// The writer creates the daemon's tables, follows a file that was replaced, and waits for one.
#[test]
fn the_reader_follows_what_the_writer_finds_of_photoprisms_database() {
    let desk = TestStore::with("index.db");
    assert_eq!(desk.names(), ["photoprism"]);
    assert_eq!(desk.run(desk.store.read(LONG, head)).unwrap(), 0);
    desk.run(desk.store.write(LONG, record)).unwrap();
    assert_eq!(desk.run(desk.store.read(LONG, head)).unwrap(), 1);
    let file = desk.place.at("index.db");
    fs::remove_file(&file).unwrap();
    let missing = desk.run(desk.store.read(LONG, head));
    assert!(matches!(missing, Err(StoreError::Missing)), "{missing:?}");
    desk.place.photoprism("index.db");
    desk.place.create("index.db", &account(2, "alice"));
    assert_eq!(desk.names(), ["photoprism", "alice"]);
    // A column that a new version of PhotoPrism adds, or a table, is known to the next read.
    desk.place.create("index.db", "ALTER TABLE auth_users ADD COLUMN more VARBINARY");
    let has = |db: &Db| Ok::<_, StoreError>(db.columns.has("auth_users", "more"));
    assert!(desk.run(desk.store.read(LONG, has)).unwrap());
}

/// Attaches a file around a transaction, and counts.
struct Attached {
    path: String,
    calls: Arc<AtomicUsize>,
}

impl Around for Attached {
    fn before(&mut self, db: &Db) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        db.sqlite().unwrap().execute("ATTACH ?1 AS more", [&self.path])?;
        Ok(())
    }

    fn after(&mut self, db: &Db) {
        self.calls.fetch_add(100, Ordering::Relaxed);
        db.sqlite().unwrap().execute_batch("DETACH more").unwrap();
    }
}

#[test]
fn what_has_to_be_outside_of_a_transaction_is_done_around_it() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let before = desk.names().len();
        let more = desk.place.create("more.db", "CREATE TABLE t AS SELECT 'carol' AS name");
        let calls = Arc::default();
        let around = || {
            let (path, calls) = (more.display().to_string(), Arc::clone(&calls));
            Box::new(Attached { path, calls })
        };
        let (gate, hold) = Gate::new();
        let busy = desk.store.read_between_commits(LONG, move |_| hold());
        let first = desk.store.write(LONG, |tx| add(tx, "first"));
        let alone = desk.store.write_alone(LONG, around(), |tx| {
            let name: String = tx
                .sqlite()
                .unwrap()
                .query_row("SELECT name FROM more.t", [], |row| row.get(0))
                .map_err(StoreError::from)?;
            add(tx, &name)?;
            Ok::<_, CommandError>(WithEffects { value: (), effects: Vec::new() })
        });
        let last = desk.store.write(LONG, |tx| add(tx, "last"));
        let writes = gate.once_begun(join3(first, alone, last));
        let (_, done, ()) = desk.run(join3(busy, writes, async { gate.open() }));
        assert!(matches!(done, (Ok(()), Ok(()), Ok(()))), "{done:?}");
        assert_eq!(desk.store.committed(), (3, 3));
        desk.execute("SELECT 1");
        assert_eq!(calls.load(Ordering::Relaxed), 101);
        let failed = desk.store.write_alone(LONG, around(), |tx| {
            add(tx, "half")?;
            Err::<WithEffects<()>, _>(CommandError::Conflict("no".into()))
        });
        assert!(matches!(desk.run(failed), Err(CommandError::Conflict(_))));
        desk.execute("SELECT 1");
        assert_eq!(calls.load(Ordering::Relaxed), 202);
        let seen = desk.names();
        assert_eq!(&seen[before..], ["first", "carol", "last"], "{name}");
        let attached = |db: &Db| {
            let count = "SELECT count(*) FROM pragma_database_list WHERE name = 'more'";
            Ok::<_, StoreError>(number(db, count))
        };
        let attached =
            desk.run(desk.store.read_between_commits(LONG, move |db| attached(db?))).unwrap();
        assert_eq!(attached, 0);
    }
}

#[test]
fn another_connection_keeps_its_snapshot() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let before = i64::try_from(desk.names().len()).unwrap();
        let db = desk.store.connect().unwrap();
        let count = || number(&db, "SELECT count(*) FROM auth_users WHERE id > 0");
        assert_eq!(count(), before);
        if name == "admin.db" {
            db.sqlite().unwrap().execute_batch("BEGIN").unwrap();
            assert_eq!(count(), before);
        }
        desk.run(desk.store.write(LONG, |tx| add(tx, "bob"))).unwrap();
        if name == "admin.db" {
            assert_eq!(count(), before);
            db.sqlite().unwrap().execute_batch("COMMIT").unwrap();
        }
        assert_eq!(count(), before + 1);
    }
}

/// A statement that takes long does not hang.
#[test]
fn a_long_statement_counts_as_progress_on_either_thread() {
    const LONG_STATEMENT: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c
         LIMIT 500000) SELECT count(*) FROM c";
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let before = desk.store.heartbeat();
        let count = |db: &Db| Ok::<_, StoreError>(number(db, LONG_STATEMENT));
        assert_eq!(desk.run(desk.store.read(LONG, count)).unwrap(), 500_000);
        let on_writer = desk.store.read_between_commits(LONG, move |db| count(db?));
        assert_eq!(desk.run(on_writer).unwrap(), 500_000);
        let after = desk.store.heartbeat();
        let moved = |thread: usize| after[thread] - before[thread];
        assert!(moved(0) > 100 && moved(1) > 100, "{name}: {before:?} {after:?}");
    }
}
