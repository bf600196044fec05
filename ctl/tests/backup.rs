//! `admin backup`.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{Daemon, ok, output, output_with_input, page, refused};
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

/// A page of the file, as the daemon writes it.
fn fetched(bytes: &[u8], whole: usize, next: Option<&str>) -> String {
    let data = data_encoding::BASE64.encode(bytes);
    ok(&json!({"file": FILE, "bytes": whole, "data": data, "next": next}))
}

#[test]
fn fetch_writes_a_private_file_and_replaces_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let line = format!("admin backup fetch {FILE} -o {}", path.display());
    let pages = || [fetched(b"SQLite", 9, Some("6")), fetched(&[0, 255, b'x'], 9, None)];
    let daemon = Daemon::playing(pages());
    let output = daemon.run(&line);
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""), "{output:?}");
    assert_eq!(output.err, format!("wrote {}: 9 bytes\n", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"SQLite\0\xffx");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let cursor = json!({"file": FILE, "cursor": "6"});
    assert_eq!(daemon.requests()[1], json!({"cmd": "backup.fetch", "args": cursor}));
    // A file that is there stays, and nothing is fetched.
    fs::write(&path, "mine").unwrap();
    for line in [line.clone(), format!("admin backup create -o {}", path.display())] {
        let daemon = Daemon::playing(pages());
        let output = daemon.run(&line);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains("--force"), "{}", output.err);
        assert!(daemon.requests().is_empty());
    }
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(Daemon::playing(pages()).run(&format!("{line} --force")).code, Some(0));
    assert_eq!(fs::read(&path).unwrap(), b"SQLite\0\xffx");
    // Half of one is none.
    fs::write(&path, "mine").unwrap();
    for pages in [
        vec![fetched(b"SQLite", 9, Some("6")), refused("conflict", "it was replaced")],
        vec![fetched(b"SQLite", 9, None)],
        vec![fetched(b"", 9, Some("0")), fetched(b"", 9, Some("0"))],
    ] {
        let output = Daemon::playing(pages).run(&format!("{line} --force"));
        assert!(matches!(output.code, Some(5 | 70)), "{output:?}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "and nothing next to it");
}

#[test]
fn create_writes_a_copy_here() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let counts = json!({"users": 1, "deleted": 2, "sessions": 3});
    let created = ok(&json!({"backup": PATH, "file": FILE, "bytes": 6, "counts": counts,
        "removed": 2}));
    let script = || [created.clone(), fetched(b"SQLite", 6, None)];
    let daemon = Daemon::playing(script());
    let output = daemon.run(&format!("admin backup create --keep 7 -o {}", path.display()));
    assert_eq!((output.code, output.out), (Some(0), format!("{PATH}\n")));
    assert!(output.err.contains("deleted 2 older backups\n"), "{}", output.err);
    assert_eq!(fs::read(&path).unwrap(), b"SQLite");
    let create = json!({"cmd": "backup.create", "args": {"keep": 7}});
    let fetch = json!({"cmd": "backup.fetch", "args": {"file": FILE}});
    assert_eq!(daemon.requests(), [create, fetch]);
    let output = Daemon::playing(script()).run("admin backup create -o -");
    assert_eq!((output.code, output.out.as_str()), (Some(0), "SQLite"));
    let nowhere = directory.path().join("none/a.db");
    let daemon = Daemon::playing(script());
    assert_eq!(daemon.run(&format!("admin backup create -o {}", nowhere.display())).code, Some(1));
    assert!(daemon.requests().is_empty(), "no backup that nobody gets");
}

/// What the daemon answers to a file in `parts` parts that is restored.
fn sent(parts: usize, dry_run: bool) -> Vec<String> {
    let part = json!({"upload": "abc", "bytes": 1, "file": null, "backup": null, "counts": null});
    let mut done = part.clone();
    done["file"] = "sent-1.db".into();
    let mut script = vec![ok(&part); parts];
    script.extend([ok(&done), ok(&restored(dry_run)), ok(&json!({"removed": true}))]);
    script
}

