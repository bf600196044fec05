//! Pages over values of other storage classes than the daemon's own, as PhotoPrism's drivers and
//! people with `sqlite3` write them: every row comes once.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Values of each class for a column that lists are sorted by; the last is not UTF-8.
fn values(column: &str) -> [String; 6] {
    [
        format!("CAST({column} AS BLOB)"),
        "20240101".into(),
        "2024.5".into(),
        "'abc'".into(),
        "x'ff61'".into(),
        "CAST(x'ff61' AS TEXT)".into(),
    ]
}

/// Every page of one row holds what the whole list holds, in its order.
fn assert_pages(home: &TestDaemon, command: &str, rows: usize, what: &str) {
    let mut client = home.connect();
    let whole = client.ok(command, json!({"limit": 1000}))["items"].clone();
    let whole = whole.as_array().unwrap();
    assert_eq!(whole.len(), rows, "{command} {what}");
    let (mut args, mut paged) = (json!({"limit": 1}), Vec::new());
    while paged.len() <= rows {
        let page = client.ok(command, args.clone());
        paged.extend(page["items"].as_array().unwrap().iter().cloned());
        if page["next"] == Value::Null {
            break;
        }
        args["cursor"] = page["next"].clone();
    }
    assert_eq!(&paged, whole, "{command} {what}");
}

/// Some rows of the table in a file get each value in each column.
fn check(home: &mut TestDaemon, (file, table): (&Path, &str), columns: &[&str], command: &str) {
    for column in columns {
        for value in values(column) {
            home.stop();
            let kept = std::fs::read(file).unwrap();
            let conn = Connection::open(file).unwrap();
            let rows: u32 = conn
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
                .unwrap();
            let some = format!("(SELECT rowid FROM {table} ORDER BY {column} LIMIT 2 OFFSET 1)");
            // Not every key can be the same twice.
            let one = format!("(SELECT rowid FROM {table} ORDER BY {column} LIMIT 1 OFFSET 1)");
            let set = |which| {
                conn.execute(
                    &format!("UPDATE {table} SET {column} = {value} WHERE rowid IN {which}"),
                    [],
                )
            };
            set(&some).or_else(|_| set(&one)).unwrap();
            drop(conn);
            home.start();
            assert_pages(home, command, rows as usize, &format!("{column} = {value}"));
            home.stop();
            std::fs::write(file, kept).unwrap();
            home.start();
        }
    }
}

const SESSIONS: [&str; 4] = ["last_active", "created_at", "user_name", "id"];
const LOGINS: [&str; 4] = ["updated_at", "client_ip", "login_name", "login_realm"];

fn add_rows(home: &TestDaemon) {
    let mut client = home.connect();
    for n in 0..5 {
        client.ok("auth.add", json!({"name": format!("App {n}"), "scope": "*", "user": "admin"}));
        let login = json!({"name": format!("n{}", n % 3), "password": "wrong password",
            "client_ip": format!("192.0.2.{n}")});
        assert_eq!(client.fault("auth.login", login).0, "invalid_credentials");
    }
}

#[test]
fn sessions_of_an_edited_database_are_paged() {
    let mut home = TestDaemon::started();
    add_rows(&home);
    let file = home.database().to_owned();
    check(&mut home, (&file, "auth_sessions"), &SESSIONS, "auth.ls");
}

#[test]
fn login_records_of_an_edited_database_are_paged() {
    let mut home = TestDaemon::started();
    add_rows(&home);
    let file = home.database().to_owned();
    check(&mut home, (&file, "audit_logins"), &LOGINS, "logins.ls");
    home.offline(|database| {
        let some = "(SELECT rowid FROM audit_logins LIMIT 2)";
        let none = format!("UPDATE audit_logins SET updated_at = NULL WHERE rowid IN {some}");
        database.execute(&none, []).unwrap();
    });
    assert_pages(&home, "logins.ls", 5, "updated_at = NULL");
}

#[test]
fn sessions_of_photoprism_are_paged() {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(fixture);
    home.start();
    let file = home.database().to_owned();
    check(&mut home, (&file, "auth_sessions"), &SESSIONS, "auth.ls");
}
