//! Backups that earlier versions wrote: they held the tables as the database declares them, and no
//! clients.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::rows::{TABLES, rows, run};
use crate::setup::{altered, number, photoprism};

/// Writes one as they did.
fn earlier(source: &Path, target: &Path) {
    let conn = Database::Sqlite(Connection::open(target).unwrap());
    run(&conn, "PRAGMA foreign_keys = 0");
    conn.execute("ATTACH ?1 AS source", [source.to_str().unwrap()]).unwrap();
    for kind in ["table", "index"] {
        // Indexes in the order of the list came later, and no backup ever had them.
        let statement = "SELECT name, sql FROM source.sqlite_schema WHERE sql IS NOT NULL
             AND type = ?1 AND tbl_name = ?2 AND sql NOT LIKE '%ifnull(%'";
        for table in TABLES.into_iter().filter(|table| *table != "auth_clients") {
            let mut statement = conn.prepare(statement).unwrap();
            let mut found = statement.query([kind, table]).unwrap();
            while let Some(row) = found.next().unwrap() {
                run(&conn, &row.get::<_, String>(1).unwrap());
            }
            if kind == "table" {
                let which = if table == "passwords" { "uid GLOB 'u*'" } else { "1" };
                run(
                    &conn,
                    &format!("INSERT INTO {table} SELECT * FROM source.{table} WHERE {which}"),
                );
            }
        }
    }
    run(&conn, "PRAGMA application_id = 0x5050424B; PRAGMA user_version = 1");
}

fn restored(home: &mut TestDaemon, database: &str) -> Value {
    let found = home.ok("backup.verify", json!({"file": "earlier.db"}));
    let of = found["backups"][0]["database"].as_str();
    assert_eq!((&found["ok"], of), (&json!(true), Some(database)), "{found}");
    let reply =
        home.confirmed("backup.restore", json!({"file": "earlier.db", "with_sessions": true}));
    assert_eq!(reply["ok"], true, "{reply}");
    reply["result"].clone()
}

#[test]
fn one_of_photoprisms_accounts_is_taken_and_leaves_clients_as_they_are() {
    let mut home = altered(
        "INSERT INTO auth_clients (client_uid, user_uid) SELECT 'cs000000000000u1', user_uid
           FROM auth_users WHERE user_name = 'bob';
         INSERT INTO passwords (uid, hash) VALUES ('cs000000000000u1', 'of a client')",
    );
    let created = home.ok("backup.create", json!({}));
    let directory = home.data().join("backups");
    earlier(home.database(), &directory.join("earlier.db"));
    let conn = photoprism(&home);
    let before = rows(&conn);
    let counts = restored(&mut home, "photoprism");
    assert_eq!((&counts["unchanged"], &counts["sessions_restored"]), (&json!(11), &json!(14)));
    assert_eq!(rows(&conn), before);
    home.ok("users.reset", json!({}));
    assert_eq!(number(&conn, "SELECT count(*) FROM auth_clients"), 0);
    assert_eq!(restored(&mut home, "photoprism")["added"], 11);
    // It never held the client, which the one of today does.
    home.ok("backup.restore", json!({"file": created["file"], "with_sessions": true}));
    assert_eq!(rows(&conn), before);
}

#[test]
fn one_of_an_own_database_is_taken() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": "mysecret"}));
    home.ok("auth.add", json!({"name": "Sync", "scope": "webdav", "user": "bob"}));
    home.ok("backup.create", json!({}));
    let (path, database) = (home.data().join("backups/earlier.db"), home.database().to_owned());
    let before = home.offline(|conn| {
        earlier(&database, &path);
        rows(conn)
    });
    home.ok("users.reset", json!({}));
    assert_eq!(restored(&mut home, "own")["added"], 2);
    let after = home.offline(|conn| rows(conn));
    assert_eq!(after, before);
}
