//! How long to wait for another process's lock on PhotoPrism's file.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::clock::{self, Stopwatch};
use crate::failpoints::{Failpoint, enabled};

/// Pause between two tries. SQLite's own handler pauses for up to 100 ms, and so misses the gaps of
/// a process that writes row by row: on a slow disk such a process holds the lock nearly all the
/// time.
const PAUSE: Duration = Duration::from_millis(2);

/// As long as PhotoPrism itself waits.
const FULL: Duration = Duration::from_secs(5);

/// Timeout of one try of a writer; between two tries, readers are served.
pub(super) const SHORT: Duration = Duration::from_millis(20);

thread_local! {
    static TIMEOUT: Cell<Duration> = const { Cell::new(FULL) };
    static GAVE_UP: Cell<bool> = const { Cell::new(false) };
    static STOPPING: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// Total timeout for a lock.
pub(super) fn full() -> Duration {
    if enabled(Failpoint::NoLockTimeout) { Duration::ZERO } else { FULL }
}

/// Statements of this connection wait for locks of other processes, each for the timeout that its
/// thread has at the time: [`FULL`], or the one that [`within`] sets.
pub(super) fn wait_for_locks(conn: &mut Connection) -> Result<(), rusqlite::Error> {
    let mut watch = Stopwatch::start();
    conn.busy_handler(Some(move |tries| {
        if tries == 0 {
            watch = Stopwatch::start();
        }
        let stopping = STOPPING.with_borrow(|stopping| stopping.load(Ordering::Relaxed));
        let goes_on = !stopping && watch.elapsed() < TIMEOUT.get().min(full());
        if goes_on {
            clock::pause(PAUSE);
        } else {
            GAVE_UP.set(true);
        }
        goes_on
    }))
}

/// Runs `work`, whose statements wait no longer than that.
pub(super) fn within<T>(timeout: Duration, work: impl FnOnce() -> T) -> T {
    let before = TIMEOUT.replace(timeout);
    let outcome = work();
    TIMEOUT.set(before);
    outcome
}

/// No statement of this thread waits once that is true.
pub(super) fn stop_with(stopping: Arc<AtomicBool>) {
    STOPPING.set(stopping);
}

/// Whether a statement of this thread gave up since the last call.
pub(super) fn gave_up() -> bool {
    GAVE_UP.take()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvTimeoutError;

    use super::*;

    fn waited(conn: &Connection) -> Duration {
        let watch = Stopwatch::start();
        conn.execute_batch("BEGIN IMMEDIATE").unwrap_err();
        watch.elapsed()
    }

    #[test]
    fn a_lock_is_waited_for_as_long_as_was_set() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index.db");
        let other = Connection::open(&path).unwrap();
        let mut conn = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        wait_for_locks(&mut conn).unwrap();
        let short = within(SHORT, || waited(&conn));
        assert!(short >= SHORT && gave_up() && !gave_up(), "{short:?}");
        let whole = waited(&conn);
        assert!(whole >= FULL, "{whole:?}");
        stop_with(Arc::new(AtomicBool::new(true)));
        assert!(waited(&conn) < FULL);
    }

    /// The lock is free for 3 ms in every 60 ms; a handler with longer pauses misses that for
    /// seconds.
    #[test]
    fn the_gaps_of_one_who_writes_all_the_time_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index.db");
        let photoprism = Connection::open(&path).unwrap();
        let mut conn = Connection::open(&path).unwrap();
        wait_for_locks(&mut conn).unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let writer = std::thread::spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(3)) == Err(RecvTimeoutError::Timeout) {
                if photoprism.execute_batch("BEGIN EXCLUSIVE").is_ok() {
                    clock::pause(Duration::from_millis(57));
                    photoprism.execute_batch("COMMIT").unwrap();
                }
            }
        });
        for _ in 0..40 {
            conn.execute_batch("SELECT * FROM sqlite_schema").unwrap();
        }
        drop(stop);
        writer.join().unwrap();
    }
}
