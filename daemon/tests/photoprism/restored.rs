//! PhotoPrism's own backup, restore and reset: they work as without the daemon, whose trail goes on
//! and says so.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::outside::lacks;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{assert_sound, fixture, home, photoprism, untouchable};

/// What PhotoPrism pipes into `sqlite3`, and what it then says.
fn sqlite3(database: &Path, argument: Option<&str>, input: &str) -> (String, String) {
    let mut command = Command::new("sqlite3");
    command.arg(database).args(argument).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// `photoprism backup -i`.
fn dump(database: &Path) -> String {
    let (text, error) = sqlite3(database, Some(".dump"), "");
    assert_eq!(error, "");
    text
}

/// `photoprism restore -i -f`: the tables that PhotoPrism knows go, then the dump is run.
fn restore(conn: &Database, database: &Path, text: &str) -> String {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'";
    let known = Connection::open(fixture()).unwrap();
    let mut names = known.prepare(names).unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    for name in names {
        conn.execute_batch(&format!("DROP TABLE IF EXISTS \"{name}\"")).unwrap();
    }
    sqlite3(database, None, text).1
}

fn newest(home: &mut TestDaemon) -> Value {
    home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone()
}

#[test]
fn photoprism_s_backup_and_restore_work_as_without_the_daemon() {
    if lacks("sqlite3") {
        return;
    }
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "in the dump"}));
    let login = json!({"name": "bob", "password": "mysecret", "client_ip": "192.0.2.1"});
    home.ok("auth.login", login);
    let text = dump(home.database());
    assert!(text.contains("auth_users") && text.ends_with("COMMIT;\n"));
    assert!(
        !text.contains("admin_audit") && !text.contains("audit_logins"),
        "nothing of the daemon's own tables"
    );
    let conn = photoprism(&home);
    let before = untouchable(&conn);
    let key = json!({"cmd": "users.mod", "key": "key-later",
        "args": {"user": "bob", "attr": "after the dump"}});
    assert_eq!(home.ask(&key.to_string())["ok"], true);
    home.ok("users.add", json!({"name": "late", "role": "admin", "password": "longenough"}));
    assert_eq!(restore(&conn, home.database(), &text), "");
    assert_sound(&conn);
    assert!(untouchable(&conn) == before);
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "in the dump");
    // The trail goes on, and no key answers for what is not there any more.
    let record = newest(&mut home);
    assert_eq!(record["command"], "daemon.database_replaced", "{record}");
    assert_eq!(record["socket"], Value::Null);
    assert_eq!(record["uid"], nix::unistd::geteuid().as_raw());
    let target = record["target"].as_str().unwrap();
    assert!(target.contains("1 accounts missing") && target.contains("since record"), "{target}");
    let verdict = home.ok("audit.verify", json!({}));
    assert_eq!((&verdict["ok"], &verdict["records"]), (&json!(true), &json!(4)), "{verdict}");
    let again = home.ask(&key.to_string());
    assert_eq!(again["result"]["user"]["attr"], "after the dump");
    assert!(again["result"].get("replayed").is_none(), "{again}");
    let log = home.restart();
    assert!(log.contains("PhotoPrism's database was restored or replaced"), "{log}");
    assert_eq!(newest(&mut home)["command"], "users.mod", "it is said once");
}

#[test]
fn another_process_is_kept_out_of_the_daemon_s_file() {
    if lacks("sqlite3") {
        return;
    }
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let own = home.data().join("photoprism-admin.db");
    let (_, error) = sqlite3(&own, Some("SELECT count(*) FROM admin_audit"), "");
    assert!(error.contains("locked"), "{error}");
    home.stop();
    let (records, error) = sqlite3(&own, Some("SELECT count(*) FROM admin_audit"), "");
    assert_eq!((records.as_str(), error.as_str()), ("1\n", ""));
}

#[test]
fn another_installation_in_its_place_continues_the_trail() {
    let mut home = home();
    home.ok("auth.add", json!({"user": "bob", "name": "app", "scope": "webdav"}));
    home.stop();
    let other = "UPDATE auth_users SET user_uid = 'uqz1r5w1rstuvwxy' WHERE id = 1";
    home.open_database().execute_batch(other).unwrap();
    home.start();
    let record = newest(&mut home);
    assert_eq!(record["command"], "daemon.database_replaced", "{record}");
    assert_eq!(home.ok("audit.verify", json!({}))["records"], 2);
}

#[test]
fn a_file_put_in_its_place_while_it_runs_is_followed() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "lost with the restored backup"}));
    let arriving = home.data().join("arriving");
    std::fs::copy(fixture(), &arriving).unwrap();
    std::fs::rename(arriving, home.database()).unwrap();
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "");
    assert_eq!(newest(&mut home)["command"], "daemon.database_replaced");
    home.ok("users.mod", json!({"user": "bob", "attr": "new"}));
    let verdict = home.ok("audit.verify", json!({}));
    assert_eq!((&verdict["ok"], &verdict["records"]), (&json!(true), &json!(3)));
    let log = home.stop();
    assert!(log.contains("the database file was replaced"), "{log}");
}

#[test]
fn what_daemon_and_photoprism_do_themselves_is_not_a_replacement() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    home.ok("passwd.set", json!({"user": "bob", "password": "longer enough"}));
    let file = home.ok("backup.create", json!({}))["file"].clone();
    home.ok("users.mod", json!({"user": "bob", "attr": "b"}));
    home.ok("backup.restore", json!({"file": file}));
    home.ok("passwd.remove", json!({"user": "bob"}));
    photoprism(&home)
        .execute_batch(
            "UPDATE auth_users SET display_name = 'x', updated_at = '2199-01-01 00:00:00+00:00';
             CREATE TABLE a_new_version (a); DELETE FROM auth_sessions;",
        )
        .unwrap();
    home.restart();
    home.ok("users.reset", json!({}));
    home.restart();
    let records = home.ok("audit.ls", json!({}))["items"].clone();
    let records: Vec<&str> =
        records.as_array().unwrap().iter().map(|r| r["command"].as_str().unwrap()).collect();
    assert!(!records.iter().any(|command| command.starts_with("daemon.")), "{records:?}");
}

#[test]
fn the_file_belongs_to_photoprism_s_user_and_nobody_else_reads_it() {
    let mut home = home();
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(home.database(), Some(4711), Some(4712)).unwrap();
    }
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let database = std::fs::metadata(home.database()).unwrap();
    for name in ["photoprism-admin.db", "photoprism-admin.db-wal"] {
        let own = std::fs::metadata(home.data().join(name)).unwrap();
        assert_eq!((own.uid(), own.gid()), (database.uid(), database.gid()), "{name}");
        assert_eq!(own.mode() & 0o777, 0o600, "{name}");
    }
}
