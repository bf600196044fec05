//! `admin backup`.

mod common;

use common::{Daemon, ok, page, refused};
use serde_json::{Value, json};

const FILE: &str = "backup-20261124T081500.250Z.db";
const PATH: &str = "/var/lib/photoprism/backups/backup-20261124T081500.250Z.db";

fn entry() -> Value {
    json!({"file": FILE, "path": PATH, "origin": "manual", "bytes": 122_880,
        "created_at": "2026-11-24T08:15:00Z"})
}

#[test]
fn create_prints_the_path() {
    let counts = json!({"users": 1, "deleted": 2, "sessions": 3});
    let result = json!({"backup": PATH, "file": FILE, "bytes": 122_880, "counts": counts});
    let daemon = Daemon::done(&result);
    let output = daemon.run("admin backup create");
    assert_eq!((output.code, output.out), (Some(0), format!("{PATH}\n")));
    assert_eq!(output.err, "created a backup: 1 user, 2 deleted, 3 sessions\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "backup.create", "args": {}})]);
    let output = Daemon::done(&result).run("admin backup create --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), result);
    assert_eq!(
        Daemon::playing([refused("storage_full", "no")]).run("admin backup create").code,
        Some(1)
    );
}

#[test]
fn ls_lists_in_every_format() {
    let mut strange = entry();
    strange["file"] = "a\u{1b}.db".into();
    strange["origin"] = "automatic".into();
    let items = [entry(), strange];
    let daemon = Daemon::playing([page(&items, None)]);
    let output = daemon.run("admin backup ls -n 2 --csv");
    assert_eq!(
        output.out,
        format!(
            "File;Origin;Bytes;Created At\n{FILE};Manual;122880;2026-11-24 08:15:00\n\
                 a\u{1b}.db;Automatic;122880;2026-11-24 08:15:00\n"
        )
    );
    assert_eq!(output.err, "found 2 backups\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "backup.ls", "args": {"limit": 2}})]);
    let output = Daemon::playing([page(&items, None)]).run("admin backup ls");
    assert!(output.out.contains("| a\\u{1b}.db "), "{}", output.out);
    let output = Daemon::playing([page(&items, None)]).run("admin backup ls --json");
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), json!(items));
    let output = Daemon::playing([page(&[], None)]).run("admin backup ls");
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
}

fn checked(ok: bool) -> Value {
    let counts = json!({"users": 1, "deleted": 0, "sessions": 0});
    let error = json!("it is damaged");
    json!({"ok": ok, "backups": [
        {"file": FILE, "ok": ok, "error": if ok { Value::Null } else { error },
            "database": "own", "counts": if ok { counts } else { Value::Null }},
        {"file": "schema-1.db", "ok": true, "error": null, "database": "own", "counts": null}
    ]})
}

#[test]
fn verify_distinguishes_good_from_bad() {
    let daemon = Daemon::done(&checked(true));
    let output = daemon.run("admin backup verify");
    assert_eq!(
        (output.code, output.out),
        (
            Some(0),
            format!(
                "ok: {FILE}: 1 user, 0 deleted, 0 sessions\nok: schema-1.db: the whole database\n"
            )
        )
    );
    assert_eq!(output.err, "checked 2 backups\n");
    assert_eq!(daemon.requests(), [json!({"cmd": "backup.verify", "args": {}})]);
    let daemon = Daemon::done(&checked(false));
    let output = daemon.run(&format!("admin backup verify {FILE}"));
    assert_eq!(output.code, Some(1));
    assert!(output.out.starts_with(&format!("bad: {FILE}: it is damaged\n")), "{}", output.out);
    assert_eq!(daemon.requests()[0]["args"], json!({"file": FILE}));
    let output = Daemon::done(&checked(false)).run("admin backup verify --json");
    assert_eq!(output.code, Some(1));
    assert_eq!(serde_json::from_str::<Value>(&output.out).unwrap(), checked(false));
    let missing = refused("not_found", "there is no such backup");
    assert_eq!(Daemon::playing([missing]).run("admin backup verify x.db").code, Some(3));
}

fn restored(dry_run: bool) -> Value {
    json!({"dry_run": dry_run, "added": 1, "changed": 1, "removed": 0, "unchanged": 4,
        "accounts": [
            {"uid": "usxyz0abc1defgh2", "name": "bob", "change": "changed", "fields": ["role", "password"]},
            {"uid": "usxyz0abc1defgh3", "name": "a|b", "change": "added", "fields": []}
        ],
        "sessions_revoked": 1, "sessions_restored": 0,
        "backup": if dry_run { Value::Null } else { json!(PATH) }})
}

#[test]
fn restore_names_the_backup_of_what_was_there_before() {
    let daemon = Daemon::done(&restored(false));
    let output = daemon.run(&format!("admin backup restore --yes {FILE}"));
    assert_eq!((output.code, output.out), (Some(0), format!("{PATH}\n")));
    assert_eq!(
        output.err,
        "1 user added, 1 changed, 0 removed, 4 left as they are; 1 session ended, 0 restored; \
         the backup that holds what was there before:\n"
    );
    let request = json!({"cmd": "backup.restore", "args": {"file": FILE}, "confirm": true});
    assert_eq!(daemon.requests(), [request]);
    let daemon = Daemon::done(&restored(false));
    daemon.run(&format!("admin backup restore -y --with-sessions --json {FILE}"));
    assert_eq!(daemon.requests()[0]["args"], json!({"file": FILE, "with_sessions": true}));
}

#[test]
fn a_dry_run_asks_nobody_and_shows_a_table() {
    let daemon = Daemon::done(&restored(true));
    let output = daemon.run(&format!("admin backup restore --dry-run {FILE}"));
    assert_eq!(output.code, Some(0));
    assert!(
        output.out.contains("| usxyz0abc1defgh2 | bob      | Changed | role, password |"),
        "{}",
        output.out
    );
    assert_eq!(
        output.err,
        "1 user would be added, 1 changed, 0 removed, 4 left as they are; 1 session would be \
         ended, 0 would be restored\n"
    );
    assert_eq!(daemon.requests()[0]["args"], json!({"file": FILE, "dry_run": true}));
}

#[test]
fn a_path_is_looked_up_among_the_daemons_backups() {
    let daemon = Daemon::playing([page(&[entry()], None), ok(&restored(false))]);
    assert_eq!(daemon.run(&format!("admin backup restore --yes {PATH}")).code, Some(0));
    assert_eq!(daemon.requests()[1]["args"], json!({"file": FILE}));
    for path in ["/elsewhere/x.db", &format!("./{FILE}")] {
        let daemon = Daemon::playing([page(&[entry()], None)]);
        let output = daemon.run(&format!("admin backup restore --yes {path}"));
        assert_eq!(output.code, Some(3), "{output:?}");
        assert_eq!(daemon.requests().len(), 1, "nothing was restored");
    }
}

#[test]
fn nobody_restores_by_accident() {
    let daemon = Daemon::playing([""]);
    let output = daemon.run(&format!("admin backup restore {FILE}"));
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes"), "{}", output.err);
    assert!(daemon.requests().is_empty());
    assert_eq!(Daemon::playing([""]).run("admin backup restore").code, Some(2));
}

#[test]
fn rm_names_what_it_deleted() {
    let daemon = Daemon::done(&json!({"removed": true}));
    let output = daemon.run(&format!("admin backup rm --yes {PATH}"));
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    assert_eq!(output.err, format!("deleted backup {PATH}\n"));
    let request = json!({"cmd": "backup.rm", "args": {"backup": PATH}, "confirm": true});
    assert_eq!(daemon.requests(), [request]);
    let output = Daemon::done(&json!({"removed": true})).run("admin backup rm -y --json x.db");
    assert_eq!(output.out, "{\"removed\":true}\n");
}

#[test]
fn nobody_deletes_a_backup_by_accident() {
    let daemon = Daemon::playing([""]);
    let output = daemon.run(&format!("admin backup rm {FILE}"));
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes"), "{}", output.err);
    assert!(daemon.requests().is_empty());
    assert_eq!(Daemon::playing([""]).run("admin backup rm").code, Some(2));
}
