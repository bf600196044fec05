//! The files of the database are removed, replaced or overwritten while the daemon runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::writes::{adding, code, missing};

/// Exit code of a storage error.
const EXIT_STORAGE: i32 = 74;

/// Exit code for a database that is not used.
const EXIT_REFUSED: i32 = 78;

/// A daemon with one account that was acknowledged, and a database of another daemon to put in the
/// place of its own.
struct Scene {
    home: TestDaemon,
    running: Running,
    other: PathBuf,
}

impl Scene {
    fn new(home: TestDaemon) -> Self {
        let mut elsewhere = TestDaemon::started();
        elsewhere.ok("users.add", json!({"name": "other", "role": "guest", "provider": "none"}));
        elsewhere.stop();
        let other = home.root().join("other.db");
        fs::copy(elsewhere.database(), &other).unwrap();
        let running = Running::start(home.command());
        assert_eq!(code(&home.ask(&adding("before"))), "ok");
        Self { home, running, other }
    }

    fn log_file(&self) -> PathBuf {
        self.home.data().join("admin.db-wal")
    }
}

/// The names of what was done, what does it, and the file that is named.
type Case = (&'static str, fn(&Scene), &'static str);

const CASES: [Case; 8] = [
    ("rm", |scene| fs::remove_file(scene.home.database()).unwrap(), "admin.db"),
    ("mv over", |scene| fs::rename(&scene.other, scene.home.database()).unwrap(), "admin.db"),
    ("cp over", |scene| overwrite(&scene.other, scene.home.database()), "admin.db"),
    ("truncated", |scene| fs::write(scene.home.database(), "").unwrap(), "admin.db"),
    ("moved away", |scene| move_away(scene.home.database()), "admin.db"),
    ("directory moved", |scene| move_away(&scene.home.data()), "admin.db"),
    ("log removed", |scene| fs::remove_file(scene.log_file()).unwrap(), "admin.db-wal"),
    ("log truncated", |scene| fs::write(scene.log_file(), "").unwrap(), "admin.db-wal"),
];

/// The same inode gets the other's content, as with `cp`.
fn overwrite(from: &Path, to: &Path) {
    fs::write(to, fs::read(from).unwrap()).unwrap();
}

fn move_away(path: &Path) {
    fs::rename(path, path.with_extension("moved")).unwrap();
}

/// Whether a write on that connection is acknowledged.
fn acknowledged(client: &mut Client) -> bool {
    // The daemon may be gone already.
    let _ = client.try_send(format!("{}\n", adding("after")));
    client.try_line().is_some_and(|line| line.contains("\"ok\":true"))
}

fn assert_ended((status, log): &(std::process::ExitStatus, String), (what, path): (&str, &Path)) {
    assert_eq!(status.code(), Some(EXIT_STORAGE), "{what}: {log}");
    let line = log.lines().find(|line| line.contains("nothing more is acknowledged, ending"));
    let line = line.unwrap_or_else(|| panic!("{what}: {log}"));
    assert!(line.ends_with(&format!("path={}", path.display())), "{what}: {line}");
}

#[test]
fn a_write_is_not_acknowledged_and_the_process_ends() {
    for (what, act, file) in CASES {
        let scene = Scene::new(TestDaemon::new());
        let mut client = scene.home.connect();
        act(&scene);
        assert!(!acknowledged(&mut client), "{what}");
        assert_ended(&scene.running.ended(), (what, &scene.home.data().join(file)));
    }
}

#[test]
fn it_is_noticed_without_any_request() {
    for (what, act, file) in [CASES[0], CASES[2]] {
        let scene = Scene::new(TestDaemon::new());
        act(&scene);
        assert_ended(&scene.running.ended(), (what, &scene.home.data().join(file)));
    }
}

#[test]
fn status_and_doctor_never_say_well() {
    for (what, act, file) in [CASES[1], CASES[2]] {
        for command in ["status", "doctor"] {
            let scene = Scene::new(TestDaemon::new());
            let mut client = scene.home.connect();
            act(&scene);
            let _ = client.try_send(format!("{}\n", json!({"cmd": command})));
            assert_eq!(client.try_line(), None, "{what} {command}");
            assert_ended(&scene.running.ended(), (what, &scene.home.data().join(file)));
        }
    }
}

#[test]
fn names_that_are_trusted_lose_what_was_acknowledged() {
    for (what, act, _) in [CASES[0], CASES[1], CASES[2]] {
        let mut scene = Scene::new(TestDaemon::new().faulty("trust-names"));
        act(&scene);
        assert!(acknowledged(&mut scene.home.connect()), "{what}");
        drop(scene.running);
        fs::remove_file(scene.home.data().join("admin.db.lock")).unwrap();
        if what == "rm" {
            scene.home.start();
            assert_eq!(missing(&mut scene.home, &["after".into()]), ["after"], "{what}");
        } else {
            // A mix of two databases, which nobody would notice but for their generations.
            assert_eq!(scene.home.ends().status.code(), Some(EXIT_REFUSED), "{what}");
        }
    }
}

