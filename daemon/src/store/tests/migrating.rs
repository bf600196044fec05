//! Migration from an older schema to this one, also where the process dies half-way.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;

use super::fixture::{StoreFixture, names, number, options};
use crate::store::backup::copy_whole;
use crate::store::db::Db;
use crate::store::open::open_at;
use crate::store::open_error::OpenError;
use crate::store::schema::{self, STEPS};

const TWO: &str = "CREATE TABLE two (a); INSERT INTO two SELECT user_name FROM auth_users;";
const THREE: &str = "CREATE TABLE three (a); UPDATE auth_users SET user_role = 'three';";

/// The steps of a later daemon.
fn later() -> [&'static str; 3] {
    [STEPS[0], TWO, THREE]
}

/// A database of the first schema.
fn first(place: &StoreFixture) -> Db {
    upgrade(place, &STEPS[..1]).unwrap()
}

fn upgrade(place: &StoreFixture, steps: &[&str]) -> Result<Db, OpenError> {
    open_at(&place.options("admin.db"), steps)
}

fn tables(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn
        .prepare("SELECT name FROM sqlite_schema WHERE name IN ('two', 'three') ORDER BY rowid")
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

fn check_whole(db: &Db) {
    assert_eq!(names(db), ["admin"]);
    assert_eq!(number(db, "PRAGMA user_version"), 3);
    assert_eq!(
        number(db, "SELECT CAST(value AS INTEGER) FROM admin_meta WHERE key = 'schema_version'"),
        3
    );
    assert_eq!(number(db, "SELECT count(*) FROM two WHERE a = 'admin'"), 1);
    assert_eq!(number(db, "SELECT count(*) FROM auth_users WHERE user_role <> 'three'"), 0);
    let verdict: String =
        db.sqlite().unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn each_step_is_taken_with_a_copy_before_it() {
    let place = StoreFixture::new();
    first(&place).close();
    check_whole(&upgrade(&place, &later()).unwrap());
    for (name, expected) in [("schema-1.db", &[][..]), ("schema-2.db", &["two"][..])] {
        let copy = place.at("backups").join(name);
        assert_eq!(tables(&copy), expected, "{name}");
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(fs::read_dir(place.at("backups")).unwrap().count(), 2);
}

#[test]
fn the_copy_opens_as_the_database_that_it_was() {
    let place = StoreFixture::new();
    first(&place).close();
    upgrade(&place, &later()).unwrap().close();
    let copy = place.at("back.db");
    fs::copy(place.at("backups/schema-1.db"), &copy).unwrap();
    assert_eq!(names(&open_at(&options(&copy), &STEPS).unwrap()), ["admin"]);
}

#[test]
fn nothing_is_copied_where_there_is_nothing_to_do() {
    let place = StoreFixture::new();
    upgrade(&place, &later()).unwrap().close();
    check_new(&upgrade(&place, &later()).unwrap());
    assert!(!place.at("backups").exists());
}

fn check_new(db: &Db) {
    assert_eq!(number(db, "PRAGMA user_version"), 3);
    assert_eq!(names(db), ["admin"]);
}

#[test]
fn a_step_that_fails_leaves_the_one_before() {
    let place = StoreFixture::new();
    first(&place).close();
    let broken = [STEPS[0], TWO, "CREATE TABLE three (a); INSERT INTO nowhere VALUES (1);"];
    let error = upgrade(&place, &broken).unwrap_err();
    assert_eq!(error.exit_code(), 74, "{error}");
    assert_eq!(tables(&place.at("admin.db")), ["two"]);
    check_whole(&upgrade(&place, &later()).unwrap());
}

#[test]
fn without_a_copy_no_step_is_taken() {
    let place = StoreFixture::new();
    first(&place).close();
    fs::write(place.at("backups"), "in the way").unwrap();
    assert_eq!(upgrade(&place, &later()).unwrap_err().exit_code(), 74);
    assert_eq!(tables(&place.at("admin.db")), [""; 0]);
    fs::remove_file(place.at("backups")).unwrap();
    check_whole(&upgrade(&place, &later()).unwrap());
}

#[test]
fn no_copy_is_written_where_others_may_write() {
    let place = StoreFixture::new();
    first(&place).close();
    let (backups, outside) = (place.at("backups"), place.at("outside"));
    fs::create_dir(&outside).unwrap();
    for name in ["schema-1.tmp", "schema-1.tmp-journal", "schema-1.db"] {
        fs::write(outside.join(name), "precious").unwrap();
    }
    let refused = |what: &str| {
        let error = upgrade(&place, &later()).unwrap_err();
        assert_eq!(error.exit_code(), 74, "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(tables(&place.at("admin.db")), [""; 0]);
    };
    symlink(&outside, &backups).unwrap();
    refused("symbolic link");
    for entry in fs::read_dir(&outside).unwrap() {
        assert_eq!(fs::read(entry.unwrap().path()).unwrap(), b"precious");
    }
    fs::remove_file(&backups).unwrap();
    fs::create_dir(&backups).unwrap();
    fs::set_permissions(&backups, PermissionsExt::from_mode(0o775)).unwrap();
    refused("chmod 700");
    fs::set_permissions(&backups, PermissionsExt::from_mode(0o755)).unwrap();
    check_whole(&upgrade(&place, &later()).unwrap());
}

#[test]
fn an_older_daemon_refuses_a_newer_schema() {
    let place = StoreFixture::new();
    first(&place).close();
    upgrade(&place, &later()).unwrap().close();
    let error = upgrade(&place, &STEPS[..1]).unwrap_err();
    let backup = place.at("backups/schema-1.db");
    assert!(error.exit_code() == 78, "{error}");
    assert!(error.to_string().contains(backup.to_str().unwrap()), "{error}");
}

#[test]
fn a_migrated_schema_is_that_of_a_new_database() {
    let schema = |db: &Db| -> Vec<String> {
        let all = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let mut statement = db.sqlite().unwrap().prepare(all).unwrap();
        let all = statement.query_map([], |row| row.get(0)).unwrap();
        all.collect::<Result<_, _>>().unwrap()
    };
    let (place, new) = (StoreFixture::new(), StoreFixture::new());
    first(&place).close();
    assert_eq!(schema(&upgrade(&place, &STEPS).unwrap()), schema(&new.own()));
    assert!(place.at("backups/schema-1.db").exists());
}

/// The files as a process that dies here leaves them, copied to another directory.
fn dies_here(place: &StoreFixture) -> StoreFixture {
    let left = StoreFixture::new();
    for (path, content) in place.files() {
        fs::write(left.at(path.file_name().unwrap().to_str().unwrap()), content).unwrap();
    }
    if let Ok(backups) = fs::read_dir(place.at("backups")) {
        fs::create_dir(left.at("backups")).unwrap();
        for entry in backups.map(Result::unwrap) {
            fs::copy(entry.path(), left.at("backups").join(entry.file_name())).unwrap();
        }
    }
    left
}

/// Runs a migration and copies the files as they are at each point of it.
fn points(place: &StoreFixture, db: &Db) -> Vec<StoreFixture> {
    let mut left = vec![dies_here(place)];
    for from in [1, 2] {
        copy_whole(db, from).unwrap();
        left.push(dies_here(place));
        db.begin().unwrap();
        schema::step(db.sqlite().unwrap(), &later(), from).unwrap();
        // Uncommitted pages are written out as early as SQLite could ever do it.
        db.sqlite().unwrap().execute_batch("PRAGMA cache_spill = 1").unwrap();
        left.push(dies_here(place));
        db.commit().unwrap();
        left.push(dies_here(place));
    }
    left
}

#[test]
fn a_process_that_dies_at_any_point_can_be_started_again() {
    let place = StoreFixture::new();
    let left = points(&place, &first(&place));
    assert_eq!(left.len(), 7);
    for (point, left) in left.iter().enumerate() {
        check_whole(&upgrade(left, &later()).unwrap_or_else(|error| panic!("{point}: {error}")));
        assert!(left.at("backups/schema-1.db").exists() || point > 0, "{point}");
    }
}

#[test]
fn an_incomplete_copy_is_written_again() {
    let place = StoreFixture::new();
    first(&place).close();
    fs::create_dir(place.at("backups")).unwrap();
    fs::write(place.at("backups/schema-1.tmp"), "half").unwrap();
    fs::write(place.at("backups/schema-1.tmp-journal"), "half").unwrap();
    check_whole(&upgrade(&place, &later()).unwrap());
    assert_eq!(tables(&place.at("backups/schema-1.db")), [""; 0]);
    assert!(!place.at("backups/schema-1.tmp").exists());
}

#[test]
fn a_first_start_that_dies_is_begun_again() {
    let place = StoreFixture::new();
    let conn = Connection::open(place.at("admin.db")).unwrap();
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    schema::step(&conn, &STEPS, 0).unwrap();
    conn.cache_flush().unwrap();
    let left = dies_here(&place);
    assert!(left.files().len() > 1, "there is a journal to play back");
    assert_eq!(names(&left.own()), ["admin"]);
}
