//! Backups of the account tables.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::fixture::{self, StoreFixture};
use crate::store::attached;
use crate::store::backup::{copy_whole, write_automatic};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::testing::another_connection;
use crate::store::{Backup, BackupBefore, SCHEMA_VERSION};

/// Creates one for a change that is committed then.
pub(super) fn back_up(db: &Db, name: &str) -> Result<Backup, StoreError> {
    let backup = write_automatic(db, name)?;
    backup.prune(None);
    Ok(backup)
}

/// What else is read, and its outcome.
type AlsoRead = Box<dyn FnMut(&Db, Option<&Backup>) -> Result<(), StoreError> + Send>;

/// One before a change, with a connection of its own, and what counts its progress.
fn prepared(db: &Db, also: AlsoRead) -> (BackupBefore, Arc<AtomicU64>) {
    let progress = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&progress);
    (BackupBefore::new(another_connection(db), counted, "x".into(), also), progress)
}

/// One that is complete, called `auto-NAME.db`.
fn complete(db: &Db, name: &str) -> BackupBefore {
    let (other, progress) = (another_connection(db), Arc::default());
    let backup = BackupBefore::new(other, progress, name.into(), Box::new(|_, _| Ok(())));
    rename_after(db, &backup, name);
    backup
}

/// A database of each kind, and its place.
fn both_kinds() -> [(StoreFixture, Db); 2] {
    ["admin.db", "index.db"].map(|name| {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        let db = place.open(name).unwrap();
        (place, db)
    })
}

fn listing_or_none(place: &StoreFixture) -> Vec<String> {
    if place.at("backups").exists() { listing(place) } else { Vec::new() }
}

fn listing(place: &StoreFixture) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.at("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn ask(path: &Path, statement: &str) -> String {
    let conn = Connection::open(path).unwrap();
    conn.query_row(statement, [], |row| crate::store::rows::text(row, 0)).unwrap()
}

const ROWS: &str = "INSERT INTO passwords (uid, hash) VALUES ('u1', 'users'), ('c1', 'clients');
    INSERT INTO auth_sessions (id, user_uid) VALUES ('s1', 'u1'), ('s2', '');
    INSERT INTO passcodes (uid, key_type, key_url) VALUES ('u1', 'totp', 'otpauth:');
    INSERT INTO audit_logins (client_ip, login_name) VALUES ('192.0.2.1', 'bob');";

#[test]
fn it_holds_the_account_tables_and_nothing_else() {
    let place = StoreFixture::new();
    let db = place.own();
    db.sqlite().unwrap().execute_batch(ROWS).unwrap();
    let Backup { path, .. } = back_up(&db, "x").unwrap();
    assert_eq!(path, place.at("backups/auto-x.db"));
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(path.clone()), mode(place.at("backups"))), (0o600, 0o700));
    for (statement, expected) in [
        ("PRAGMA application_id", "1347437131"),
        ("PRAGMA user_version", &SCHEMA_VERSION.to_string()),
        ("PRAGMA journal_mode", "delete"),
        ("PRAGMA integrity_check", "ok"),
        ("SELECT count(*) FROM auth_users", "3"),
        ("SELECT group_concat(uid || hash) FROM passwords", "u1users"),
        ("SELECT count(*) FROM auth_sessions", "2"),
        ("SELECT key_url FROM passcodes", "otpauth:"),
        (
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'a%'
             AND name NOT LIKE 'auth\\_%' ESCAPE '\\'",
            "0",
        ),
        // Columns, values, and the indexes by which a restore compares.
        ("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%NULL%' OR sql LIKE '%PRIMARY%'", "0"),
        ("SELECT count(*) FROM sqlite_schema WHERE type = 'index'", "7"),
    ] {
        assert_eq!(ask(&path, statement), expected, "{statement}");
    }
    assert_eq!(listing(&place), ["auto-x.db"]);
    // Rows that are left out leave no trace in free pages either.
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"clients"));
}

const FIRST: &str = "SELECT user_name FROM auth_users WHERE id = 1";

fn rename(db: &Db, name: &str) {
    let rename = "UPDATE auth_users SET user_name = ?1 WHERE id = 1";
    db.sqlite().unwrap().execute(rename, [name]).unwrap();
}

/// Renames the first account in a transaction that has a backup, and calls it what it was called
/// in that.
fn rename_after(db: &Db, backup: &BackupBefore, name: &str) -> String {
    db.begin().unwrap();
    let path = backup.begin(&Tx::new(db)).unwrap();
    rename(db, name);
    backup.complete().unwrap();
    db.commit().unwrap();
    ask(&path, FIRST)
}

#[test]
fn it_holds_what_was_there_when_its_transaction_began() {
    for (place, db) in both_kinds() {
        let (backup, _) = prepared(&db, Box::new(|_, _| Ok(())));
        backup.write_ahead(|_| Ok::<_, StoreError>(true)).unwrap();
        // Somebody commits before the transaction.
        rename(&db, "first");
        assert_eq!(rename_after(&db, &backup, "second"), "first");
        assert!(backup.is_needed());
        // Where the transaction begins again, so does the backup.
        assert_eq!(rename_after(&db, &backup, "third"), "second");
        assert_eq!(listing(&place), ["auto-x.db"]);
        backup.discard();
        assert_eq!(listing(&place), [""; 0]);
        backup.complete().unwrap_err();
    }
}

