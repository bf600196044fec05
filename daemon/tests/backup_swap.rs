//! Somebody swaps links and directories for `backups/`, and links for the files in it, while
//! backups are written.
//!
//! The owner of the directory above may rename `backups/`, also where it belongs to another user:
//! PhotoPrism's user may, where the daemon is root. Only the daemon's own user can swap what is in
//! it.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
mod common;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use photoprism_daemon::clock::Stopwatch;
use photoprism_daemon::store::{
    Database, Db, Expected, OpenOptions, Running, StoreError, backup_create,
};
use rusqlite::Connection;
use tempfile::TempDir;

use common::{is_root, skipped};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

/// Backups that are written meanwhile.
const ROUNDS: u32 = 150;

/// Of these, what a disk with slow syncs manages at least, and when it has done enough.
const LEAST_ROUNDS: u32 = 10;
const ENOUGH: Duration = Duration::from_secs(5);

/// The same in the long run.
const LONG_ROUNDS: u32 = 4000;

/// Rounds that the mistake is given to show; it needs a few.
const MOST_ROUNDS: u32 = 100_000;

/// Another user than the daemon's.
const ATTACKER: u32 = 54_012;

/// Where the process that is the other user works; without it `helper` does nothing.
const WHERE: &str = "BACKUP_SWAP_IN";

/// Files that must stay as they are: an empty one, a text, a database.
const VICTIMS: [&str; 3] = ["empty", "text", "database"];

/// What the names of directories begin with that hold symbolic links to them, or hard links.
const TRAPS: [&str; 2] = ["link", "hard"];

/// Where a database with its backups is, what lies in wait, and what must not be touched.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::set_permissions(place.0.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["data", "outside"] {
            fs::create_dir(place.at(name)).unwrap();
        }
        fs::copy(FIXTURE, place.at("data/index.db")).unwrap();
        fs::write(place.at("outside/empty"), "").unwrap();
        fs::write(place.at("outside/text"), "precious").unwrap();
        let victim = Connection::open(place.at("outside/database")).unwrap();
        victim.execute_batch("CREATE TABLE precious (a); INSERT INTO precious VALUES (1)").unwrap();
        for name in VICTIMS {
            place.lay_trap(name);
        }
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Directories that wait to be put in the place of `backups/`: what a backup would write in
    /// them is a link, and what it would sweep away lies there.
    fn lay_trap(&self, victim: &str) {
        let target = self.at("outside").join(victim);
        fs::set_permissions(&target, Permissions::from_mode(0o644)).unwrap();
        for trap in TRAPS {
            let trap = self.at(&format!("data/{trap}-{victim}"));
            fs::create_dir(&trap).unwrap();
            fs::write(trap.join("swept.part"), "precious").unwrap();
        }
        symlink(&target, self.at(&format!("data/link-{victim}/x.part"))).unwrap();
        fs::hard_link(&target, self.at(&format!("data/hard-{victim}/x.part"))).unwrap();
    }

    /// Every trap.
    fn traps(&self) -> impl Iterator<Item = PathBuf> {
        let names = TRAPS.iter().flat_map(|trap| VICTIMS.map(|name| format!("data/{trap}-{name}")));
        names.map(|name| self.at(&name))
    }

    /// Names, contents and modes of all that must stay.
    fn state(&self) -> Vec<(PathBuf, Vec<u8>, u32)> {
        let mut found = Vec::new();
        for directory in self.traps().chain([self.at("outside")]) {
            for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                let mode = fs::symlink_metadata(&path).unwrap().mode();
                found.push((path.clone(), fs::read(&path).unwrap(), mode));
            }
        }
        found.sort();
        found
    }
}

/// How somebody swaps, in the directory of the database: the how manieth time, and with what.
type Swap = fn(&Path, u64, &str);

/// A link to a trap takes the place of `backups/`, which comes back unless the daemon has created
/// another one. Each step may meet what the daemon does.
fn swap_link(data: &Path, time: u64, victim: &str) {
    let (backups, away) = (data.join("backups"), data.join(format!("away-{time}")));
    let _ = fs::rename(&backups, &away);
    let _ = symlink(data.join(format!("link-{victim}")), &backups);
    let _ = fs::remove_file(&backups);
    let _ = fs::rename(&away, &backups);
}

/// The same with the trap itself, which is a directory of the one who swaps.
fn swap_trap(data: &Path, time: u64, victim: &str) {
    let (backups, away) = (data.join("backups"), data.join(format!("away-{time}")));
    let trap = data.join(format!("hard-{victim}"));
    let _ = fs::rename(&backups, &away);
    let _ = fs::rename(&trap, &backups);
    let _ = fs::rename(&backups, &trap);
    let _ = fs::rename(&away, &backups);
}

/// A link takes the place of a file while it is written.
fn swap_file(data: &Path, _: u64, victim: &str) {
    let (link, file) = (data.join("link"), data.join("backups/x.part"));
    let _ = symlink(data.with_file_name("outside").join(victim), &link);
    if fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
        let _ = fs::rename(&link, &file);
    }
    let _ = fs::remove_file(&link);
}

