//! The database thread: order, groups, savepoints, deadlines, shutdown.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all, join3};
use tokio::runtime::{Builder, Runtime};

use super::fixture::{StoreFixture, names};
use crate::error::CommandError;
use crate::store::database::Database;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::jobs::WAITING;
use crate::store::{Store, Threads};

/// A timeout longer than any test takes.
pub(super) const LONG: Duration = Duration::from_mins(10);

/// A thread with its database, and a runtime to send requests from.
pub(super) struct TestStore {
    pub(super) place: StoreFixture,
    pub(super) store: Store,
    threads: Threads,
    runtime: Runtime,
}

impl TestStore {
    pub(super) fn new() -> Self {
        Self::with("admin.db")
    }

    /// One with a database of that name: PhotoPrism's where it is `index.db`.
    pub(super) fn with(name: &str) -> Self {
        let place = StoreFixture::new();
        if name == "index.db" {
            place.photoprism(name);
        }
        Self::over(place, name)
    }

    fn over(place: StoreFixture, name: &str) -> Self {
        let slot = Database::open(place.options(name)).unwrap();
        let (store, threads) = Store::start(slot, Box::new(drop)).unwrap();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        Self { place, store, threads, runtime }
    }

    pub(super) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs statements on the thread's connection.
    pub(super) fn execute(&self, statements: &'static str) {
        let work = self.store.read_between_commits(LONG, |db| {
            db?.conn.sqlite().unwrap().execute_batch(statements).unwrap();
            Ok::<_, StoreError>(())
        });
        self.run(work).unwrap();
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.run(self.names_now())
    }

    pub(super) async fn names_now(&self) -> Vec<String> {
        self.store.read(LONG, |db| Ok::<_, StoreError>(names(db))).await.unwrap()
    }

    /// Ends the thread and opens the database that it leaves.
    pub(super) fn end(self) -> (StoreFixture, Db) {
        self.store.stop();
        self.threads.join().unwrap();
        let db = self.place.own();
        (self.place, db)
    }
}

/// Work that keeps the thread busy until it is released.
pub(super) struct Gate {
    began: Receiver<()>,
    release: Sender<()>,
}

impl Gate {
    pub(super) fn new() -> (Self, impl Fn() -> Result<(), CommandError> + Send + 'static) {
        let ((begins, began), (release, released)) = (channel(), channel());
        let hold = move || {
            begins.send(()).unwrap();
            let _ = released.recv();
            Ok(())
        };
        (Self { began, release }, hold)
    }

    pub(super) fn await_begin(&self) {
        self.began.recv().unwrap();
    }

    /// Starts `work` while the thread is busy: its requests then wait together.
    pub(super) async fn once_begun<T>(&self, work: impl Future<Output = T>) -> T {
        self.await_begin();
        work.await
    }

    pub(super) fn open(&self) {
        self.release.send(()).unwrap();
    }
}

/// Adds an account with that name.
pub(super) fn add(tx: &Tx<'_>, name: &str) -> Result<(), CommandError> {
    let statement = "INSERT INTO auth_users (user_uid, user_name) VALUES ('uid' || ?1, ?1)";
    tx.sqlite().unwrap().execute(statement, [name]).map_err(StoreError::from)?;
    Ok(())
}

/// The commits in the log next to the database: frames with a size and the log's salt.
fn commits(database: &Path) -> usize {
    let log = fs::read(database.with_extension("db-wal")).unwrap();
    if log.is_empty() {
        return 0;
    }
    let read_u32 = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = 24 + read_u32(8) as usize;
    let salt = &log[16..24];
    (32..log.len().saturating_sub(frame - 1))
        .step_by(frame)
        .take_while(|at| &log[at + 8..at + 16] == salt)
        .filter(|at| read_u32(at + 4) != 0)
        .count()
}

#[test]
fn writes_that_wait_share_one_commit() {
    let desk = TestStore::new();
    let database = desk.place.at("admin.db");
    let before = commits(&database);
    let one_by_one = async {
        for number in 0..8 {
            desk.store.write(LONG, move |tx| add(tx, &format!("a{number}"))).await.unwrap();
        }
    };
    desk.run(one_by_one);
    assert_eq!(commits(&database), before + 8);
    // So few that a slow machine runs them within the time of a group.
    let (gate, hold) = Gate::new();
    let busy = desk.store.read_between_commits(LONG, move |_| hold());
    let writes =
        (0..16).map(|number| desk.store.write(LONG, move |tx| add(tx, &format!("b{number}"))));
    let writes = gate.once_begun(join_all(writes));
    let (busy, done, ()) = desk.run(join3(busy, writes, async { gate.open() }));
    busy.unwrap();
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(commits(&database), before + 9);
    assert_eq!(desk.names().len(), 1 + 8 + 16);
}

