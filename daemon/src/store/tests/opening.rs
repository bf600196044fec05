//! What is opened, what is created, and what is refused unchanged.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::fixture::{StoreFixture, account_tables, names, number, options};
use crate::store::kind::Kind;
use crate::store::open::{check_sqlite_version, open};
use crate::store::open_error::OpenError;
use crate::store::{
    AdminPasswordState, Backup, DatabaseKind, SCHEMA_VERSION, SQLITE_OLDEST, admin_password_state,
    cursor_key, detect, sqlite_version,
};

#[test]
fn a_new_one_begins_with_its_first_rows() {
    let place = StoreFixture::new();
    let db = place.own();
    assert_eq!(db.kind(), &Kind::Own);
    assert_eq!(names(&db), ["admin"]);
    assert_eq!(number(&db, "SELECT count(*) FROM auth_users WHERE id < 0"), 2);
    assert_eq!(cursor_key(&db).unwrap(), [7; 32]);
    assert_eq!(admin_password_state(&db).unwrap(), AdminPasswordState::NeverSet);
    db.close();
    assert_eq!(detect(&place.at("admin.db")).unwrap(), DatabaseKind::Own(SCHEMA_VERSION));
}

#[test]
fn a_new_one_is_recognised_while_its_log_is_not_written_back() {
    let place = StoreFixture::new();
    let db = place.own();
    assert_eq!(detect(&place.at("admin.db")).unwrap(), DatabaseKind::Own(SCHEMA_VERSION));
    drop(db);
}

#[test]
fn an_existing_one_keeps_its_rows_and_its_key() {
    let place = StoreFixture::new();
    place.own().close();
    let mut again = place.options("admin.db");
    again.accounts.clear();
    again.cursor_key = [8; 32];
    let db = open(&again).unwrap();
    assert_eq!(names(&db), ["admin"]);
    assert_eq!(cursor_key(&db).unwrap(), [7; 32]);
}

#[test]
fn an_empty_file_becomes_our_own_unless_it_is_named_index_db() {
    let place = StoreFixture::new();
    for name in ["admin.db", "index.db"] {
        fs::write(place.at(name), "").unwrap();
    }
    assert_eq!(names(&place.own()), ["admin"]);
    assert!(matches!(place.open("index.db"), Err(OpenError::NotThereYet)));
    assert_eq!(fs::read(place.at("index.db")).unwrap(), b"");
}

#[test]
fn a_database_without_tables_is_nothing() {
    let place = StoreFixture::new();
    for name in ["admin.db", "index.db"] {
        place.create(name, "PRAGMA user_version = 5; CREATE TABLE t (a); DROP TABLE t;");
        assert_eq!(detect(&place.at(name)).unwrap(), DatabaseKind::Nothing);
    }
    assert!(matches!(place.open("index.db"), Err(OpenError::NotThereYet)));
    assert_eq!(names(&place.own()), ["admin"]);
}

#[test]
fn photoprism_s_is_detected_under_any_name() {
    let place = StoreFixture::new();
    for name in ["index.db", "copy.db"] {
        let path = place.photoprism(name);
        assert_eq!(detect(&path).unwrap(), DatabaseKind::PhotoPrism);
        let db = place.open(name).unwrap();
        let (version, edition) = ("2-new".to_owned(), "ce".to_owned());
        assert_eq!(db.kind(), &Kind::PhotoPrism { version, edition });
        assert!(db.kind().edition() == crate::model::Edition::Community);
    }
}

/// A file that another program created, and parts of the refusal's message.
fn foreign(place: &StoreFixture) -> Vec<(PathBuf, &'static str)> {
    let text = place.at("text.db");
    fs::write(&text, "not a database, whatever its name says").unwrap();
    let binary = place.at("binary.db");
    fs::write(&binary, vec![0xA5; 20_000]).unwrap();
    let with = |name, statements: &str| place.create(name, statements);
    let lacking = "CREATE TABLE migrations (a); CREATE TABLE versions (a); CREATE TABLE photos (a)";
    let (tables, _) = lacking.split_once("; CREATE TABLE photos").unwrap();
    vec![
        (text, "not an SQLite database"),
        (binary, "not an SQLite database"),
        (with("other.db", "CREATE TABLE songs (a)"), "another program (songs)"),
        (with("accounts.db", &account_tables()), "another program (auth_sessions, auth_users"),
        (with("meta.db", "CREATE TABLE admin_meta (key, value)"), "another program (admin_meta)"),
        (
            with("id.db", "PRAGMA application_id = 0x50504144; CREATE TABLE a (a)"),
            "another program",
        ),
        (with("old.db", lacking), "without the account table auth_users"),
        (with("backup.db", "PRAGMA application_id = 0x5050424B; CREATE TABLE a (a)"), "a backup"),
        (with("begun.db", tables), "has not finished"),
    ]
}