#[test]
fn one_is_written_ahead_only_where_a_reader_is_in_the_way() {
    let [(own_place, own), (place, db)] = both_kinds();
    let (backup, _) = prepared(&own, Box::new(|_, _| Ok(())));
    backup.write_ahead(|_| -> Result<bool, StoreError> { panic!("nobody asks") }).unwrap();
    rename(&db, "admin");
    let (shared, progress) = prepared(&db, Box::new(|_, _| Ok(())));
    shared.write_ahead(|_| Ok::<_, StoreError>(false)).unwrap();
    assert!(matches!(shared.write_ahead(|_| Err(StoreError::Late)), Err(StoreError::Late)));
    assert_eq!([listing_or_none(&own_place), listing_or_none(&place)], [[""; 0]; 2]);
    shared.write_ahead(|_| Ok::<_, StoreError>(true)).unwrap();
    assert_eq!(listing(&place), ["auto-x.db"]);
    let bytes = fs::read(place.at("backups/auto-x.db")).unwrap();
    // It is not written again for nothing.
    assert_eq!(rename_after(&db, &shared, "first"), "admin");
    assert_eq!(fs::read(place.at("backups/auto-x.db")).unwrap(), bytes);
    assert_eq!(progress.load(Ordering::Relaxed), 0);
}

/// Where the transaction waits for it, copying is progress of the thread that waits.
#[test]
fn copying_counts_for_the_transaction_that_waits() {
    for (_place, db) in both_kinds() {
        db.sqlite()
            .unwrap()
            .execute_batch(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 20000)
                 INSERT INTO auth_sessions (id, user_uid) SELECT 'session' || n, 'u1' FROM n",
            )
            .unwrap();
        let (backup, progress) = prepared(&db, Box::new(|_, _| Ok(())));
        rename_after(&db, &backup, "first");
        assert!(progress.load(Ordering::Relaxed) > 10, "{progress:?}");
    }
}

/// Then copying ahead would begin again and again, and be for nothing.
#[test]
fn nothing_is_copied_ahead_where_others_write_all_the_time() {
    let [_, (place, db)] = both_kinds();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 40000)
         INSERT INTO auth_sessions (id, user_uid) SELECT 'session' || n, 'u1' FROM n";
    db.sqlite().unwrap().execute_batch(fill).unwrap();
    let (backup, _) = prepared(&db, Box::new(|_, _| Ok(())));
    let (done, writes) = (&AtomicBool::new(false), &AtomicU64::new(0));
    let db = std::thread::scope(|scope| {
        let photoprism = scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                rename(&db, &format!("name {}", writes.fetch_add(1, Ordering::Relaxed)));
            }
            db
        });
        while writes.load(Ordering::Relaxed) < 2 {
            std::thread::yield_now();
        }
        backup.write_ahead(|_| Ok::<_, StoreError>(true)).unwrap();
        done.store(true, Ordering::Relaxed);
        photoprism.join().unwrap()
    });
    assert_eq!(listing(&place), [""; 0]);
    rename(&db, "last");
    assert_eq!(rename_after(&db, &backup, "after"), "last");
    assert_eq!(listing(&place), ["auto-x.db"]);
}

/// What the transaction changes and cannot keep in memory is not written before the copy is made.
#[test]
fn a_change_that_does_not_fit_into_memory_waits_for_the_copy() {
    let [_, (place, db)] = both_kinds();
    let conn = db.sqlite().unwrap();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 20000)
         INSERT INTO auth_sessions (id, user_uid, user_agent)
         SELECT 'session' || n, 'u1', printf('%.400c', 'a') FROM n";
    conn.execute_batch(fill).unwrap();
    let (backup, _) = prepared(&db, Box::new(|_, _| Ok(())));
    let agents = "SELECT group_concat(DISTINCT substr(user_agent, 400)) || count(*)
         FROM auth_sessions WHERE user_uid = 'u1'";
    db.begin().unwrap();
    let path = backup.begin(&Tx::new(&db)).unwrap();
    conn.execute("UPDATE auth_sessions SET user_agent = printf('%.400c', 'b')", []).unwrap();
    backup.complete().unwrap();
    db.commit().unwrap();
    assert_eq!(ask(&path, agents), "a20000");
    assert_eq!(ask(&place.at("index.db"), agents), "b20000");
}

#[test]
fn connections_come_and_go() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut shared = place.open("index.db").unwrap();
    attached::ready(&mut shared).unwrap();
    // SQLite keeps the descriptor of one that is closed, and gives it to the next.
    for db in [place.own(), shared] {
        for _ in 0..3 {
            drop(another_connection(&db));
        }
    }
}