/// Runs three writes in one group, with this one in the middle.
pub(super) fn around<T: Send + 'static>(
    desk: &TestStore,
    middle: impl Fn(&Tx<'_>) -> Result<T, CommandError> + Send + 'static,
) -> [Result<(), CommandError>; 3] {
    let (gate, hold) = Gate::new();
    let busy = desk.store.read_between_commits(LONG, move |_| hold());
    let first = desk.store.write(LONG, |tx| add(tx, "first"));
    let middle = desk.store.write(LONG, move |tx| middle(tx).map(drop));
    let last = desk.store.write(LONG, |tx| add(tx, "last"));
    let group = gate.once_begun(join3(first, middle, last));
    let (_, (first, middle, last), ()) = desk.run(join3(busy, group, async { gate.open() }));
    [first, middle, last]
}

#[test]
fn a_write_that_fails_takes_back_its_own_work_only() {
    let desk = TestStore::new();
    let [first, middle, last] = around(&desk, |tx| {
        add(tx, "half")?;
        Err::<(), _>(CommandError::Conflict("no".into()))
    });
    assert!(matches!(middle, Err(CommandError::Conflict(_))));
    assert!(first.is_ok() && last.is_ok());
    assert_eq!(desk.names(), ["admin", "first", "last"]);
}

/// The first of a group has no savepoint.
#[test]
fn the_first_write_that_waits_fails_as_alone_as_any_other() {
    for name in ["admin.db", "index.db"] {
        let desk = TestStore::with(name);
        let (gate, hold) = Gate::new();
        let busy = desk.store.read_between_commits(LONG, move |_| hold());
        let first = desk.store.write(LONG, |tx| {
            add(tx, "half")?;
            Err::<(), _>(CommandError::Conflict("no".into()))
        });
        let others =
            ["second", "third"].map(|name| desk.store.write(LONG, move |tx| add(tx, name)));
        let group = gate.once_begun(join(first, join_all(others)));
        let (_, (first, others), ()) = desk.run(join3(busy, group, async { gate.open() }));
        assert!(matches!(first, Err(CommandError::Conflict(_))));
        assert!(others.iter().all(Result::is_ok), "{name}");
        let names = desk.names();
        let added = ["half", "second", "third"].map(|added| names.iter().any(|name| name == added));
        assert_eq!(added, [false, true, true], "{name}");
    }
}

#[test]
fn a_write_that_breaks_a_constraint_does_as_well() {
    let desk = TestStore::new();
    let [first, middle, last] = around(&desk, |tx| {
        add(tx, "half")?;
        add(tx, "half")
    });
    let body = middle.unwrap_err().into_body("request-1");
    assert_eq!(body.code.name(), "conflict");
    assert!(body.message.contains("UNIQUE constraint failed: auth_users.user_uid"), "{body:?}");
    assert!(first.is_ok() && last.is_ok());
    assert_eq!(desk.names(), ["admin", "first", "last"]);
}

#[test]
fn a_panic_fails_its_own_request_only() {
    let desk = TestStore::new();
    let [first, middle, last] = around(&desk, |tx| -> Result<(), CommandError> {
        add(tx, "half")?;
        panic!("on purpose");
    });
    assert!(matches!(&middle, Err(CommandError::Store(StoreError::Panicked))));
    let body = middle.unwrap_err().into_body("request-1");
    assert_eq!((body.code.name(), body.message.as_ref()), ("internal", "request-1"));
    assert!(first.is_ok() && last.is_ok());
    let read = desk.store.read(LONG, |_| -> Result<(), CommandError> { panic!("on purpose") });
    assert!(matches!(desk.run(read), Err(CommandError::Store(StoreError::Panicked))));
    assert_eq!(desk.names(), ["admin", "first", "last"]);
}

#[test]
fn a_job_that_did_not_start_in_time_never_runs() {
    let desk = TestStore::new();
    let ((writing, hold_writer), (reading, hold_reader)) = (Gate::new(), Gate::new());
    let busy = join(
        desk.store.read_between_commits(LONG, move |_| hold_writer()),
        desk.store.read(LONG, move |_| hold_reader()),
    );
    let late = async {
        writing.await_begin();
        reading.await_begin();
        let write = desk.store.write(Duration::ZERO, |tx| add(tx, "late")).await;
        let read = desk.store.read(Duration::ZERO, |_| Ok::<_, CommandError>(())).await;
        writing.open();
        reading.open();
        (write, read)
    };
    let (_, (write, read)) = desk.run(join(busy, late));
    assert!(matches!(write, Err(CommandError::Late)) && matches!(read, Err(CommandError::Late)));
    assert_eq!(desk.names(), ["admin"]);
}

