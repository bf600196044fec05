//! PhotoPrism, or a dump of its database, holds a lock.

use std::time::Duration;

use mysql::prelude::Queryable;
use photoprism_daemon::clock::{Stopwatch, pause};
use rusqlite::Connection;

use crate::place::Template;
use crate::probes::Probe;
use crate::table::Table;
use crate::waits::Waits;

/// Readers that wait at the same time.
const READERS: usize = 8;

/// How long it holds it: longer than anybody waits.
const HELD: Duration = Duration::from_secs(8);

const TABLES: &str = "a reader, while a dump holds LOCK TABLES";

const NAME: &str = "a reader, while PhotoPrism holds its lock exclusively";

pub(crate) fn exclusively(table: &mut Table, template: &Template) {
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

/// As a dump without a transaction does; a writer waits meanwhile, as it would.
pub(crate) fn tables(table: &mut Table, template: &Template) {
    if !table.wants(TABLES) {
        return;
    }
    Table::head("A dump's locks");
    let (served, _) = template.start();
    let mut dump = served.mariadb.expect("it is in MariaDB").connect();
    let names: Vec<String> = dump.query("SHOW TABLES").expect("their names");
    let locks: Vec<String> = names.iter().map(|name| format!("`{name}` READ LOCAL")).collect();
    let ((), mut waits) = Probe::Reader.during(&served.place, || {
        dump.query_drop(format!("LOCK TABLES {}", locks.join(", "))).expect("the locks");
        std::thread::scope(|scope| {
            let line = r#"{"cmd":"users.mod","args":{"user":"admin","display_name":"Waits"}}"#;
            let writer = scope.spawn(|| served.connect().error_of(line));
            pause(HELD);
            dump.query_drop("UNLOCK TABLES").expect("they are given back");
            assert_eq!(writer.join().expect("it ends").as_deref(), Some("unavailable"));
        });
    });
    table.waits(TABLES, Some(50.0), &mut waits);
}
