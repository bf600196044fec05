//! The engine alone, without the store's tables.

use jiff::Timestamp;
use rusqlite::{StatementStatus, ffi};

use super::*;

fn engine() -> Connection {
    rusqlite::Connection::open_in_memory().unwrap().into()
}

fn changed(engine: &Connection, text: &str, values: &[Value<'_>]) -> u64 {
    engine.prepare_once(text).unwrap().change(values).unwrap()
}

/// What a column with this SQL value reads as.
fn read<T>(
    value: &str,
    how: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let engine = engine();
    let mut statement = engine.prepare_once(&format!("SELECT {value}")).unwrap();
    statement.one(&[], how).map(Option::unwrap)
}

#[test]
fn every_value_is_stored_in_its_class_and_read_back() {
    let engine = engine();
    let at: Timestamp = "2026-11-23T14:16:18.9Z".parse().unwrap();
    let (text, bytes) = ("zoë".to_owned(), [0, 255]);
    for (value, class, shown) in [
        (Value::Null, "null", ""),
        (Value::from(-7_i64), "integer", "-7"),
        (7_i32.into(), "integer", "7"),
        (7_u32.into(), "integer", "7"),
        (u64::MAX.into(), "integer", "9223372036854775807"),
        (usize::MAX.into(), "integer", "9223372036854775807"),
        (0.5.into(), "real", "0.5"),
        ("007".into(), "text", "007"),
        ((&text).into(), "text", "zoë"),
        (bytes[..].into(), "blob", "\0\u{FFFD}"),
        (at.into(), "text", "2026-11-23 14:16:18+00:00"),
        (true.into(), "integer", "1"),
        (false.into(), "integer", "0"),
        (Some(at).into(), "text", "2026-11-23 14:16:18+00:00"),
        (None::<&str>.into(), "null", ""),
    ] {
        // A number that is used twice is one value.
        let mut statement = engine.prepare_once("SELECT typeof(?1), ?1, ?2").unwrap();
        let read = statement.one(&[value, "two".into()], |row| {
            Ok((row.text(0)?, row.text(1)?, row.kept(1)?, row.exact_text(2)?))
        });
        let (found, as_text, kept, second) = read.unwrap().unwrap();
        assert_eq!((&*found, &*as_text, &*second), (class, shown, "two"));
        let mut again = engine.prepare_once("SELECT typeof(?1), ?1").unwrap();
        let read = again.one(&[(&kept).into()], |row| Ok((row.text(0)?, row.text(1)?)));
        assert_eq!(read.unwrap().unwrap(), (class.into(), shown.into()), "as it was");
    }
}

#[test]
fn values_are_the_same_that_are_stored_the_same() {
    let whole: Timestamp = "2026-11-23T14:16:18Z".parse().unwrap();
    let fraction: Timestamp = "2026-11-23T14:16:18.9Z".parse().unwrap();
    let later: Timestamp = "2026-11-23T14:16:19Z".parse().unwrap();
    let all: [Value<'_>; 9] = [
        Value::Null,
        1_i64.into(),
        1.0.into(),
        true.into(),
        "1".into(),
        b"1"[..].into(),
        whole.into(),
        later.into(),
        "".into(),
    ];
    for (at, one) in all.iter().enumerate() {
        for (other, two) in all.iter().enumerate() {
            assert_eq!(one == two, at == other, "{at} {other}");
        }
    }
    assert!(Value::from(whole) == fraction.into());
}

#[test]
fn a_text_is_read_from_every_storage_class() {
    for (value, expected) in [
        ("NULL", ""),
        ("''", ""),
        ("'bob'", "bob"),
        ("'Zoë'", "Zoë"),
        ("7", "7"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.5", "1.5"),
        ("x'626f62'", "bob"),
        ("x'ff'", "\u{FFFD}"),
        ("CAST(x'ff' AS TEXT)", "\u{FFFD}"),
        ("x''", ""),
    ] {
        assert_eq!(read(value, |row| row.text(0)).unwrap(), expected, "{value}");
    }
}

#[test]
fn a_flag_is_read_from_every_storage_class() {
    for value in ["1", "-1", "2", "0.5", "'1'", "'true'", "'TRUE'", "x'31'"] {
        assert!(read(value, |row| row.flag(0)).unwrap(), "{value}");
    }
    for value in ["NULL", "0", "0.0", "''", "'0'", "'false'", "'no'", "x''"] {
        assert!(!read(value, |row| row.flag(0)).unwrap(), "{value}");
    }
}

#[test]
fn a_number_and_a_time_are_read_from_every_storage_class() {
    for (value, expected) in
        [("7", 7), ("'7'", 7), ("x'37'", 7), ("'x'", 0), ("1.5", 0), ("NULL", 0)]
    {
        assert_eq!(read(value, |row| row.integer(0)).unwrap(), expected, "{value}");
    }
    let noon = Some("2026-11-23T12:00:00Z".parse().unwrap());
    for (value, expected) in [
        ("'2026-11-23 12:00:00+00:00'", noon),
        ("CAST('2026-11-23T12:00:00Z' AS BLOB)", noon),
        ("'0001-01-01 00:00:00'", None),
        ("'yesterday'", None),
        ("7", None),
        ("NULL", None),
    ] {
        assert_eq!(read(value, |row| row.time(0)).unwrap(), expected, "{value}");
    }
}

#[test]
fn what_is_read_exactly_is_of_its_class_or_an_error() {
    assert_eq!(read("7", |row| row.exact_integer(0)).unwrap(), 7);
    assert_eq!(read("7", |row| row.count(0)).unwrap(), 7);
    assert_eq!(read("-7", |row| row.count(0)).unwrap(), 0);
    assert_eq!(read("7", |row| row.optional_integer(0)).unwrap(), Some(7));
    assert_eq!(read("NULL", |row| row.optional_integer(0)).unwrap(), None);
    assert_eq!(read("7", |row| row.real(0)).unwrap().to_bits(), 7.0_f64.to_bits());
    assert_eq!(read("0.5", |row| row.real(0)).unwrap().to_bits(), 0.5_f64.to_bits());
    assert_eq!(read("'7'", |row| row.exact_text(0)).unwrap(), "7");
    assert_eq!(read("x'37'", |row| row.bytes(0)).unwrap(), b"7");
    assert!(read("'7'", |row| row.is_text(0)).unwrap());
    for value in ["NULL", "7", "0.5", "'7'", "x'37'", "CAST(x'ff' AS TEXT)"] {
        let is = |class: &str| value == class;
        let other = "'7'";
        assert_eq!(read(value, |row| row.exact_integer(0)).is_ok(), is("7"), "{value}");
        assert_eq!(read(value, |row| row.count(0)).is_ok(), is("7"), "{value}");
        assert_eq!(read(value, |row| row.exact_text(0)).is_ok(), is(other), "{value}");
        assert_eq!(read(value, |row| row.bytes(0)).is_ok(), is("x'37'"), "{value}");
        assert_eq!(read(value, |row| row.real(0)).is_ok(), is("7") || is("0.5"), "{value}");
        let optional = read(value, |row| row.optional_integer(0)).is_ok();
        assert_eq!(optional, is("7") || is("NULL"), "{value}");
    }
    let secret = read("'a secret'", |row| row.exact_integer(0)).unwrap_err().to_string();
    assert_eq!(secret, "column 0 contains a text where an integer is expected");
    assert!(read("7", |row| row.text(1)).is_err(), "there is one column");
}

#[test]
fn rows_are_read_one_by_one_and_a_statement_again() {
    let engine = engine();
    changed(&engine, "CREATE TABLE t (a)", &[]);
    let mut add = engine.prepare_once("INSERT INTO t VALUES (?1)").unwrap();
    for number in 0..3_i64 {
        assert_eq!(add.change(&[number.into()]).unwrap(), 1);
    }
    drop(add);
    let mut all = engine.prepare_once("SELECT a FROM t WHERE a >= ?1 ORDER BY a").unwrap();
    let mut rows = all.query(&[1_i64.into()]).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().integer(0).unwrap(), 1);
    drop(rows);
    assert_eq!(all.all(&[0_i64.into()], |row| row.integer(0)).unwrap(), [0, 1, 2]);
    assert_eq!(all.one(&[2_i64.into()], |row| row.integer(0)).unwrap(), Some(2));
    assert_eq!(all.one(&[3_i64.into()], |row| row.integer(0)).unwrap(), None);
    drop(all);
    assert_eq!(changed(&engine, "UPDATE t SET a = a WHERE a > ?1", &[0_i64.into()]), 2);
    assert!(engine.prepare_once("SELECT ?1").unwrap().query(&[]).is_err(), "a value is missing");
}

#[test]
fn a_statement_is_prepared_once() {
    let engine = engine();
    for runs in 1..4 {
        engine.prepare_once("SELECT 1").unwrap().one(&[], |row| row.integer(0)).unwrap();
        let cached = engine.sqlite().unwrap().prepare_cached("SELECT 1").unwrap();
        assert_eq!(cached.get_status(StatementStatus::Run), runs);
    }
}

#[test]
fn what_is_undone_alone_leaves_the_rest() {
    let engine = engine();
    changed(&engine, "CREATE TABLE t (a)", &[]);
    let add = |number: i64| changed(&engine, "INSERT INTO t VALUES (?1)", &[number.into()]);
    let all = || {
        let mut all = engine.prepare_once("SELECT a FROM t").unwrap();
        all.all(&[], |row| row.integer(0)).unwrap()
    };
    engine.begin().unwrap();
    engine.savepoint(Savepoint::Command).unwrap();
    add(1);
    engine.release(Savepoint::Command).unwrap();
    engine.savepoint(Savepoint::Command).unwrap();
    add(2);
    engine.savepoint(Savepoint::Piece).unwrap();
    add(3);
    engine.rollback_to(Savepoint::Piece).unwrap();
    engine.release(Savepoint::Piece).unwrap();
    assert_eq!(all(), [1, 2]);
    engine.rollback_to(Savepoint::Command).unwrap();
    engine.release(Savepoint::Command).unwrap();
    assert!(engine.in_transaction());
    engine.commit().unwrap();
    assert!(!engine.in_transaction());
    engine.begin().unwrap();
    add(4);
    engine.rollback().unwrap();
    assert_eq!((all(), engine.in_transaction()), (vec![1], false));
    engine.close().unwrap();
}

#[test]
fn errors_of_sqlite_become_those_of_the_store() {
    let error =
        |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    assert!(matches!(error(ffi::SQLITE_IOERR_FSYNC), StoreError::Sync(_)));
    assert!(matches!(error(ffi::SQLITE_IOERR_DIR_FSYNC), StoreError::Sync(_)));
    assert!(matches!(error(ffi::SQLITE_FULL), StoreError::Full(_)));
    assert!(matches!(error(ffi::SQLITE_IOERR_WRITE), StoreError::Full(_)));
    assert!(matches!(error(ffi::SQLITE_IOERR_READ), StoreError::Other(_)));
    assert!(matches!(error(ffi::SQLITE_BUSY), StoreError::Locked(_)));
    assert!(matches!(error(ffi::SQLITE_LOCKED), StoreError::Locked(_)));
    assert!(matches!(error(ffi::SQLITE_CORRUPT), StoreError::Damaged(_)));
    assert!(matches!(error(ffi::SQLITE_NOTADB), StoreError::Damaged(_)));
    assert!(matches!(error(ffi::SQLITE_READONLY), StoreError::ReadOnly(_)));
    assert!(matches!(error(ffi::SQLITE_CANTOPEN), StoreError::ReadOnly(_)));
    assert!(matches!(error(ffi::SQLITE_TOOBIG), StoreError::TooBig(_)));
    let engine = engine();
    changed(&engine, "CREATE TABLE t (a UNIQUE)", &[]);
    changed(&engine, "INSERT INTO t VALUES (1)", &[]);
    let twice = engine.prepare_once("INSERT INTO t VALUES (1)").unwrap().change(&[]);
    assert!(matches!(twice, Err(StoreError::Constraint(_))));
    assert!(matches!(engine.prepare_once("SELECT * FROM u"), Err(StoreError::Other(_))));
}