/// An abandoned job takes room until the thread gets to it.
#[test]
fn of_threads_that_stand_still_the_queues_have_a_bound() {
    let desk = TestStore::new();
    let ((writing, hold_writer), (reading, hold_reader)) = (Gate::new(), Gate::new());
    let nothing = || Ok::<_, CommandError>(());
    let busy = join(
        desk.store.read_between_commits(LONG, move |_| hold_writer()),
        desk.store.read(LONG, move |_| hold_reader()),
    );
    let late = async {
        writing.await_begin();
        reading.await_begin();
        for _ in 0..WAITING {
            let writer = desk.store.read_between_commits(LONG, move |_| nothing()).now_or_never();
            let reader = desk.store.read(LONG, move |_| nothing()).now_or_never();
            assert!(writer.is_none() && reader.is_none(), "{writer:?} {reader:?}");
        }
        let read = desk.store.read(Duration::ZERO, move |_| nothing()).await;
        let write = desk.store.write(LONG, |tx| add(tx, "refused")).await;
        writing.open();
        reading.open();
        (write, read)
    };
    let (_, (write, read)) = desk.run(join(busy, late));
    for refused in [write, read] {
        assert!(matches!(refused, Err(CommandError::Busy { retry_after_s: 1 })), "{refused:?}");
    }
    // Once they are processed there is room.
    let is_busy = |read: &Result<(), CommandError>| matches!(read, Err(CommandError::Busy { .. }));
    while is_busy(&desk.run(desk.store.read(LONG, move |_| nothing()))) {}
    let (_place, db) = desk.end();
    assert_eq!(names(&db), ["admin"]);
}

#[test]
fn a_job_that_started_replies_with_its_result() {
    let desk = TestStore::new();
    let (gate, hold) = Gate::new();
    let began = Duration::from_millis(1);
    let write = desk.store.write(began, move |tx| {
        hold()?;
        add(tx, "slow")
    });
    let beyond = async {
        gate.await_begin();
        tokio::time::timeout(10 * began, std::future::pending::<()>()).await.unwrap_err();
        gate.open();
    };
    // Submitted first, so that it can start before the other side blocks on it.
    let (write, ()) = desk.run(join(write, beyond));
    write.unwrap();
    assert_eq!(desk.names(), ["admin", "slow"]);
}

#[test]
fn a_stop_finishes_what_waits_and_writes_the_log_back() {
    let desk = TestStore::new();
    let (gate, hold) = Gate::new();
    let busy = desk.store.read_between_commits(LONG, move |_| hold());
    let writes =
        (0..300).map(|number| desk.store.write(LONG, move |tx| add(tx, &format!("u{number}"))));
    let stop = async {
        desk.store.stop();
        gate.open();
    };
    let writes = gate.once_begun(join_all(writes));
    let (_, done, ()) = desk.run(join3(busy, writes, stop));
    assert!(done.iter().all(Result::is_ok));
    let after = desk.store.write(LONG, |tx| add(tx, "after"));
    assert!(matches!(desk.run(after), Err(CommandError::Store(StoreError::Stopped))));
    let log = desk.place.at("admin.db-wal");
    let (_place, db) = {
        desk.threads.join().unwrap();
        assert!(!log.exists());
        let db = desk.place.own();
        (desk.place, db)
    };
    assert_eq!(names(&db).len(), 301);
}

#[test]
fn a_thread_that_is_left_by_everybody_ends() {
    let TestStore { place, store, threads, .. } = TestStore::new();
    drop(store);
    threads.join().unwrap();
    assert_eq!(names(&place.own()), ["admin"]);
}

#[test]
fn the_heartbeat_shows_that_both_run() {
    let desk = TestStore::new();
    let before = desk.store.heartbeat();
    desk.names();
    desk.execute("SELECT 1");
    let moved = |after: [u64; 2]| after.iter().zip(before).all(|(after, before)| *after > before);
    // Each counts when it comes round the next time.
    while !moved(desk.store.heartbeat()) {
        desk.names();
        desk.execute("SELECT 1");
    }
    let (_place, db) = desk.end();
    assert_eq!(names(&db), ["admin"]);
}
