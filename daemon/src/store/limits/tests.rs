use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::engine::Connection;
use super::super::testing::{options, own, photoprism};
use super::super::{Database, Store};
use super::*;
use crate::clock::Monotonic;
use crate::limiter::{ClientIp, LimitKey, Limiter, PASSCODE_RATE, Rate, Subject, TRUST_SECONDS};

const NOON: i64 = 1_795_521_600;
const BOB: &str = "u0000000000000bob";
const LIVES: LimitLives =
    LimitLives { refill_s: 60, passcode_refill_s: 3600, vouched_s: TRUST_SECONDS };

fn charge(subject: &str) -> LimitCharge {
    LimitCharge { kind: LimitKind::Account, subject: subject.into(), burst: 10, refill_s: 60 }
}

fn row(kind: LimitKind, subject: &str, taken: f64, updated_at: i64) -> LimitRow {
    LimitRow { kind, subject: subject.into(), taken, updated_at }
}

/// Places and time of the only row.
fn only(db: &Db) -> (f64, i64) {
    match &limits_all(db).unwrap()[..] {
        [row] => (row.taken, row.updated_at),
        rows => panic!("{rows:?}"),
    }
}

#[test]
fn a_failure_adds_to_the_stored_row() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    for (after, taken) in [(0, 1.0), (0, 2.0), (30, 2.5), (60, 2.5), (6000, 1.0)] {
        let now = limits_all(&db).unwrap().first().map_or(NOON, |row| row.updated_at) + after;
        limits_charge(&tx, &[charge(BOB)], now).unwrap();
        assert_eq!(only(&db), (taken, now));
    }
    for _ in 0..20 {
        limits_charge(&tx, &[charge(BOB)], NOON + 7000).unwrap();
    }
    assert_eq!(only(&db).0.to_bits(), 10.0_f64.to_bits());
}

#[test]
fn a_clock_that_was_set_back_brings_nothing_back() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    limits_charge(&tx, &[charge(BOB)], NOON).unwrap();
    limits_charge(&tx, &[charge(BOB)], NOON - 3600).unwrap();
    assert_eq!(only(&db), (2.0, NOON));
    assert_eq!(limits_clamp_times(&tx, NOON - 3600).unwrap(), 1);
    assert_eq!(only(&db), (2.0, NOON - 3600));
    assert_eq!(limits_clamp_times(&tx, NOON - 3600).unwrap(), 0);
}

proptest! {
    /// As SQL says it.
    #[test]
    fn places_are_freed_with_time_and_taken_by_failures(
        taken in 0.0..20.0_f64,
        burst in 1..15_u32,
        refill_s in 0..100_u64,
        passed in -100..2000_i64,
    ) {
        let charge = LimitCharge { burst, refill_s, ..charge(BOB) };
        let (found, updated_at) = charged(&charge, (taken, NOON), NOON + passed);
        prop_assert_eq!(updated_at, NOON + passed.max(0));
        let expression = "SELECT min(?2, 1 + max(0, min(?1, ?2)
            - CAST(max(0, ?4) AS REAL) / max(1, ?3))) + 0.0";
        let values = [taken.into(), burst.into(), refill_s.into(), passed.into()];
        let engine: Connection = rusqlite::Connection::open_in_memory().unwrap().into();
        let mut statement = engine.prepare_once(expression).unwrap();
        let expected = statement.one(&values, |row| row.real(0)).unwrap().unwrap();
        prop_assert!((found - expected).abs() < 1e-9, "{} {}", found, expected);
    }
}

#[test]
fn rows_are_put_and_deleted() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    let rows = LimitKind::ALL.map(|kind| row(kind, BOB, 1.5, NOON));
    limits_put(&tx, &rows).unwrap();
    limits_put(&tx, &rows).unwrap();
    assert_eq!(limits_all(&db).unwrap().len(), 5);
    let bob = Subject::of_account(BOB).map(|subject| subject.row_key());
    assert_eq!(limits_delete(&tx, &bob).unwrap(), 2);
    assert_eq!(limits_delete(&tx, &bob).unwrap(), 0);
    assert_eq!(limits_delete_all(&tx).unwrap(), 2);
    assert_eq!(limits_all(&db).unwrap(), [row(LimitKind::Vouch, BOB, 1.5, NOON)]);
}

