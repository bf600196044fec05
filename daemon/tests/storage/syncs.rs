//! One sync before each acknowledgement; those that wait together share one.

use std::sync::Barrier;

use crate::common::test_daemon::TestDaemon;
use crate::shim::Shim;
use crate::writes::{adding, code};

/// Writes one after the other.
const SEQUENCE: usize = 50;

/// Writers at once, what each writes, and the syncs allowed (`daemon/README.md`): a quarter.
const WRITERS: usize = 64;
const EACH: usize = 20;
const MOST_SYNCS: usize = WRITERS * EACH / 4;

fn started(faults: Option<&'static str>) -> (TestDaemon, Shim) {
    // More writers than one uid may have connections otherwise.
    let mut home = TestDaemon::new().args(["--max-connections-per-uid", "100"]);
    if let Some(faults) = faults {
        home = home.faulty(faults);
    }
    let shim = Shim::between(&mut home);
    home.start();
    // The first start of a database writes something of its own later; the next one does not.
    home.restart();
    (home, shim)
}

/// Acknowledgements that came without a sync since their request. `settle` waits for what is left
/// of a write when it was acknowledged, given the number of them.
fn unsynced(home: &TestDaemon, shim: &Shim, settle: impl Fn(usize)) -> usize {
    let mut client = home.connect();
    let acknowledged_without = |number: &usize| {
        let before = shim.syncs();
        let reply = client.ask(adding(&format!("one-{number}")));
        assert_eq!(code(&reply), "ok", "{reply}");
        let without = shim.syncs() == before;
        settle(number + 1);
        without
    };
    (0..SEQUENCE).filter(acknowledged_without).count()
}

#[test]
fn each_acknowledgement_comes_after_a_sync() {
    let (home, shim) = started(None);
    assert_eq!(unsynced(&home, &shim, |_| ()), 0);
}

#[test]
fn commits_that_are_not_synced_are_caught() {
    let (home, shim) = started(Some("sync-seldom"));
    // The header of a log that begins is synced even so.
    assert!(unsynced(&home, &shim, |_| ()) >= SEQUENCE - 1);
}

#[test]
fn an_acknowledgement_before_the_commit_is_caught() {
    let (home, shim) = started(Some("acknowledge-early"));
    let before = shim.syncs();
    // The sync of one that came too early is not that of the next.
    let settle = |writes| while shim.syncs() < before + writes {};
    assert!(unsynced(&home, &shim, settle) > 0);
}

#[test]
fn writers_that_wait_share_a_sync() {
    let (home, shim) = started(None);
    let before = shim.syncs();
    let together = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (home, together) = (&home, &together);
            scope.spawn(move || {
                let mut client = home.connect();
                together.wait();
                for number in 0..EACH {
                    let reply = client.ask(adding(&format!("many-{writer}-{number}")));
                    assert_eq!(code(&reply), "ok", "{reply}");
                }
            });
        }
    });
    let syncs = shim.syncs() - before;
    assert!((1..MOST_SYNCS).contains(&syncs), "{syncs} syncs, under {MOST_SYNCS} are allowed");
}
