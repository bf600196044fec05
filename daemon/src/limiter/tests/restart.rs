//! What a restart begins with.

use std::time::Duration;

use super::super::{LimitKey, NameHash, Subject, TRUST_SECONDS};
use super::{BOB, Bench, bob, ip};
use crate::store::{LimitKind, LimitRow};

const NOW: i64 = 1_795_521_600;

fn row(kind: LimitKind, subject: &str, taken: f64, ago: i64) -> LimitRow {
    LimitRow { kind, subject: subject.into(), taken, updated_at: NOW - ago }
}

/// For how long an account is refused after such a row was loaded.
fn refused_after(taken: f64, ago: i64) -> Option<u64> {
    let bench = Bench::usual();
    bench.limiter.load(&[row(LimitKind::Account, BOB, taken, ago)], NOW);
    bench.limiter.refused_for(&Subject::Account(BOB.into()))
}

#[test]
fn places_come_back_while_the_daemon_is_down() {
    assert_eq!(refused_after(10.0, 0), Some(60));
    assert_eq!(refused_after(10.0, 59), Some(1));
    assert_eq!(refused_after(10.0, 60), None);
    assert_eq!(refused_after(9.5, 0), Some(30));
    assert_eq!(refused_after(9.0, 0), None);
}

#[test]
fn a_clock_that_was_set_back_shortens_nothing() {
    assert_eq!(refused_after(10.0, -1_000_000), Some(60));
    assert_eq!(refused_after(10.0, i64::MIN + NOW + 1), Some(60));
}

#[test]
fn invalid_rows_harm_nobody() {
    assert_eq!(refused_after(f64::NAN, 0), None);
    assert_eq!(refused_after(-5.0, 0), None);
    assert_eq!(refused_after(f64::INFINITY, 0), Some(60));
    assert_eq!(refused_after(1e300, i64::MAX), None);
    let bench = Bench::usual();
    bench.limiter.load(&[row(LimitKind::Address, "nowhere", 10.0, 0)], NOW);
    bench.limiter.load(&[row(LimitKind::Vouch, "nobody", 0.0, 0)], NOW);
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn a_vouch_counts_from_the_login() {
    let bench = Bench::usual();
    let lasts = i64::try_from(TRUST_SECONDS).unwrap();
    for (address, ago) in [("192.0.2.1", 10), ("192.0.2.2", lasts), ("192.0.2.3", -10)] {
        let text = format!("{BOB} {address}");
        bench.limiter.load(&[row(LimitKind::Vouch, &text, 0.0, ago)], NOW);
    }
    let vouches = |address| bench.limiter.is_trusted(BOB, &ip(address));
    assert!(vouches("192.0.2.1") && !vouches("192.0.2.2") && vouches("192.0.2.3"));
    bench.advance(Duration::from_secs(TRUST_SECONDS - 10));
    assert!(!vouches("192.0.2.1") && vouches("192.0.2.3"));
}

#[test]
fn an_attempt_says_what_it_would_write() {
    let bench = Bench::new(7, 90);
    let place = bench.enter("::ffff:192.0.2.1", bob()).unwrap();
    let written: Vec<_> = place
        .charges()
        .into_iter()
        .map(|charge| (charge.kind, charge.subject, charge.burst, charge.refill_s))
        .collect();
    assert_eq!(
        written,
        [
            (LimitKind::Address, "192.0.2.1".to_owned(), 7, 90),
            (LimitKind::Account, BOB.to_owned(), 7, 90),
        ]
    );
    let vouch = place.trust(NOW).unwrap();
    assert_eq!(
        (vouch.kind, vouch.subject.as_str()),
        (LimitKind::Vouch, "u0000000000000bob 192.0.2.1")
    );
    place.succeed();

    // Vouched for: the account's place is not taken.
    let place = bench.enter("192.0.2.1", bob()).unwrap();
    assert_eq!(place.charges().len(), 1);
    assert!(place.trust(NOW).is_some());

    let place = bench.enter("192.0.2.1", LimitKey::unknown("nobody")).unwrap();
    let name = Subject::Name(NameHash::of("nobody"));
    assert_eq!(place.charges()[1].subject, name.text());
    assert_eq!(place.trust(NOW), None);

    let limiter = bench.limiter.clone();
    let place =
        super::Attempt::of(async move { limiter.enter_passcode(BOB).await }).entry().unwrap();
    let charge = &place.charges()[0];
    assert_eq!((charge.kind, charge.burst, charge.refill_s), (LimitKind::Passcode, 10, 3600));
    assert_eq!(place.trust(NOW), None);
}