#[test]
fn what_else_is_read_fits_the_backup() {
    for (place, db) in both_kinds() {
        rename(&db, "admin");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let names = Arc::clone(&seen);
        let also = move |db: &Db, _: Option<&Backup>| {
            names.lock().unwrap().push(fixture::names(db).remove(0));
            Ok(())
        };
        let (backup, _) = prepared(&db, Box::new(also));
        for name in ["first", "second"] {
            rename_after(&db, &backup, name);
        }
        assert_eq!(*seen.lock().unwrap(), ["admin", "first"]);
        backup.discard();
        for also in [
            |_: &Db, _: Option<&Backup>| Err(StoreError::Late),
            |_: &Db, _: Option<&Backup>| panic!("on purpose"),
        ] {
            let (failing, _) = prepared(&db, Box::new(also));
            db.begin().unwrap();
            let begun = catch_unwind(AssertUnwindSafe(|| failing.begin(&Tx::new(&db))));
            let failed = !matches!(begun, Ok(Ok(_))) || failing.complete().is_err();
            db.rollback().unwrap();
            failing.discard();
            assert!(failed && !failing.is_needed());
            assert_eq!(listing(&place), [""; 0]);
        }
    }
}

#[test]
fn one_that_fails_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    // The last table that is copied is missing: everything before it is already written.
    db.sqlite().unwrap().execute_batch("DROP TABLE auth_sessions").unwrap();
    back_up(&db, "x").unwrap_err();
    assert_eq!(listing(&place), [""; 0]);
    fs::remove_dir(place.at("backups")).unwrap();
    fs::write(place.at("backups"), "in the way").unwrap();
    back_up(&db, "x").unwrap_err();
    assert_eq!(fs::read(place.at("backups")).unwrap(), b"in the way");
}

#[test]
fn one_that_would_not_be_taken_back_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    // With this file next to it, a reader must assume that it is still being written.
    fs::write(place.at("backups/auto-x.tmp-wal"), "").unwrap();
    fs::write(place.at("backups/schema-1.tmp-wal"), "").unwrap();
    let before = listing(&place);
    for error in [back_up(&db, "x").unwrap_err(), copy_whole(&db, 1).unwrap_err()] {
        let message = error.to_string();
        assert!(message.contains("would not be taken back"), "{message}");
        assert!(message.contains(place.at("backups").to_str().unwrap()), "{message}");
    }
    assert_eq!(listing(&place), before);
    back_up(&db, "y").unwrap();
    copy_whole(&db, 2).unwrap();
}

#[test]
fn files_of_a_killed_one_are_removed() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    for name in ["auto-x.tmp", "auto-x.tmp-journal", "auto-old.tmp", "auto-old.tmp-journal", "keep"]
    {
        fs::write(place.at("backups").join(name), vec![0xD9; 1024]).unwrap();
    }
    let Backup { path, .. } = back_up(&db, "x").unwrap();
    assert_eq!(ask(&path, "PRAGMA integrity_check"), "ok");
    assert_eq!(listing(&place), ["auto-x.db", "keep"]);
}

#[test]
fn the_newest_ten_automatic_ones_are_kept() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    for name in ["by-hand.db", "schema-1.db"] {
        fs::write(place.at("backups").join(name), "").unwrap();
    }
    for number in 10..23 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let expected: Vec<String> = (13..23).map(|number| format!("auto-{number}.db")).collect();
    assert_eq!(
        listing(&place),
        [&expected[..], &["by-hand.db".into(), "schema-1.db".into()]].concat()
    );
}

#[test]
fn one_that_was_needed_lets_the_oldest_go_but_not_the_one_that_is_restored() {
    let place = StoreFixture::new();
    let db = place.own();
    for number in 10..20 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let backup = complete(&db, "20");
    assert_eq!(listing(&place).len(), 11, "none has gone yet");
    backup.keep(Some(&place.at("backups/auto-10.db")));
    assert!(listing(&place).contains(&"auto-10.db".to_owned()));
    let backup = complete(&db, "21");
    backup.keep(None);
    let expected: Vec<String> = (12..22).map(|number| format!("auto-{number}.db")).collect();
    assert_eq!(listing(&place), expected);
}

#[test]
fn a_failed_one_removes_no_other_backup() {
    let place = StoreFixture::new();
    let db = place.own();
    for number in 10..20 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let before = listing(&place);
    for number in 20..40 {
        let backup = complete(&db, &number.to_string());
        assert!(place.at(&format!("backups/auto-{number}.db")).exists());
        backup.discard();
    }
    assert_eq!(listing(&place), before);
}

#[test]
fn the_newest_ten_of_one_second_are_kept_too() {
    let place = StoreFixture::new();
    let db = place.own();
    let name = |hour| format!("20261124T{hour}0000.007Z-users-reset");
    back_up(&db, &name(10)).unwrap();
    let created: Vec<PathBuf> = (0..25).map(|_| back_up(&db, &name(20)).unwrap().path).collect();
    let mut kept: Vec<PathBuf> =
        listing(&place).iter().map(|name| place.at("backups").join(name)).collect();
    let mut expected = created[15..].to_vec();
    expected.sort();
    kept.sort();
    assert_eq!(kept, expected);
}