#[test]
fn what_was_acknowledged_is_in_the_database_wherever_it_was_moved() {
    for (what, act, moved) in [
        ("moved away", CASES[4].1, "data/admin.moved"),
        ("directory moved", CASES[5].1, "data.moved/admin.db"),
        ("log removed", CASES[6].1, "data/admin.db"),
    ] {
        let mut scene = Scene::new(TestDaemon::new());
        act(&scene);
        assert_eq!(scene.running.ended().0.code(), Some(EXIT_STORAGE), "{what}");
        let moved = scene.home.root().join(moved);
        let database = scene.home.database().to_owned();
        if moved != database {
            fs::create_dir_all(scene.home.data()).unwrap();
            fs::rename(moved, &database).unwrap();
        }
        scene.home.start();
        assert_eq!(missing(&mut scene.home, &["before".into()]), [""; 0], "{what}");
    }
}

#[test]
fn a_link_that_leads_elsewhere_is_noticed() {
    let home = TestDaemon::new();
    let disk = home.root().join("disk");
    fs::create_dir(&disk).unwrap();
    symlink(disk.join("real.db"), home.database()).unwrap();
    let scene = Scene::new(home);
    assert!(disk.join("real.db-wal").exists() && disk.join("real.db.lock").exists());
    fs::remove_file(scene.home.database()).unwrap();
    symlink(&scene.other, scene.home.database()).unwrap();
    assert!(!acknowledged(&mut scene.home.connect()));
    assert_ended(&scene.running.ended(), ("link", scene.home.database()));
}

#[test]
fn a_hard_link_a_new_time_and_another_mode_lose_nothing() {
    let mut scene = Scene::new(TestDaemon::new());
    fs::hard_link(scene.home.database(), scene.home.root().join("copy.db")).unwrap();
    let touched = fs::File::options().append(true).open(scene.home.database()).unwrap();
    touched.set_modified(std::time::UNIX_EPOCH).unwrap();
    drop(touched);
    fs::set_permissions(scene.home.database(), std::os::unix::fs::PermissionsExt::from_mode(0o640))
        .unwrap();
    assert_eq!(code(&scene.home.ask(&adding("after"))), "ok");
    assert_eq!(scene.home.ok("status", json!({}))["counts"]["users"], 3);
    // Reading the file has not released the lock.
    let file = rusqlite::Connection::open(scene.home.database()).unwrap();
    let error = file.execute_batch("CREATE TABLE intruder (a)").unwrap_err();
    assert!(error.to_string().contains("locked"), "{error}");
    scene.running.stop();
}

/// Accounts enough that the log is written back in between.
const MANY: usize = 400;

#[test]
fn checkpoints_are_not_taken_for_strangers() {
    let scene = Scene::new(TestDaemon::new());
    let before = fs::metadata(scene.home.database()).unwrap().len();
    let mut client = scene.home.connect();
    for number in 0..MANY {
        assert_eq!(code(&client.ask(adding(&format!("many-{number}")))), "ok", "{number}");
    }
    assert!(fs::metadata(scene.home.database()).unwrap().len() > before, "no checkpoint");
    drop(scene.running);
    let mut home = scene.home;
    home.start();
    let names: Vec<String> = (0..MANY).map(|number| format!("many-{number}")).collect();
    assert_eq!(missing(&mut home, &names), [""; 0]);
}

/// Starts the daemon, and kills it with that account in its log.
fn killed_with_a_log(home: &mut TestDaemon, name: &str) {
    home.start();
    assert_eq!(code(&home.ask(&adding(name))), "ok");
    home.kill();
    assert!(fs::metadata(home.data().join("admin.db-wal")).unwrap().len() > 0);
}

#[test]
fn a_log_of_another_file_is_78_and_stays_as_it_is() {
    let scene = Scene::new(TestDaemon::new());
    let (mut home, other) = (scene.home, scene.other);
    scene.running.stop();
    let earlier = home.root().join("earlier.db");
    fs::copy(home.database(), &earlier).unwrap();
    // The same column of the same row: only the generation distinguishes the two.
    home.start();
    home.ok("users.mod", json!({"user": "before", "attr": "later"}));
    home.stop();
    for (stranger, name) in [(&other, "log-1"), (&earlier, "log-2")] {
        killed_with_a_log(&mut home, name);
        let (database, log) = (home.database().to_owned(), home.data().join("admin.db-wal"));
        let (own, log_before) = (fs::read(&database).unwrap(), fs::read(&log).unwrap());
        overwrite(stranger, &database);
        for _ in 0..2 {
            let output = home.ends();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(EXIT_REFUSED), "{said}");
            assert!(said.contains(log.to_str().unwrap()) && said.contains("move the log away"));
            assert!(fs::read(&log).unwrap() == log_before);
            assert!(fs::read(&database).unwrap() == fs::read(stranger).unwrap());
        }
        // Put back, it has everything.
        fs::write(&database, own).unwrap();
        home.start();
        assert_eq!(missing(&mut home, &["before".into(), name.into()]), [""; 0]);
        home.stop();
    }
    // Without the log the earlier one is served: restoring a copy is nobody's mistake.
    overwrite(&earlier, home.database());
    home.start();
    assert_eq!(home.ok("users.show", json!({"user": "before"}))["user"]["attr"], "");
}

#[test]
fn a_database_that_is_damaged_after_a_kill_is_78() {
    let mut home = TestDaemon::new();
    killed_with_a_log(&mut home, "log");
    let mut bytes = fs::read(home.database()).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0xA5);
    fs::write(home.database(), &bytes).unwrap();
    let output = home.ends();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(EXIT_REFUSED), "{said}");
    assert!(said.contains("it is damaged") && said.contains("backups"), "{said}");
    assert!(fs::read(home.database()).unwrap() == bytes);
}