#[test]
fn a_row_of_a_newer_daemon_is_passed_over() {
    let (_directory, db) = own();
    db.sqlite()
        .unwrap()
        .execute("INSERT INTO admin_limits VALUES ('planet', 'mars', 1, 2)", [])
        .unwrap();
    assert_eq!(limits_all(&db).unwrap(), []);
}

#[test]
fn a_database_without_the_table_has_no_rows() {
    let (_directory, db) = photoprism();
    assert_eq!(limits_all(&db).unwrap(), []);
}

#[test]
fn expired_rows_are_deleted() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    let lasts = i64::try_from(TRUST_SECONDS).unwrap();
    let stays = [
        row(LimitKind::Account, "a", 2.0, NOON - 119),
        row(LimitKind::Passcode, "a", 2.0, NOON - 7199),
        row(LimitKind::Vouch, "a", 0.0, NOON - lasts + 1),
    ];
    let goes = [
        row(LimitKind::Account, "b", 2.0, NOON - 120),
        row(LimitKind::Address, "b", 0.5, NOON - 30),
        row(LimitKind::Passcode, "b", 2.0, NOON - 7200),
        row(LimitKind::Vouch, "b", 0.0, NOON - lasts),
    ];
    limits_put(&tx, &stays).unwrap();
    limits_put(&tx, &goes).unwrap();
    assert_eq!(limits_sweep(&tx, LIVES, NOON).unwrap(), 4);
    assert_eq!(limits_sweep(&tx, LIVES, NOON).unwrap(), 0);
    assert!(limits_all(&db).unwrap().iter().all(|row| row.subject == "a"));
}

#[test]
fn of_too_many_names_the_oldest_go_in_steps() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let rows: Vec<_> = (0..11_500)
        .map(|number| row(LimitKind::Name, &format!("{number}"), 10.0, NOON + number))
        .collect();
    limits_put(&tx, &rows).unwrap();
    let steps: Vec<_> = (0..3).map(|_| limits_sweep(&tx, LIVES, NOON).unwrap()).collect();
    db.commit().unwrap();
    assert_eq!(steps, [1000, 500, 0]);
    let left = limits_all(&db).unwrap();
    assert_eq!((left.len(), left[0].subject.as_str()), (NAMES_KEPT, "1500"));
}

/// A limiter with its store, whose clocks are advanced together.
struct Daemon {
    limiter: Limiter,
    clock: Rc<Cell<Duration>>,
    now: i64,
}

impl Daemon {
    fn start(rows: &[LimitRow], now: i64) -> Self {
        let clock = Rc::new(Cell::new(Duration::ZERO));
        let rate = Rate::new(10, Duration::from_mins(1));
        let limiter = Limiter::new(Monotonic::Fixed(Rc::clone(&clock)), rate);
        limiter.load(rows, now);
        Self { limiter, clock, now }
    }

    fn advance(&mut self, seconds: u64) {
        self.clock.set(self.clock.get() + Duration::from_secs(seconds));
        self.now += i64::try_from(seconds).unwrap();
    }
}

const WAIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "current_thread")]
async fn failures_that_are_decided_at_the_same_time_add_up() {
    let directory = tempfile::tempdir().unwrap();
    let (store, threads) =
        Store::start(Database::open(options(&directory)).unwrap(), Box::new(drop)).unwrap();
    let daemon = Daemon::start(&[], NOON);
    let ip = ClientIp::parse("192.0.2.1").unwrap();
    let attempts = (0..10).map(|number| {
        let (store, limiter, ip) = (&store, &daemon.limiter, &ip);
        async move {
            let place = limiter.enter(ip, LimitKey::Account(BOB.into())).await.unwrap();
            let charges = place.charges();
            // One of them is rolled back and counts nowhere.
            let outcome = store.write(WAIT, move |tx| {
                limits_charge(tx, &charges, NOON)?;
                if number == 4 {
                    return Err(StoreError::Late);
                }
                Ok(())
            });
            if outcome.await.is_ok() {
                place.fail(&[], 0);
            }
        }
    });
    futures_util::future::join_all(attempts).await;
    let rows = store.read(WAIT, limits_all).await.unwrap();
    assert!(rows.iter().all(|row| row.taken.to_bits() == 9.0_f64.to_bits()), "{rows:?}");
    let account = Subject::Account(BOB.into());
    assert_eq!(daemon.limiter.refused_for(&account), None);
    daemon.limiter.enter(&ip, LimitKey::Account(BOB.into())).await.unwrap().fail(&[], 0);
    assert_eq!(daemon.limiter.refused_for(&account), Some(60));
    store.stop();
    threads.join().unwrap();
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Fail(u8),
    Succeed(u8),
    Advance(u64),
    Restart(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0_u8..3).prop_map(Event::Fail),
        1 => (0_u8..3).prop_map(Event::Succeed),
        2 => (0_u64..200).prop_map(Event::Advance),
        1 => (0_u64..200).prop_map(Event::Restart),
    ];
    proptest::collection::vec(event, 1..60)
}

