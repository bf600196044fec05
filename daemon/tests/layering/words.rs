//! Names that only one place may use.

use crate::source::{Source, words};

/// A name, and the start of the paths that may hold it.
const ONLY_IN: [(&str, &[&[&str]]); 13] = [
    ("rusqlite", &[&SQLITE]),
    // The way to it from an open database.
    ("conn", &[&SQLITE, &OPEN]),
    (
        "mysql::",
        &[&[
            "daemon/src/store/engine/mariadb/",
            "daemon/tests/mariadb/",
            "daemon/benches/figures/",
        ]],
    ),
    ("argon2::", &[&["daemon/src/hashing/", "daemon/src/sys.rs"]]),
    ("bcrypt::", &[&["daemon/src/hashing/"]]),
    // No temporary table or view: each connection would need its own, and a reader may not write.
    // Only a test of SQLite's types creates one.
    ("CREATE TEMP", &[&["daemon/src/store/columns.rs"]]),
    ("unsafe", &[&["daemon/src/sys.rs", "daemon/src/sys/"]]),
    ("SystemTime::now", &[&["daemon/src/clock.rs", "ctl/src/clock.rs"]]),
    ("Instant::now", &[&["daemon/src/clock.rs", "ctl/src/clock.rs"]]),
    ("Timestamp::now", &[&["daemon/src/clock.rs"]]),
    ("thread::sleep", &[&["daemon/src/clock.rs"]]),
    // A handler of SQLite's has no condition to wait for; everything else has.
    ("clock::pause", &[&["daemon/src/store/lock_timeout.rs", "daemon/src/store/mark.rs"]]),
    ("#[allow", &[]),
];

/// What only SQLite has: its files, what is attached to them, backups. Operations have statements
/// and values of the engine alone, so that another engine runs them as well.
const SQLITE: [&str; 19] = [
    "daemon/src/store/attached/",
    "daemon/src/store/backup/",
    "daemon/src/store/checkpoint.rs",
    "daemon/src/store/db.rs",
    "daemon/src/store/detect.rs",
    "daemon/src/store/directory.rs",
    "daemon/src/store/engine/sqlite.rs",
    "daemon/src/store/first_admin.rs",
    "daemon/src/store/foreign.rs",
    "daemon/src/store/generation.rs",
    "daemon/src/store/lock_timeout.rs",
    "daemon/src/store/open.rs",
    "daemon/src/store/own_tables.rs",
    "daemon/src/store/pragmas.rs",
    "daemon/src/store/read_connection.rs",
    "daemon/src/store/rows.rs",
    "daemon/src/store/schema.rs",
    "daemon/src/store/unclean.rs",
    "daemon/src/sys.rs",
];

/// What holds a database open and follows its file, along with those.
const OPEN: [&str; 9] = [
    "daemon/src/store/database.rs",
    "daemon/src/store/database/",
    "daemon/src/store/engine/mariadb/",
    "daemon/src/store/file_identity.rs",
    "daemon/src/store/health.rs",
    "daemon/src/store/mark.rs",
    "daemon/src/store/reader.rs",
    "daemon/src/store/server/",
    "daemon/src/store/transaction.rs",
];

/// Every name outside of its place.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (word, places) in ONLY_IN {
        if places.iter().copied().flatten().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for (at, line) in source.code().filter(|(_, line)| holds(line, word)) {
            let line = line.trim();
            faults.push(source.fault(at, &format!("{word} is used only in {places:?}: {line}")));
        }
    }
    faults
}

/// A path that ends in `::` is followed by a name, an attribute follows upon anything.
fn holds(line: &str, word: &str) -> bool {
    match word.strip_suffix("::") {
        Some(name) => words(line, name).any(|at| line[at..].starts_with(word)),
        None if word.starts_with('#') => line.contains(word),
        None => words(line, word).next().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        faults(&Source::new(path, text)).len()
    }

    #[test]
    fn operations_of_the_store_do_not_know_rusqlite() {
        for (path, line, faults) in [
            ("open.rs", "use rusqlite::Connection;", 0),
            ("backup/copy.rs", "db.conn.execute(statement, [])", 0),
            ("reader.rs", "pragma(&db.conn, name)", 0),
            ("reader.rs", "use rusqlite::Connection;", 1),
            ("accounts.rs", "use rusqlite::params;", 1),
            ("sessions/end.rs", "tx.conn.execute(statement, [])", 1),
            ("engine/row.rs", "rusqlite::Row<'_>", 1),
        ] {
            assert_eq!(found(&format!("daemon/src/store/{path}"), line), faults, "{path} {line}");
        }
    }

    #[test]
    fn names_are_found_outside_of_their_place_only() {
        for (inside, outside, line) in [
            (
                "daemon/src/store/open.rs",
                "daemon/src/commands/find.rs",
                "use rusqlite::Connection;",
            ),
            ("daemon/src/hashing/compute.rs", "daemon/src/store/open.rs", "use argon2::Argon2;"),
            ("daemon/src/hashing/mod.rs", "protocol/src/lib.rs", "    bcrypt::verify(a, b)"),
            ("daemon/src/sys.rs", "daemon/src/peer/mod.rs", "    unsafe { libc::getuid() }"),
            ("daemon/src/clock.rs", "daemon/src/store/open.rs", "let now = Instant::now();"),
            ("daemon/src/clock.rs", "ctl/src/main.rs", "let now = std::time::SystemTime::now();"),
        ] {
            assert_eq!((found(inside, line), found(outside, line)), (0, 1), "{line}");
        }
        assert_eq!(found("daemon/src/hashing/mod.rs", "std::thread::sleep(long)"), 1);
        assert_eq!(found("daemon/src/clock.rs", "#[allow(dead_code)]"), 1);
    }

    #[test]
    fn what_only_looks_like_one_passes() {
        for line in [
            "settings.argon2.passes",
            "#![deny(unsafe_code)]",
            "// unsafe",
            "crate::bcrypt_hash::f()",
        ] {
            assert_eq!(found("daemon/src/peer/mod.rs", line), 0, "{line}");
        }
    }
}