/// Swaps until `stop` is set.
fn swap_until(stop: &AtomicBool, data: &Path, swaps: &[Swap]) {
    let mut time = 0;
    while !stop.load(Ordering::Relaxed) {
        for (victim, swap) in VICTIMS.iter().flat_map(|name| swaps.iter().map(move |s| (name, s))) {
            swap(data, time, victim);
            time += 1;
        }
    }
}

/// Stops the one who swaps, after a panic too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// So many rounds; of the ordinary run fewer where the disk is slow.
fn numbers(rounds: u32) -> impl Iterator<Item = u32> {
    let watch = Stopwatch::start();
    let is_wanted =
        move |n: &u32| rounds != ROUNDS || *n < LEAST_ROUNDS || watch.elapsed() < ENOUGH;
    (0..rounds).take_while(is_wanted)
}

/// Runs `round` next to one who swaps as the same user, until it changed what must stay; whether
/// it did.
fn changes(rounds: u32, swaps: &[Swap], round: impl Fn(&Place)) -> bool {
    let place = Place::new();
    let (before, data, stop) = (place.state(), place.at("data"), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| swap_until(&stop, &data, swaps));
        let _stop = Stop(&stop);
        numbers(rounds).any(|_| {
            round(&place);
            place.state() != before
        })
    })
}

fn open(place: &Place) -> Database {
    let options = OpenOptions {
        backups: place.at("data/backups"),
        path: place.at("data/index.db"),
        make_directory: false,
        server: None,
        accounts: Vec::new(),
        cursor_key: [7; 32],
        expected: Expected::Unknown,
        running: Running { session_cache: 900, notifier: None },
    };
    Database::open(options).unwrap()
}

/// Whether it could be written depends on who was faster; both ends are fine.
fn back_up(db: &Db) -> Result<(), StoreError> {
    backup_create(db, "x")?.discard();
    Ok(())
}

fn created(place: &Place) {
    let slot = open(place);
    let _ = back_up(slot.db().unwrap());
}

/// The mistake that the race must find: everything is done by path.
fn made_badly(place: &Place) {
    let backups = place.at("data/backups");
    let _ = fs::create_dir(&backups);
    let entries = fs::read_dir(&backups).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(|path| path.extension().is_some_and(|end| end == "part")) {
        let _ = fs::remove_file(path);
    }
    let path = backups.join("x.part");
    let written = Connection::open(&path)
        .and_then(|conn| conn.execute_batch("PRAGMA journal_mode = off; CREATE TABLE t (a)"));
    if written.is_ok() {
        let _ = fs::set_permissions(&path, Permissions::from_mode(0o600));
        let _ = fs::rename(&path, backups.join("x.db"));
        let _ = fs::remove_file(backups.join("x.db"));
    }
}

#[test]
fn a_link_that_takes_the_place_of_the_directory_leads_nowhere() {
    assert!(!changes(ROUNDS, &[swap_link], created));
}

#[test]
fn a_link_that_takes_the_place_of_a_file_leads_nowhere() {
    assert!(!changes(ROUNDS, &[swap_file], created));
}

#[test]
fn the_race_finds_what_is_written_by_path() {
    assert!(changes(MOST_ROUNDS, &[swap_link], made_badly));
    assert!(changes(MOST_ROUNDS, &[swap_file], made_badly));
}

#[test]
#[ignore = "long: the same 4000 times"]
fn no_other_file_is_changed_in_the_long_run() {
    assert!(!changes(LONG_ROUNDS, &[swap_link, swap_file], created));
    next_to_the_owner(LONG_ROUNDS);
}

#[test]
fn the_owner_of_the_directory_above_changes_nothing_either() {
    next_to_the_owner(ROUNDS);
}

/// Writes backups as root while the owner of the directory above swaps.
fn next_to_the_owner(rounds: u32) {
    if !is_root() {
        return skipped("needs root");
    }
    let place = Place::new();
    for path in [place.at("data"), place.at("data/index.db")].into_iter().chain(place.traps()) {
        chown(path, Some(ATTACKER), Some(ATTACKER)).unwrap();
    }
    let (slot, before) = (open(&place), place.state());
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper", "--nocapture"])
        .env(WHERE, place.at("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(BEGINS)), "the helper did not begin");
    let created = numbers(rounds).filter(|_| back_up(slot.db().unwrap()).is_ok()).count();
    drop(owner.stdin.take());
    assert!(owner.wait().unwrap().success());
    assert_eq!(place.state(), before, "after {created} backups of {rounds}");
}

/// What the helper says when it begins.
const BEGINS: &str = "begins to swap";

#[test]
fn helper() {
    let Some(data) = std::env::var_os(WHERE) else { return };
    setgroups(&[]).unwrap();
    setgid(Gid::from_raw(ATTACKER)).unwrap();
    setuid(Uid::from_raw(ATTACKER)).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            stop.store(true, Ordering::Relaxed);
        });
        writeln!(std::io::stdout(), "{BEGINS}").unwrap();
        swap_until(&stop, Path::new(&data), &[swap_link, swap_trap]);
    });
}
