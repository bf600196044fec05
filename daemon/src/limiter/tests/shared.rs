//! Rows that another daemon writes as well.

use super::super::{LimitKey, Shared, Subject, TRUST_SECONDS};
use super::{BOB, Bench, bob, failed, ip};
use crate::store::{LimitKind, LimitRow};

const NOW: i64 = 1_795_521_600;
const IP: &str = "192.0.2.1";

fn row(taken: f64, ago: i64) -> LimitRow {
    LimitRow { kind: LimitKind::Account, subject: BOB.into(), taken, updated_at: NOW - ago }
}

fn found(rows: Vec<LimitRow>) -> Shared {
    Shared::of_attempt(&ip(IP), &bob()).with_rows(rows)
}

fn refused(bench: &Bench) -> Option<u64> {
    bench.limiter.refused_for(&Subject::Account(BOB.into()))
}

#[test]
fn what_another_has_counted_refuses_here_and_what_it_gave_back_does_not() {
    let bench = Bench::usual();
    for (rows, expected) in [
        (vec![row(10.0, 0)], Some(60)),
        (vec![row(10.0, 30)], Some(30)),
        (vec![row(9.0, 0)], None),
        (vec![row(10.0, 0)], Some(60)),
        (Vec::new(), None),
    ] {
        let moment = bench.limiter.moment();
        bench.limiter.follow(moment, &found(rows.clone()), NOW);
        assert_eq!(refused(&bench), expected, "{rows:?}");
    }
    assert_eq!(bench.limiter.sizes(), (0, 0), "nothing is kept of those with all their places");
}

#[test]
fn a_row_that_is_older_than_what_is_known_gives_nothing_back() {
    let bench = Bench::usual();
    bench.limiter.follow(bench.limiter.moment(), &found(vec![row(9.0, 0)]), NOW);
    let moment = bench.limiter.moment();
    // The tenth failure is committed after the row was read.
    bench.enter(IP, bob()).unwrap().fail(&[row(10.0, 0)], NOW);
    bench.limiter.follow(moment, &found(vec![row(9.0, 0)]), NOW);
    assert_eq!(refused(&bench), Some(60));
    bench.limiter.follow(bench.limiter.moment(), &found(vec![row(9.0, 0)]), NOW);
    assert_eq!(refused(&bench), None);
    // Given back here after the row was read.
    let moment = bench.limiter.moment();
    bench.limiter.clear(&[Subject::Account(BOB.into())]);
    bench.limiter.follow(moment, &found(vec![row(10.0, 0)]), NOW);
    assert_eq!(refused(&bench), None);
}

#[test]
fn a_failure_counts_once_whichever_is_known_first() {
    for rows in [vec![], vec![row(1.0, 0)]] {
        let bench = Bench::usual();
        let place = bench.enter(IP, bob()).unwrap();
        // Its commit was read before it is known here.
        bench.limiter.follow(bench.limiter.moment(), &found(rows), NOW);
        place.fail(&[row(1.0, 0)], NOW);
        let left =
            (0..20).take_while(|_| bench.enter("192.0.2.2", bob()).map(failed).is_ok()).count();
        assert_eq!(left, 9);
    }
    // Another daemon counted eight; the ninth and the tenth are known in the wrong order.
    let bench = Bench::usual();
    let places = [bench.enter(IP, bob()).unwrap(), bench.enter(IP, bob()).unwrap()];
    for (place, taken) in places.into_iter().zip([10.0, 9.0]) {
        place.fail(&[row(taken, 0)], NOW);
    }
    assert_eq!(refused(&bench), Some(60));
}

#[test]
fn what_is_known_exactly_is_not_rounded() {
    let bench = Bench::new(1, 60);
    bench.enter(IP, bob()).unwrap().fail(&[row(1.0, 0)], NOW);
    bench.advance(std::time::Duration::from_millis(59_500));
    // By whole seconds it would be back.
    bench.limiter.follow(bench.limiter.moment(), &found(vec![row(1.0, 60)]), NOW);
    assert_eq!(refused(&bench), Some(1));
}

#[test]
fn a_network_is_trusted_as_long_as_its_row_says() {
    let trust = |ago: i64| LimitRow {
        kind: LimitKind::Vouch,
        subject: format!("{BOB} {IP}"),
        taken: 0.0,
        updated_at: NOW - ago,
    };
    let long = i64::try_from(TRUST_SECONDS).unwrap();
    let bench = Bench::usual();
    let trusted = |bench: &Bench| bench.limiter.is_trusted(BOB, &ip(IP));
    for (rows, expected) in [
        (vec![trust(long - 10)], true),
        (vec![trust(long)], true),
        (Vec::new(), false),
        (vec![trust(long)], false),
        (vec![trust(0)], true),
    ] {
        bench.limiter.follow(bench.limiter.moment(), &found(rows.clone()), NOW);
        assert_eq!(trusted(&bench), expected, "{rows:?}");
    }
    let moment = bench.limiter.moment();
    bench.enter(IP, bob()).unwrap().succeed();
    bench.limiter.follow(moment, &found(Vec::new()), NOW);
    assert!(trusted(&bench), "the login is newer than what was read");
    let unknown = Shared::of_attempt(&ip(IP), &LimitKey::unknown("nobody"));
    assert_eq!(unknown.keys().len(), 2);
    assert_eq!(found(Vec::new()).keys().len(), 4);
}
