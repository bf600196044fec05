//! How long another process's lock on PhotoPrism's file is waited for.

use std::cell::Cell;
use std::time::Duration;

use rusqlite::Connection;

use crate::clock::{self, Stopwatch};
use crate::failpoints::{Failpoint, enabled};

/// Between two tries. SQLite's own handler pauses for up to 100 ms, and so misses the gaps of a
/// process that writes row by row: on a slow disk such a process holds the lock nearly all the time.
const PAUSE: Duration = Duration::from_millis(2);

thread_local! {
    static GAVE_UP: Cell<bool> = const { Cell::new(false) };
}

/// Whether a statement of this thread gave up since the last call.
pub(super) fn gave_up() -> bool {
    GAVE_UP.take()
}

/// For how long a statement waits before it fails with [`StoreError::Locked`].
///
/// [`StoreError::Locked`]: super::error::StoreError::Locked
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockTimeout {
    /// Not at all.
    None,
    /// 20 ms, one try of a writer; between two, readers are served.
    Short,
    /// 5 s, as PhotoPrism does.
    Full,
}

impl LockTimeout {
    /// As a duration.
    pub(super) fn duration(self) -> Duration {
        match self {
            _ if enabled(Failpoint::NoPatience) => Duration::ZERO,
            Self::None => Duration::ZERO,
            Self::Short => Duration::from_millis(20),
            Self::Full => Duration::from_secs(5),
        }
    }

    /// Applies to all that the connection does from now on.
    pub(super) fn set(self, conn: &mut Connection) -> Result<(), rusqlite::Error> {
        let (timeout, mut watch) = (self.duration(), Stopwatch::start());
        conn.busy_handler(Some(move |tries| {
            if tries == 0 {
                watch = Stopwatch::start();
            }
            let goes_on = watch.elapsed() < timeout;
            if goes_on {
                clock::pause(PAUSE);
            } else {
                GAVE_UP.set(true);
            }
            goes_on
        }))
    }
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
        let theirs = Connection::open(&path).unwrap();
        let mut conn = Connection::open(&path).unwrap();
        theirs.execute_batch("BEGIN IMMEDIATE").unwrap();
        LockTimeout::Short.set(&mut conn).unwrap();
        let short = waited(&conn);
        assert!(short >= LockTimeout::Short.duration(), "{short:?}");
        LockTimeout::Full.set(&mut conn).unwrap();
        let full = waited(&conn);
        assert!(full >= LockTimeout::Full.duration(), "{full:?}");
    }

    /// The lock is free for 3 ms in every 60 ms: a handler that pauses for longer misses that for
    /// seconds.
    #[test]
    fn the_gaps_of_one_who_writes_all_the_time_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index.db");
        let photoprism = Connection::open(&path).unwrap();
        let mut conn = Connection::open(&path).unwrap();
        LockTimeout::Full.set(&mut conn).unwrap();
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