#[test]
fn a_file_of_this_machine_is_sent_restored_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let bytes: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    fs::write(&path, &bytes).unwrap();
    let script: Vec<String> = [page(&[entry()], None)].into_iter().chain(sent(3, false)).collect();
    let daemon = Daemon::playing(script);
    let output = daemon.run(&format!("admin backup restore --yes {}", path.display()));
    assert_eq!((output.code, output.out), (Some(0), format!("{PATH}\n")), "{}", output.err);
    let requests = daemon.requests();
    let parts = requests.iter().filter(|request| !request["args"]["data"].is_null());
    let data: Vec<u8> = parts
        .flat_map(|part| {
            data_encoding::BASE64.decode(part["args"]["data"].as_str().unwrap().as_bytes()).unwrap()
        })
        .collect();
    assert_eq!(data, bytes);
    assert_eq!(requests[1]["args"].get("upload"), None);
    assert_eq!(requests[4]["args"], json!({"upload": "abc", "done": true}));
    let restore = json!({"cmd": "backup.restore", "args": {"file": "sent-1.db"}, "confirm": true});
    let rm = json!({"cmd": "backup.rm", "args": {"backup": "sent-1.db"}, "confirm": true});
    assert_eq!(requests[5..], [restore, rm]);
    // A pipe, and a dry run.
    let daemon = Daemon::playing(sent(1, true));
    let mut command = daemon.command("admin backup restore --dry-run -".split(' '));
    assert_eq!(output_with_input(&mut command, "SQLite").code, Some(0));
    assert_eq!(daemon.requests().len(), 4);
    // What was refused goes as well.
    let mut script = sent(1, false);
    script[2] = refused("conflict", "of another kind");
    let daemon = Daemon::playing(script);
    let mut command = daemon.command("admin backup restore --yes -".split(' '));
    assert_eq!(output_with_input(&mut command, "SQLite").code, Some(5));
    assert_eq!(daemon.requests()[3]["cmd"], "backup.rm");
}

/// A local file wins only where the daemon has none of that name.
#[test]
fn a_backup_of_the_daemon_comes_before_a_file_of_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE), "mine").unwrap();
    let run = |daemon: &Daemon| {
        let arguments = ["admin", "backup", "restore", "--yes", FILE];
        output(daemon.command(arguments).current_dir(directory.path()))
    };
    let daemon = Daemon::playing([page(&[entry()], None), ok(&restored(false))]);
    assert_eq!(run(&daemon).code, Some(0));
    assert_eq!(daemon.requests()[1]["args"], json!({"file": FILE}));
    let daemon =
        Daemon::playing([page(&[], None)].into_iter().chain(sent(1, false)).collect::<Vec<_>>());
    assert_eq!(run(&daemon).code, Some(0));
    assert_eq!(daemon.requests()[1]["cmd"], "backup.send");
}

#[test]
fn prune_says_how_many_went() {
    let result = json!({"dry_run": false, "removed": 2, "kept": 7, "files": ["a.db", "b.db"]});
    let daemon = Daemon::done(&result);
    let output = daemon.run("admin backup prune --keep 7 --yes");
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    assert_eq!(output.err, "deleted 2 backups, kept 7\n");
    let request = json!({"cmd": "backup.prune", "args": {"keep": 7}, "confirm": true});
    assert_eq!(daemon.requests(), [request]);
    let mut result = result;
    result["dry_run"] = true.into();
    let daemon = Daemon::done(&result);
    let output = daemon.run("admin backup prune --keep 7 --dry-run");
    assert_eq!((output.code, output.out.as_str()), (Some(0), "a.db\nb.db\n"));
    assert_eq!(daemon.requests()[0]["args"], json!({"keep": 7, "dry_run": true}));
    let daemon = Daemon::playing([""]);
    let output = daemon.run("admin backup prune --keep 7");
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("--yes") && daemon.requests().is_empty(), "{}", output.err);
    assert_eq!(Daemon::playing([""]).run("admin backup prune").code, Some(2));
}