fn attempt(daemon: &Daemon, db: &Db, number: u8, failed: bool) {
    use futures_util::FutureExt;
    let ip = ClientIp::parse(&format!("192.0.2.{}", number / 2)).unwrap();
    let who = LimitKey::Account(format!("u{:015}", number % 2));
    let entry = daemon.limiter.enter(&ip, who).now_or_never();
    let Ok(place) = entry.expect("nobody else is running") else { return };
    if failed {
        limits_charge(&Tx::new(db), &place.charges(), daemon.now).unwrap();
        place.fail(&[], 0);
    } else {
        if let Some(vouch) = place.trust(daemon.now) {
            trust_put(&Tx::new(db), &vouch).unwrap();
        }
        place.succeed();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restart_changes_nothing(events in events()) {
        let (_directory, db) = own();
        let mut daemon = Daemon::start(&[], NOON);
        for event in events {
            match event {
                Event::Fail(who) => attempt(&daemon, &db, who, true),
                Event::Succeed(who) => attempt(&daemon, &db, who, false),
                Event::Advance(seconds) => daemon.advance(seconds),
                Event::Restart(seconds) => {
                    daemon.advance(seconds);
                    limits_sweep(&Tx::new(&db), LIVES, daemon.now).unwrap();
                    daemon = Daemon::start(&limits_all(&db).unwrap(), daemon.now);
                }
            }
            let loaded = Daemon::start(&limits_all(&db).unwrap(), daemon.now);
            for number in 0..2 {
                let ip = ClientIp::parse(&format!("192.0.2.{number}")).unwrap();
                let uid = format!("u{number:015}");
                let subjects =
                    [Subject::Address(ip.network()), Subject::Account(uid.clone())];
                for subject in subjects {
                    let running = daemon.limiter.refused_for(&subject).unwrap_or(0);
                    let restarted = loaded.limiter.refused_for(&subject).unwrap_or(0);
                    // Fractions of a place are rounded up to whole seconds.
                    prop_assert!(running.abs_diff(restarted) <= 1, "{running} {restarted}");
                }
                let vouched = daemon.limiter.is_trusted(&uid, &ip);
                prop_assert_eq!(vouched, loaded.limiter.is_trusted(&uid, &ip));
            }
        }
    }
}

#[test]
fn passcodes_follow_a_rate_of_their_own() {
    assert_eq!(PASSCODE_RATE.burst(), 10);
    assert_eq!(Daemon::start(&[], NOON).limiter.lives(), LIVES);
}

fn vouch(uid: &str, number: i64) -> LimitRow {
    let subject = format!("{uid} 10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
    row(LimitKind::Vouch, &subject, 0.0, NOON + number)
}

/// The times of an account's addresses.
fn times_of(db: &Db, uid: &str) -> Vec<i64> {
    let statement =
        "SELECT updated_at FROM admin_limits WHERE subject LIKE ?1 || ' 10.%' ORDER BY 1";
    let mut statement = db.sqlite().unwrap().prepare(statement).unwrap();
    let rows = statement.query_map([uid], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn latest(of: i64) -> Vec<i64> {
    let most = i64::try_from(VOUCHES_OF_ACCOUNT).unwrap();
    (of - most..of).map(|number| NOON + number).collect()
}

#[test]
fn of_the_addresses_of_an_account_the_latest_hundred_are_kept() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    trust_put(&tx, &vouch("eve", 7)).unwrap();
    trust_put(&tx, &vouch("bob b", 7)).unwrap();
    for number in 0..350 {
        trust_put(&tx, &vouch("bob", number)).unwrap();
    }
    assert_eq!(times_of(&db, "bob"), latest(350));
    assert_eq!((times_of(&db, "eve").len(), times_of(&db, "bob b").len()), (1, 1));
}

/// A table of a daemon without this bound.
#[test]
fn too_many_addresses_of_an_account_go_in_steps_and_are_not_loaded() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let many: Vec<_> = (0..5000).map(|number| vouch("bob", (number * 7919) % 5000)).collect();
    let others = (0..300).map(|number| vouch(&format!("account{:03}", number / 3), number));
    limits_put(&tx, &many).unwrap();
    limits_put(&tx, &others.collect::<Vec<_>>()).unwrap();
    limits_put(&tx, &[vouch("bob b", 1), vouch("zoe", 1)]).unwrap();
    let loaded = limits_all(&db).unwrap();
    assert_eq!(loaded.len(), 300 + 2 + VOUCHES_OF_ACCOUNT);
    assert!(loaded.is_sorted_by_key(|row| row.updated_at));
    let bob = loaded.iter().filter(|row| vouch_account(&row.subject) == Some("bob"));
    assert_eq!(bob.map(|row| row.updated_at).collect::<Vec<_>>(), latest(5000));
    // A login of the account also keeps the latest, whatever it checks.
    trust_put(&tx, &vouch("bob", 5000)).unwrap();
    let (mut from, mut steps) = (Some(String::new()), 0);
    while let Some(place) = from {
        let before = limits_all_rows(&db);
        from = trusted_networks_sweep(&tx, &place).unwrap();
        assert!(before - limits_all_rows(&db) <= 1000, "a step takes no longer");
        steps += 1;
    }
    assert!((5..20).contains(&steps), "{steps}");
    assert_eq!(times_of(&db, "bob"), latest(5001));
    assert_eq!(limits_all_rows(&db), 300 + 2 + i64::try_from(VOUCHES_OF_ACCOUNT).unwrap());
    db.commit().unwrap();
}

fn limits_all_rows(db: &Db) -> i64 {
    db.sqlite()
        .unwrap()
        .query_row("SELECT count(*) FROM admin_limits", [], |row| row.get(0))
        .unwrap()
}

/// Rows of two accounts interleave in this order; no step may go back to an earlier one.
#[test]
fn a_sweep_of_mixed_accounts_ends() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let mixed = (0..3000).map(|number| {
        let uid = if number % 2 == 0 { "a" } else { "a b" };
        let subject =
            if number % 2 == 0 { format!("a {number}") } else { format!("a b{number} x") };
        assert!(subject.starts_with(uid));
        row(LimitKind::Vouch, &subject, 0.0, NOON)
    });
    limits_put(&tx, &mixed.collect::<Vec<_>>()).unwrap();
    let (mut from, mut steps) = (Some(String::new()), 0);
    while let Some(place) = from {
        from = trusted_networks_sweep(&tx, &place).unwrap();
        steps += 1;
        assert!(steps < 100, "it stands still");
    }
    db.commit().unwrap();
}

#[test]
fn of_too_many_addresses_of_all_accounts_the_oldest_go_in_steps() {
    let (_directory, db) = own();
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let most = i64::try_from(VOUCHES_KEPT).unwrap();
    let rows: Vec<_> = (0..most + 1500).map(|n| vouch(&format!("u{}", n / 50), n)).collect();
    limits_put(&tx, &rows).unwrap();
    assert_eq!(limits_sweep(&tx, LIVES, NOON + most).unwrap(), 1000);
    assert_eq!(limits_sweep(&tx, LIVES, NOON + most).unwrap(), 500);
    assert_eq!(limits_sweep(&tx, LIVES, NOON + most).unwrap(), 0);
    assert_eq!(limits_all_rows(&db), most);
    assert!(times_of(&db, "u29").is_empty() && !times_of(&db, "u30").is_empty());
    db.commit().unwrap();
}
