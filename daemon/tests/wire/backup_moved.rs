//! `backup.fetch` and `backup.send`.

use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::backup::{create, directory, populated};
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The bytes of a backup, page by page.
fn fetch(home: &mut TestDaemon, file: &str) -> (Vec<u8>, usize) {
    let (mut bytes, mut pages, mut args) = (Vec::new(), 0, json!({"file": file}));
    loop {
        let page = home.ok("backup.fetch", args.clone());
        bytes.extend(BASE64.decode(page["data"].as_str().unwrap().as_bytes()).unwrap());
        pages += 1;
        if page["next"].is_null() {
            assert_eq!(page["bytes"], bytes.len(), "{file}");
            return (bytes, pages);
        }
        args["cursor"] = page["next"].clone();
    }
}

/// Sends bytes in parts, and returns the upload.
fn send(home: &mut TestDaemon, bytes: &[u8]) -> Value {
    let mut upload = Value::Null;
    for part in bytes.chunks(45_000) {
        let mut args = json!({"data": BASE64.encode(part)});
        if !upload.is_null() {
            args["upload"] = upload;
        }
        upload = home.ok("backup.send", args)["upload"].clone();
    }
    upload
}

fn names(home: &TestDaemon) -> Vec<String> {
    let found = fs::read_dir(directory(home)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = found.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_fetched_is_the_file() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    assert_eq!(fetch(&mut home, &file), (fs::read(path).unwrap(), 1));
    let long: Vec<u8> = (0..500_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    fs::write(directory(&home).join("long.db"), &long).unwrap();
    assert_eq!(fetch(&mut home, "long.db"), (long, 3));
    fs::write(directory(&home).join("empty.db"), "").unwrap();
    assert_eq!(fetch(&mut home, "empty.db"), (Vec::new(), 1));
}

#[test]
fn a_file_that_was_replaced_is_not_continued() {
    let mut home = populated();
    let (_, path) = create(&mut home);
    let at = |name: &str| path.with_file_name(name);
    fs::write(at("long.db"), vec![1; 300_000]).unwrap();
    let next = home.ok("backup.fetch", json!({"file": "long.db"}))["next"].clone();
    fs::write(at("other"), vec![2; 300_000]).unwrap();
    fs::rename(at("other"), at("long.db")).unwrap();
    let args = json!({"file": "long.db", "cursor": next});
    assert_eq!(home.refused("backup.fetch", args)["code"], "conflict");
    for cursor in ["", "1", "a.b.c.d.e", "-1.1.1.1.1"] {
        let error = home.refused("backup.fetch", json!({"file": "long.db", "cursor": cursor}));
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("invalid_argument"), &json!("cursor"))
        );
    }
}

#[test]
fn only_backups_are_fetched() {
    let mut home = populated();
    let (_, path) = create(&mut home);
    fs::hard_link(home.database(), path.with_file_name("live.db")).unwrap();
    for (file, code) in [
        ("live.db", "invalid_argument"),
        ("../accounts.db", "invalid_argument"),
        ("notes", "invalid_argument"),
        ("none.db", "not_found"),
    ] {
        assert_eq!(home.refused("backup.fetch", json!({"file": file}))["code"], code, "{file}");
    }
    // The lock of the database is still held.
    home.ok("users.show", json!({"user": "bob"}));
}

#[test]
fn a_backup_goes_out_and_comes_back() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    let (bytes, _) = fetch(&mut home, &file);
    home.confirmed("backup.rm", json!({"backup": path}));
    home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    let upload = send(&mut home, &bytes);
    assert!(home.ok("backup.ls", json!({}))["items"].as_array().unwrap().is_empty());
    let line = json!({"cmd": "backup.send", "key": "moved-back-1",
        "args": {"upload": upload, "done": true}})
    .to_string();
    let sent = home.ask(&line)["result"].clone();
    assert_eq!(sent["counts"], json!({"users": 2, "deleted": 1, "sessions": 1}), "{sent}");
    assert_eq!((&sent["bytes"], &sent["upload"]), (&json!(bytes.len()), &upload));
    let name = sent["file"].as_str().unwrap().to_owned();
    assert!(name.starts_with("sent-20"), "{name}");
    assert_eq!(names(&home), std::slice::from_ref(&name));
    assert_eq!(fs::read(sent["backup"].as_str().unwrap()).unwrap(), bytes);
    let record = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("backup.send"), &json!(name)));
    let again = home.ask(&line)["result"].clone();
    assert_eq!((&again["replayed"], &again["file"]), (&json!(true), &json!(name)));
    let restored = home.confirmed("backup.restore", json!({"file": name}));
    assert_eq!(restored["result"]["changed"], 1, "{restored}");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["role"], "user");
    assert_eq!(home.ok("backup.ls", json!({"limit": 1}))["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_could_not_be_restored_is_refused_and_leaves_nothing() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    let (mut bytes, _) = fetch(&mut home, &file);
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    let database = fs::read(home.database()).unwrap();
    for bytes in [&bytes[..], &b"name;role\nbob;user\n"[..], &b""[..], &database] {
        let upload = if bytes.is_empty() {
            home.ok("backup.send", json!({"data": ""}))["upload"].clone()
        } else {
            send(&mut home, bytes)
        };
        let error = home.refused("backup.send", json!({"upload": upload, "done": true}));
        assert_eq!((&error["code"], &error["field"]), (&json!("invalid_argument"), &json!("data")));
        let again = home.refused("backup.send", json!({"upload": upload, "done": true}));
        assert_eq!(again["code"], "not_found");
        assert_eq!(names(&home), std::slice::from_ref(&file));
    }
    assert!(path.exists());
}

#[test]
fn a_step_says_one_thing() {
    let mut home = TestDaemon::started();
    for (args, field) in [
        (json!({}), "data"),
        (json!({"done": true}), "upload"),
        (json!({"upload": "x"}), "data"),
        (json!({"upload": "x", "done": false}), "data"),
        (json!({"upload": "x", "data": "", "done": true}), "data"),
        (json!({"data": "?"}), "data"),
        (json!({"data": "QQ"}), "data"),
    ] {
        let error = home.refused("backup.send", args.clone());
        assert_eq!(error["code"], "invalid_argument", "{args}");
        assert_eq!(error["field"], field, "{args}");
    }
    for args in [json!({"upload": "x", "data": ""}), json!({"upload": "x", "done": true})] {
        assert_eq!(home.refused("backup.send", args)["code"], "not_found");
    }
    assert!(!directory(&home).exists() || names(&home).is_empty());
}

#[test]
fn an_abandoned_upload_goes_also_after_kill_9() {
    let mut home = TestDaemon::started();
    let ids: Vec<Value> = (0..2).map(|_| send(&mut home, b"some bytes")).collect();
    let uploads: Vec<PathBuf> =
        names(&home).iter().map(|name| directory(&home).join(name)).collect();
    assert_eq!(uploads.len(), 2, "{uploads:?}");
    assert_eq!(home.refused("backup.send", json!({"data": ""}))["code"], "busy");
    home.kill();
    assert!(uploads.iter().all(|path| path.exists()));
    home.start();
    assert_eq!(names(&home), [""; 0]);
    let error = home.refused("backup.send", json!({"upload": ids[0], "done": true}));
    assert_eq!(error["code"], "not_found");
    send(&mut home, b"some bytes");
    home.stop();
    assert_eq!(names(&home), [""; 0]);
}