#[test]
fn files_of_other_programs_are_refused_and_not_changed() {
    let place = StoreFixture::new();
    let cases = foreign(&place);
    let before = place.files();
    for (path, part) in cases {
        let error = open(&options(&path)).unwrap_err();
        assert_eq!(error.exit_code(), 78, "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && text.contains(path.to_str().unwrap()), "{text}");
    }
    assert!(before == place.files());
}

/// What `.dump` of `sqlite3` keeps, loaded: neither of the numbers of the header, nor WAL mode.
const AS_DUMPED: &str =
    "PRAGMA journal_mode = delete; PRAGMA application_id = 0; PRAGMA user_version = 0;";

#[test]
fn one_that_was_dumped_and_loaded_is_recognised_and_made_whole() {
    let place = StoreFixture::new();
    place.own().close();
    place.create("admin.db", AS_DUMPED);
    assert_eq!(detect(&place.at("admin.db")).unwrap(), DatabaseKind::Own(SCHEMA_VERSION));
    let db = place.own();
    assert_eq!(names(&db), ["admin"]);
    assert_eq!(number(&db, "PRAGMA application_id"), 0x5050_4144);
    assert_eq!(number(&db, "PRAGMA user_version"), i64::from(SCHEMA_VERSION));
    db.close();
    // A newer schema, or none, is not this daemon's to change.
    for (value, part) in [("'7'", "its schema is 7"), ("'odd'", "another program")] {
        let set = format!("UPDATE admin_meta SET value = {value} WHERE key = 'schema_version'");
        place.create("admin.db", &format!("{AS_DUMPED}{set}"));
        let before = place.files();
        let error = place.open("admin.db").unwrap_err();
        assert!(error.exit_code() == 78 && error.to_string().contains(part), "{error}");
        assert!(before == place.files());
    }
}

#[test]
fn a_backup_is_not_accepted_as_the_database() {
    let place = StoreFixture::new();
    let db = place.own();
    let Backup { path, .. } = super::backups::back_up(&db, "x").unwrap();
    let error = open(&options(&path)).unwrap_err();
    assert!(error.exit_code() == 78 && error.to_string().contains("a backup"), "{error}");
}

#[test]
fn an_unfinished_photoprism_s_is_waited_for() {
    let place = StoreFixture::new();
    place.create("index.db", "CREATE TABLE versions (a)");
    assert_eq!(detect(&place.at("index.db")).unwrap(), DatabaseKind::Unfinished);
    assert!(matches!(place.open("index.db"), Err(OpenError::NotThereYet)));
}

#[test]
fn a_newer_schema_is_refused_wherever_it_is_stored_and_names_the_backup() {
    for statement in [
        "PRAGMA user_version = 7",
        "UPDATE admin_meta SET value = 7 WHERE key = 'schema_version'",
        "UPDATE admin_meta SET value = '7' WHERE key = 'schema_version'",
    ] {
        let place = StoreFixture::new();
        place.own().close();
        place.create("admin.db", statement);
        assert_eq!(detect(&place.at("admin.db")).unwrap(), DatabaseKind::Own(7));
        let before = place.files();
        let text = |error: OpenError| (error.exit_code(), error.to_string());
        let (code, without) = text(place.open("admin.db").unwrap_err());
        assert_eq!(code, 78, "{without}");
        assert!(without.contains("schema is 7") && without.contains("no backup"), "{without}");
        let backup = place.at("backups").join(format!("schema-{SCHEMA_VERSION}.db"));
        fs::create_dir(place.at("backups")).unwrap();
        fs::write(&backup, "").unwrap();
        let (code, with) = text(place.open("admin.db").unwrap_err());
        assert!(code == 78 && with.contains(backup.to_str().unwrap()), "{with}");
        assert!(before == place.files());
    }
}

#[test]
fn directories_are_created_for_default_paths_only() {
    let place = StoreFixture::new();
    let path = place.at("a/b/admin.db");
    let error = open(&options(&path)).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("a/b"), "{error}");
    assert!(!place.at("a").exists());
    open(&crate::store::OpenOptions { make_directory: true, ..options(&path) }).unwrap();
    let mode = |name| fs::metadata(place.at(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("a"), mode("a/b")), (0o700, 0o700));
}

#[test]
fn a_file_that_cannot_be_used_is_a_storage_error() {
    let place = StoreFixture::new();
    fs::create_dir(place.at("admin.db")).unwrap();
    let error = place.open("admin.db").unwrap_err();
    assert_eq!(error.exit_code(), 74, "{error}");
}

#[test]
fn an_sqlite_that_loses_writes_is_refused() {
    assert!(sqlite_version() >= SQLITE_OLDEST);
    assert!(check_sqlite_version(SQLITE_OLDEST).is_ok());
    let error = check_sqlite_version(SQLITE_OLDEST - 1).unwrap_err();
    assert!(error.exit_code() == 78 && error.to_string().contains("3.51.3"), "{error}");
}

const HELD: &str = "STORE_TEST_HELD";

/// Not a test by itself: this is the other process. Holds the database until its input ends.
#[test]
#[ignore = "run by the test next to it"]
fn other_process() {
    let Some(path) = std::env::var_os(HELD) else { return };
    let _db = open(&options(path.as_ref())).unwrap();
    writeln!(std::io::stdout(), "said open").unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn held_by_another(place: &StoreFixture) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::opening::other_process", "--ignored", "--nocapture"])
        .env(HELD, place.at("admin.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("said open")));
    child
}

#[test]
fn a_second_process_is_refused_and_the_message_names_the_first() {
    let place = StoreFixture::new();
    let mut child = held_by_another(&place);
    let error = place.open("admin.db").unwrap_err();
    let (code, text) = (error.exit_code(), error.to_string());
    assert!(code == 73 && text.contains(&format!("process {}", child.id())), "{text}");
    assert_eq!(detect(&place.at("admin.db")).unwrap(), DatabaseKind::Own(SCHEMA_VERSION));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(names(&place.own()), ["admin"]);
}

#[test]
fn a_killed_owner_leaves_nothing_in_the_way() {
    let place = StoreFixture::new();
    let mut child = held_by_another(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(&place.own()), ["admin"]);
}
