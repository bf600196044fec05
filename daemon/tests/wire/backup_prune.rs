//! `backup.prune`, and `backup.create` with `keep`.

use std::fs;

use serde_json::{Value, json};

use super::backup::{create, directory, populated};
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn listed(home: &mut TestDaemon) -> Vec<Value> {
    let items = home.ok("backup.ls", json!({}))["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["file"].clone()).collect()
}

/// Three manual ones, the oldest first, each of another second.
fn three(home: &mut TestDaemon) -> Vec<String> {
    let found: Vec<_> = (0..3).map(|_| create(home)).collect();
    for (age, (_, path)) in (0..).zip(found.iter().rev()) {
        let file = fs::File::options().append(true).open(path).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        let written = written - std::time::Duration::from_hours(age);
        file.set_modified(written).unwrap();
    }
    found.into_iter().map(|(file, _)| file).collect()
}

#[test]
fn the_newest_manual_ones_stay_and_so_do_the_automatic_ones() {
    let mut home = populated();
    home.ok("auth.reset", json!({}));
    let automatic = listed(&mut home)[0].clone();
    let files = three(&mut home);
    let dry = home.confirmed("backup.prune", json!({"keep": 1, "dry_run": true}));
    let expected = json!({"dry_run": true, "removed": 2, "kept": 1, "files": files[..2]});
    assert_eq!(dry["result"], expected, "{dry}");
    assert_eq!(listed(&mut home).len(), 4);
    let line = json!({"cmd": "backup.prune", "args": {"keep": 1}, "confirm": true,
        "key": "pruned-1"})
    .to_string();
    let mut expected = expected;
    expected["dry_run"] = false.into();
    assert_eq!(home.ask(&line)["result"], expected);
    let mut left = listed(&mut home);
    left.retain(|file| *file != automatic);
    assert_eq!(left, [json!(files[2])]);
    let records = home.ok("audit.ls", json!({"limit": 3}))["items"].clone();
    let targets: Vec<&Value> =
        records.as_array().unwrap().iter().map(|record| &record["target"]).collect();
    assert_eq!(targets, [&json!(""), &json!(files[1]), &json!(files[0])]);
    assert_eq!(records[2]["command"], "backup.prune");
    // The key was used: what is there by now stays.
    let (newer, _) = create(&mut home);
    assert_eq!(home.ask(&line)["result"]["replayed"], true);
    assert!(listed(&mut home).contains(&json!(newer)) && listed(&mut home).len() == 3);
    assert_eq!(home.confirmed("backup.prune", json!({"keep": 9}))["result"]["removed"], 0);
    assert_eq!(home.confirmed("backup.prune", json!({"keep": 0}))["result"]["removed"], 2);
    assert_eq!(listed(&mut home), [automatic]);
}

#[test]
fn without_a_consent_or_with_a_wrong_number_nothing_goes() {
    let mut home = populated();
    create(&mut home);
    let line = json!({"cmd": "backup.prune", "args": {"keep": 0}}).to_string();
    assert_eq!(home.ask(&line)["error"]["code"], "confirm_required");
    for keep in [json!(-1), json!(i64::MIN)] {
        let reply = home.confirmed("backup.prune", json!({"keep": keep}));
        assert_eq!(reply["error"]["field"], "keep", "{reply}");
    }
    let error = home.refused("backup.create", json!({"keep": 0}));
    assert_eq!((&error["code"], &error["field"]), (&json!("invalid_argument"), &json!("keep")));
    assert_eq!(fs::read_dir(directory(&home)).unwrap().count(), 1);
}

#[test]
fn one_that_is_created_drives_the_oldest_out() {
    let mut home = populated();
    let files = three(&mut home);
    let created = home.ok("backup.create", json!({"keep": 2}));
    assert_eq!(created["removed"], 2, "{created}");
    assert_eq!(listed(&mut home), [created["file"].clone(), json!(files[2])]);
    let records = home.ok("audit.ls", json!({"limit": 3}))["items"].clone();
    assert_eq!(records[0]["target"], created["file"]);
    assert_eq!(records[2]["target"], json!(files[0]));
    assert_eq!(home.ok("backup.create", json!({"keep": 9}))["removed"], 0);
}
