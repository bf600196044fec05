//! `backup.create`, `backup.ls` and `backup.verify`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// A daemon with two people, one of them deleted, and an app password.
pub(crate) fn populated() -> TestDaemon {
    let mut home = TestDaemon::started();
    for name in ["bob", "gone"] {
        home.ok("users.add", json!({"name": name, "role": "user", "password": "mysecret"}));
    }
    home.ok("users.rm", json!({"user": "gone"}));
    home.ok("auth.add", json!({"name": "Sync", "scope": "webdav", "user": "bob"}));
    home
}

pub(crate) fn create(home: &mut TestDaemon) -> (String, PathBuf) {
    let created = home.ok("backup.create", json!({}));
    let text = |key: &str| created[key].as_str().unwrap().to_owned();
    (text("file"), text("backup").into())
}

pub(crate) fn directory(home: &TestDaemon) -> PathBuf {
    home.data().join("backups")
}

fn listed(home: &mut TestDaemon) -> Vec<String> {
    let items = home.ok("backup.ls", json!({}))["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["file"].as_str().unwrap().into()).collect()
}

#[test]
fn create_writes_a_whole_private_file_and_records_it() {
    let mut home = populated();
    let created = home.ok("backup.create", json!({}));
    let (file, path) = (created["file"].as_str().unwrap(), created["backup"].as_str().unwrap());
    let path = Path::new(path);
    assert_eq!(path, directory(&home).join(file));
    assert!(file.starts_with("backup-20") && file.ends_with("Z.db"), "{file}");
    let data = fs::metadata(path).unwrap();
    assert_eq!(data.permissions().mode() & 0o7777, 0o600);
    assert_eq!(created["bytes"], data.len());
    assert_eq!(created["counts"], json!({"users": 2, "deleted": 1, "sessions": 1}));
    let names: Vec<_> =
        fs::read_dir(directory(&home)).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(names, [path], "and nothing next to it");
    let record = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("backup.create"), &json!(file)));
    let copy = Connection::open(path).unwrap();
    let hashes: i64 =
        copy.query_row("SELECT count(*) FROM passwords", [], |row| row.get(0)).unwrap();
    assert_eq!(hashes, 2);
}

#[test]
fn a_key_creates_one_file() {
    let mut home = populated();
    let line = r#"{"cmd":"backup.create","key":"nightly-1"}"#;
    let first = home.ask(line);
    let again = home.ask(line);
    assert_eq!(again["result"]["replayed"], true, "{again}");
    assert_eq!(again["result"]["file"], first["result"]["file"]);
    assert_eq!(listed(&mut home).len(), 1);
    // What changes nothing answers anew.
    let line = r#"{"cmd":"backup.ls","key":"nightly-2"}"#;
    assert_eq!(home.ask(line)["result"], home.ask(line)["result"]);
    let short = home.ask(r#"{"cmd":"backup.ls","key":"short"}"#);
    assert_eq!(short["error"]["field"], "key");
}

/// Each of them finds nothing under the key and waits for the one before.
#[test]
fn a_key_on_many_connections_creates_one_file() {
    let mut home = populated();
    let mut clients: Vec<_> = (0..6).map(|_| home.connect()).collect();
    for client in &mut clients {
        client.send(b"{\"cmd\":\"backup.create\",\"key\":\"nightly-1\"}\n");
    }
    let replies: Vec<Value> = clients.iter_mut().map(Client::reply).collect();
    let file = |reply: &Value| reply["result"]["file"].as_str().unwrap().to_owned();
    assert!(replies.iter().all(|reply| file(reply) == file(&replies[0])), "{replies:?}");
    let replayed = replies.iter().filter(|reply| reply["result"]["replayed"] == true).count();
    assert_eq!((replayed, listed(&mut home).len()), (5, 1));
}

#[test]
fn those_of_one_moment_get_names_of_their_own() {
    let mut home = populated();
    let mut client = home.connect();
    let line = b"{\"cmd\":\"backup.create\"}\n";
    client.send(line.repeat(5));
    let mut files: Vec<String> =
        (0..5).map(|_| client.reply()["result"]["file"].as_str().unwrap().to_owned()).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 5);
    assert_eq!(home.ok("backup.verify", json!({}))["ok"], true);
}

#[test]
fn those_who_ask_at_once_wait_for_each_other() {
    let mut home = populated();
    let mut clients: Vec<_> = (0..4).map(|_| home.connect()).collect();
    for client in &mut clients {
        client.send(b"{\"cmd\":\"backup.create\"}\n{\"cmd\":\"backup.verify\"}\n");
    }
    for client in &mut clients {
        assert_eq!(client.reply()["ok"], true);
        assert_eq!(client.reply()["result"]["ok"], true);
    }
    assert_eq!(fs::read_dir(directory(&home)).unwrap().count(), 4);
    assert_eq!(listed(&mut home).len(), 4);
}

