//! Big databases: accounts with all their rows, sessions of every kind, records of logins, a trail.
//!
//! The same size gives the same accounts and sessions, save for the times, which are around now.

mod accounts;
mod random;
mod records;
mod sessions;
mod table;

use std::path::{Path, PathBuf};

use photoprism_daemon::clock::Clock;
use rusqlite::Connection;

use crate::common::Daemon;

/// A database that a real PhotoPrism created, with ten accounts.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

/// Whose database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    PhotoPrism,
}

impl Kind {
    /// The name of the file.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Own => "admin.db",
            Self::PhotoPrism => "index.db",
        }
    }

    fn hash(self, random: &mut random::Random) -> String {
        match self {
            Self::Own => random.argon2(),
            Self::PhotoPrism => random.bcrypt(),
        }
    }

    const fn journal_mode(self) -> &'static str {
        match self {
            Self::Own => "wal",
            Self::PhotoPrism => "delete",
        }
    }
}

/// What is added to an empty database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) accounts: u32,
    pub(crate) sessions: u32,
}

/// What all rows have in common.
struct Filling {
    kind: Kind,
    size: Size,
    /// Unix seconds.
    now: i64,
}

/// Creates one of that kind and size in a directory that has none. Returns its path.
pub(crate) fn create(directory: &Path, kind: Kind, size: Size) -> PathBuf {
    let database = directory.join(kind.file());
    assert!(!database.exists(), "{} is there already", database.display());
    let filling = Filling { kind, size, now: Clock::System.unix() };
    if kind == Kind::PhotoPrism {
        std::fs::copy(FIXTURE, &database).expect("a copy");
        add(&database, kind.journal_mode(), |conn| people(conn, &filling));
    }
    // Its tables are those of the daemon that is measured; in PhotoPrism's database they come with
    // the first write.
    let (daemon, _) = Daemon::start_on(&directory, kind.file(), &[]);
    daemon.connect().ask(RECORD, 1);
    drop(daemon);
    if kind == Kind::Own {
        add(&database, kind.journal_mode(), |conn| {
            people(conn, &filling);
            records::logins(conn, &filling);
            records::trail(conn, &filling);
        });
    } else {
        let own = directory.join("photoprism-admin.db");
        add(&own, "wal", |conn| records::logins(conn, &filling));
    }
    database
}

/// A write that changes no account.
const RECORD: &[u8] = b"{\"cmd\":\"logins.record\",\"args\":{\"name\":\"nobody\",\"ok\":false,\
    \"client_ip\":\"192.0.2.9\"}}\n";

fn people(conn: &Connection, filling: &Filling) {
    let added = accounts::add(conn, filling);
    sessions::add(conn, filling, &added);
}

/// Carries `work` out in one transaction without a journal, with the indexes made at its end.
fn add(database: &Path, journal_mode: &str, work: impl FnOnce(&Connection)) {
    let conn = Connection::open(database).expect("the database");
    let pragma = |name: &str, value: &str| {
        conn.query_row(&format!("PRAGMA {name} = {value}"), [], |_| Ok(())).or_else(ignore_no_row)
    };
    for (name, value) in [
        // Out of the mode of the file first, which its write-ahead log would keep.
        ("journal_mode", "delete"),
        ("journal_mode", "off"),
        // Last, since a journal outlives its transaction in this mode.
        ("locking_mode", "exclusive"),
        ("synchronous", "off"),
        ("cache_size", "-524288"),
    ] {
        pragma(name, value).expect("a pragma");
    }
    conn.execute_batch("BEGIN EXCLUSIVE").expect("a transaction");
    let indexes = table::drop_indexes(&conn);
    work(&conn);
    for index in &indexes {
        conn.execute_batch(index).expect("an index");
    }
    conn.execute_batch("COMMIT").expect("a commit");
    pragma("journal_mode", journal_mode).expect("the mode that it had");
}

fn ignore_no_row(error: rusqlite::Error) -> rusqlite::Result<()> {
    if error == rusqlite::Error::QueryReturnedNoRows { Ok(()) } else { Err(error) }
}

/// The hash of a password that nobody knows, as that kind stores it.
pub(crate) fn password_hash(kind: Kind) -> String {
    kind.hash(&mut random::Random::new(0))
}
