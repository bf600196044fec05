//! `backup.rm`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::backup::{create, directory, populated};
use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn files(home: &TestDaemon) -> usize {
    fs::read_dir(directory(home)).unwrap().count()
}

#[test]
fn a_backup_goes_by_its_name_and_by_its_path() {
    let mut home = populated();
    let (named, _) = create(&mut home);
    let (file, path) = create(&mut home);
    for backup in [json!(named), json!(path)] {
        let reply = home.confirmed("backup.rm", json!({"backup": backup}));
        assert_eq!(reply["result"], json!({"removed": true}), "{reply}");
        let again = home.confirmed("backup.rm", json!({"backup": backup}));
        assert_eq!(again["error"]["code"], "not_found", "{again}");
        assert!(again["error"]["hint"].as_str().unwrap().contains("backup ls"), "{again}");
    }
    assert_eq!(files(&home), 0);
    let record = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["command"], &record["target"]), (&json!("backup.rm"), &json!(file)));
}

#[test]
fn every_kind_of_backup_goes_and_the_others_stay() {
    let mut home = populated();
    home.ok("auth.reset", json!({}));
    let (kept, _) = create(&mut home);
    fs::write(directory(&home).join("schema-1.db"), "a database").unwrap();
    let listed = home.ok("backup.ls", json!({}))["items"].clone();
    for file in listed.as_array().unwrap().iter().map(|item| &item["file"]) {
        if *file != json!(kept) {
            home.confirmed("backup.rm", json!({"backup": file}));
        }
    }
    assert_eq!((listed.as_array().unwrap().len(), files(&home)), (3, 1));
    assert_eq!(home.ok("backup.verify", json!({"file": kept}))["ok"], true);
}

#[test]
fn without_a_consent_nothing_goes() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    let line = json!({"cmd": "backup.rm", "args": {"backup": file}}).to_string();
    assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    assert_eq!(files(&home), 1);
}

#[test]
fn only_backups_go() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    let directory = directory(&home);
    let outside = home.data().join("outside.db");
    fs::write(&outside, "a file").unwrap();
    symlink(&outside, directory.join("link.db")).unwrap();
    fs::create_dir(directory.join("directory.db")).unwrap();
    for (backup, code) in [
        (json!(outside), "invalid_argument"),
        (json!(home.database()), "invalid_argument"),
        (json!("../outside.db"), "invalid_argument"),
        (json!(directory.join("../outside.db")), "invalid_argument"),
        (json!(directory), "invalid_argument"),
        (json!(""), "invalid_argument"),
        (json!("notes"), "invalid_argument"),
        (json!("link.db"), "not_found"),
        (json!("directory.db"), "not_found"),
        (json!("none.db"), "not_found"),
    ] {
        let reply = home.confirmed("backup.rm", json!({"backup": backup}));
        assert_eq!(reply["error"]["code"], code, "{backup}: {reply}");
        if code == "invalid_argument" {
            assert_eq!(reply["error"]["field"], "backup", "{backup}: {reply}");
        }
    }
    assert!(outside.exists() && path.exists() && directory.join("link.db").is_symlink());
    assert_eq!(home.ok("backup.verify", json!({"file": file}))["ok"], true);
}

#[test]
fn a_key_removes_one_backup() {
    let mut home = populated();
    let (file, path) = create(&mut home);
    let copy = fs::read(&path).unwrap();
    let line = json!({"cmd": "backup.rm", "args": {"backup": file}, "confirm": true,
        "key": "removed-1"})
    .to_string();
    assert_eq!(home.ask(&line)["result"], json!({"removed": true}));
    // Another one of that name stays: the first was carried out.
    fs::write(&path, copy).unwrap();
    assert_eq!(home.ask(&line)["result"], json!({"replayed": true, "removed": true}));
    assert!(path.exists());
}

/// A second request with the key has to wait for the first, and is answered as it was.
#[test]
fn a_key_on_many_connections_removes_one_backup() {
    let mut home = populated();
    let (file, _) = create(&mut home);
    let line = json!({"cmd": "backup.rm", "args": {"backup": file}, "confirm": true,
        "key": "removed-1"});
    let mut clients: Vec<_> = (0..6).map(|_| home.connect()).collect();
    for client in &mut clients {
        client.send(format!("{line}\n"));
    }
    let replies: Vec<_> = clients.iter_mut().map(Client::reply).collect();
    assert!(replies.iter().all(|reply| reply["result"]["removed"] == true), "{replies:?}");
    let replayed = replies.iter().filter(|reply| reply["result"]["replayed"] == true).count();
    assert_eq!((replayed, files(&home)), (5, 0));
}
