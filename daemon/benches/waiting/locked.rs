//! PhotoPrism holds the lock of its file exclusively.

use std::time::Duration;

use photoprism_daemon::clock::{Stopwatch, pause};
use rusqlite::Connection;

use crate::place::Template;
use crate::table::Table;
use crate::waits::Waits;

/// Readers that wait at the same time.
const READERS: usize = 8;

/// How long it holds it: longer than anybody waits.
const HELD: Duration = Duration::from_secs(8);

const NAME: &str = "a reader, while PhotoPrism holds its lock exclusively";

pub(crate) fn locked(table: &mut Table, template: &Template) {
    if !table.wants(NAME) {
        return;
    }
    Table::head("PhotoPrism's lock");
    let (served, _) = template.start();
    let mut waits = Waits::default();
    let mut refused = 0_u32;
    std::thread::scope(|scope| {
        let place = &served.place;
        let mut clients: Vec<_> = (0..READERS).map(|_| served.connect()).collect();
        let conn = Connection::open(&place.database).expect("PhotoPrism's database");
        conn.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        conn.execute_batch("BEGIN EXCLUSIVE").expect("the lock");
        let waiting: Vec<_> = clients
            .drain(..)
            .map(|mut client| {
                scope.spawn(move || {
                    let watch = Stopwatch::start();
                    let show = r#"{"cmd":"users.show","args":{"user":"admin"}}"#;
                    let error = client.error_of(show);
                    (watch.elapsed(), error)
                })
            })
            .collect();
        pause(HELD);
        conn.execute_batch("ROLLBACK").expect("the lock is given back");
        for reader in waiting {
            let (taken, error) = reader.join().expect("it ends");
            refused += u32::from(error.as_deref() == Some("unavailable"));
            waits.add(taken, error.filter(|code| code != "unavailable"));
        }
    });
    // Five seconds, and what it takes to say so.
    table.waits(NAME, Some(5250.0), &mut waits);
    table.figure("of them answered `unavailable`", (f64::from(refused), None), "");
}
