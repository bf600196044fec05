//! The owner of PhotoPrism's directory swaps links for `photoprism-admin.db` while the daemon, which
//! may be root, creates it.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::fixture::StoreFixture;
use crate::clock::Stopwatch;
use crate::store::database::Database;
use crate::store::db::Tx;
use crate::store::meta::set_cursor_key;

const FILE: &str = "photoprism-admin.db";

/// Enough rounds for the bug to show a few times.
const ROUNDS: u32 = 300;

/// Rounds on a disk whose syncs take so long that all of them would take minutes.
const LEAST_ROUNDS: u32 = 10;

/// When such a disk has done enough rounds.
const ENOUGH: Duration = Duration::from_secs(5);

/// Opens PhotoPrism's database and writes to the daemon's tables; which side was faster decides
/// whether that succeeds.
fn write(place: &StoreFixture) {
    let Ok(mut slot) = Database::open(place.options("index.db")) else { return };
    if slot.begin(|_| Ok(())).is_err() {
        return;
    }
    let db = slot.db().unwrap();
    let _ = set_cursor_key(&Tx::new(db), &[9; 32]);
    let _ = crate::store::group::commit(db, true);
    slot.close();
}

/// Stops the other thread, after a panic too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `round` while another thread swaps all the time.
fn while_swapping(swap: impl Fn() + Sync, round: impl Fn()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                swap();
            }
        });
        let _stop = Stop(&stop);
        let watch = Stopwatch::start();
        let is_wanted = |n: &u32| *n < LEAST_ROUNDS || watch.elapsed() < ENOUGH;
        (0..ROUNDS).take_while(is_wanted).for_each(|_| round());
    });
}

#[test]
fn nothing_is_created_in_another_file() {
    let (place, outside) = (StoreFixture::new(), StoreFixture::new());
    place.photoprism("index.db");
    let (victim, link) = (outside.at("empty"), place.at("link"));
    fs::write(&victim, "").unwrap();
    let unfinished = place.at("photoprism-admin.db.new");
    let swap = || {
        let _ = symlink(&victim, &link);
        if fs::symlink_metadata(&unfinished).is_ok_and(|found| found.is_file()) {
            let _ = fs::rename(&link, &unfinished);
        }
    };
    while_swapping(swap, || {
        write(&place);
        for ending in ["", "-wal", "-journal"] {
            let _ = fs::remove_file(place.at(&format!("{FILE}{ending}")));
        }
    });
    assert_eq!(fs::metadata(&victim).unwrap().len(), 0);
}