#[test]
fn ls_shows_where_each_came_from_newest_first_and_in_pages() {
    let mut home = populated();
    assert_eq!(home.ok("backup.ls", json!({})), json!({"items": [], "next": null}));
    home.ok("auth.reset", json!({}));
    let directory = directory(&home);
    for (name, created) in [("schema-1.db", 1), ("mine.db", 2_000_000_000), ("older.db", 1)] {
        fs::write(directory.join(name), "x").unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(created);
        fs::File::options()
            .write(true)
            .open(directory.join(name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    for name in ["x.tmp", "x.part", "x.db-journal", "notes"] {
        fs::write(directory.join(name), "").unwrap();
    }
    fs::create_dir(directory.join("directory.db")).unwrap();
    symlink(directory.join("mine.db"), directory.join("link.db")).unwrap();
    let items = home.ok("backup.ls", json!({}))["items"].clone();
    let origins: Vec<(&str, &str)> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["file"].as_str().unwrap(), item["origin"].as_str().unwrap()))
        .collect();
    assert!(origins[1].0.ends_with("-auth-reset.db"), "{origins:?}");
    let expected = [
        ("mine.db", "manual"),
        (origins[1].0, "automatic"),
        ("schema-1.db", "migration"),
        ("older.db", "manual"),
    ];
    assert_eq!(origins, expected);
    assert_eq!(items[0]["path"], directory.join("mine.db").to_str().unwrap());
    assert_eq!(
        (&items[0]["bytes"], &items[0]["created_at"]),
        (&json!(1), &json!("2033-05-18T03:33:20Z"))
    );
    let (mut cursor, mut paged) = (Value::Null, Vec::new());
    loop {
        let mut args = json!({"limit": 1});
        if !cursor.is_null() {
            args["cursor"] = cursor;
        }
        let page = home.ok("backup.ls", args);
        paged.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(json!(paged), items);
    assert_eq!(home.fault("backup.ls", json!({"limit": 0})).1, "limit");
    assert_eq!(home.fault("backup.ls", json!({"cursor": "x"})).1, "cursor");
}

#[test]
fn verify_distinguishes_good_from_bad() {
    let mut home = populated();
    assert_eq!(home.ok("backup.verify", json!({})), json!({"ok": true, "backups": []}));
    let (file, path) = create(&mut home);
    let good = json!({"file": file, "ok": true, "error": null, "database": "own",
        "counts": {"users": 2, "deleted": 1, "sessions": 1}});
    assert_eq!(
        home.ok("backup.verify", json!({"file": file})),
        json!({"ok": true, "backups": [good]})
    );
    // A page in the middle that was overwritten.
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    fs::write(directory(&home).join("damaged.db"), bytes).unwrap();
    fs::write(directory(&home).join("text.db"), "no database at all, whatever its name says")
        .unwrap();
    let found = home.ok("backup.verify", json!({}));
    assert_eq!(found["ok"], false);
    let one = |name: &str| {
        let backups = found["backups"].as_array().unwrap();
        backups.iter().find(|backup| backup["file"] == name).unwrap().clone()
    };
    assert_eq!(one(&file), good);
    for (name, why) in [("damaged.db", "damaged"), ("text.db", "not an SQLite database")] {
        let bad = one(name);
        assert_eq!((&bad["ok"], &bad["counts"]), (&json!(false), &Value::Null));
        assert!(bad["error"].as_str().unwrap().contains(why), "{bad}");
    }
    let records = home.ok("audit.ls", json!({}))["items"].clone();
    assert!(!records.to_string().contains("backup.verify"), "what only looks leaves no record");
}

#[test]
fn names_are_those_of_files_in_the_directory() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    symlink(&path, directory(&home).join("link.db")).unwrap();
    for (name, code, field) in [
        (path.to_str().unwrap(), "invalid_argument", "file"),
        ("../admin.db", "invalid_argument", "file"),
        ("", "invalid_argument", "file"),
        (".db", "invalid_argument", "file"),
        ("a\0.db", "invalid_argument", "file"),
        ("nothing.db", "not_found", ""),
    ] {
        for cmd in ["backup.verify", "backup.restore"] {
            let fault = home.fault(cmd, json!({"file": name}));
            assert_eq!(fault, (code.into(), field.into()), "{cmd} {name}");
        }
    }
    fs::copy(&path, directory(&home).join("open.db")).unwrap();
    fs::write(directory(&home).join("open.db-journal"), "").unwrap();
    assert_eq!(home.fault("backup.restore", json!({"file": "open.db"})).1, "file");
    assert_eq!(home.ok("backup.verify", json!({"file": "link.db"}))["ok"], false);
    let fault = home.fault("backup.restore", json!({"file": "link.db"}));
    assert_eq!(fault, ("invalid_argument".into(), "file".into()));
    assert_eq!(home.ok("backup.verify", json!({"file": file}))["ok"], true);
}
