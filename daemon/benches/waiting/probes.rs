//! Who waits: a client or a PhotoPrism that does one small thing after the other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use photoprism_daemon::clock::{Stopwatch, pause};
use rusqlite::{Connection, params};

use crate::client::Client;
use crate::waits::Waits;

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// `users.show`.
    Reader,
    /// `users.mod`.
    Writer,
    /// An update in PhotoPrism's database, not by the daemon.
    PhotoPrism,
}

/// Between two of them.
const BETWEEN: Duration = Duration::from_millis(1);
/// The same for PhotoPrism, which holds its lock while it writes.
const OF_PHOTOPRISM: Duration = Duration::from_millis(5);

/// Where to find the daemon.
pub(crate) struct Place {
    pub(crate) socket: PathBuf,
    pub(crate) database: PathBuf,
}

impl Probe {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reader => "a reader",
            Self::Writer => "a writer",
            Self::PhotoPrism => "PhotoPrism",
        }
    }

    /// What it waited from before `work` began until after it ended.
    pub(crate) fn during<T>(self, place: &Place, work: impl FnOnce() -> T) -> (T, Waits) {
        let over = AtomicBool::new(false);
        let (begun, begins) = mpsc::channel();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut one = self.one(place);
                let mut waits = Waits::default();
                // Not measured: connections, and statements that are not prepared yet.
                one();
                begun.send(()).expect("somebody waits for it");
                while !over.load(Ordering::Relaxed) {
                    let watch = Stopwatch::start();
                    let error = one();
                    waits.add(watch.elapsed(), error);
                    pause(if self == Self::PhotoPrism { OF_PHOTOPRISM } else { BETWEEN });
                }
                waits
            });
            begins.recv().expect("it begins");
            let result = work();
            over.store(true, Ordering::Relaxed);
            (result, waiting.join().expect("it ends"))
        })
    }

    /// One of its requests; the code of its error, where it failed.
    fn one(self, place: &Place) -> Box<dyn FnMut() -> Option<String>> {
        match self {
            Self::Reader => {
                let mut client = Client::connect(&place.socket);
                Box::new(move || client.error_of(r#"{"cmd":"users.show","args":{"user":"admin"}}"#))
            }
            Self::Writer => {
                let mut client = Client::connect(&place.socket);
                let mut number = 0_u64;
                Box::new(move || {
                    number += 1;
                    client.error_of(&format!(
                        r#"{{"cmd":"users.mod","args":{{"user":"admin","display_name":"Number {number}"}}}}"#
                    ))
                })
            }
            Self::PhotoPrism => photoprism(&place.database),
        }
    }
}

/// The updates that PhotoPrism makes most: of an account, of a session that was used.
fn photoprism(database: &Path) -> Box<dyn FnMut() -> Option<String>> {
    let conn = Connection::open(database).expect("PhotoPrism's database");
    conn.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    let mut number = 0_i64;
    Box::new(move || {
        number += 1;
        let at = format!("2026-11-29 12:00:00.{:09}+00:00", number % 1_000_000_000);
        let done = if number % 2 == 0 {
            conn.prepare_cached("UPDATE auth_users SET updated_at = ?1 WHERE id = 1")
                .and_then(|mut update| update.execute([at]))
        } else {
            let sessions = "UPDATE auth_sessions SET last_active = ?1, updated_at = ?2
                 WHERE user_uid = (SELECT user_uid FROM auth_users WHERE id = ?3)";
            conn.prepare_cached(sessions)
                .and_then(|mut update| update.execute(params![number, at, 100 + number % 500]))
        };
        done.err().map(|error| error.to_string())
    })
}
