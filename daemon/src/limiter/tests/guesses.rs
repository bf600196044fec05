//! How many guesses are possible, and who is locked out by them.

use std::time::Duration;

use super::super::{LimitKey, NameHash, Subject};
use super::{ALICE, Attempt, BOB, Bench, alice, bob, ip};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// An address of its own for each number.
fn address(number: usize) -> String {
    format!("10.0.{}.{}", number / 250, number % 250 + 1)
}

/// Decides every attempt that has a place as a failure, until all are answered.
fn fail_all(mut attempts: Vec<Attempt>) -> (usize, usize) {
    let (mut entered, mut refused) = (0, 0);
    while !attempts.is_empty() {
        let before = attempts.len();
        attempts.retain_mut(|attempt| match attempt.take() {
            Some(Ok(place)) => {
                place.fail(&[], 0);
                entered += 1;
                false
            }
            Some(Err(_)) => {
                refused += 1;
                false
            }
            None => true,
        });
        assert!(attempts.len() < before, "nobody is answered any more");
    }
    (entered, refused)
}

#[test]
fn of_two_hundred_guesses_at_once_ten_are_tried() {
    for who in [bob(), LimitKey::unknown("nobody")] {
        for spread in [false, true] {
            let bench = Bench::usual();
            let from = |number| if spread { address(number) } else { address(0) };
            let attempts = (0..200).map(|number| bench.begin(&from(number), who.clone())).collect();
            assert_eq!(fail_all(attempts), (10, 190));
        }
    }
}

#[test]
fn sixteen_right_logins_at_once_all_succeed() {
    let bench = Bench::usual();
    let mut attempts: Vec<_> = (0..16).map(|_| bench.begin("192.0.2.1", bob())).collect();
    assert_eq!(attempts.iter_mut().filter_map(|a| a.waits().then_some(())).count(), 6);
    for attempt in attempts {
        attempt.entry().unwrap().succeed();
    }
    assert_eq!(bench.exhaust("192.0.2.1", &alice()).0, 10);
}

#[test]
fn places_come_back_one_a_minute() {
    let bench = Bench::usual();
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (10, 60));
    bench.advance(Duration::from_millis(59_999));
    assert_eq!(bench.enter("192.0.2.1", bob()).unwrap_err().retry_after_s, 1);
    bench.advance(Duration::from_millis(1));
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (1, 60));
    bench.advance(3 * MINUTE + Duration::from_millis(500));
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (3, 60));
    bench.advance(1000 * MINUTE);
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (10, 60));
}

#[test]
fn the_longer_of_the_two_waits_is_reported() {
    let bench = Bench::usual();
    bench.exhaust("192.0.2.1", &bob());
    bench.advance(Duration::from_secs(20));
    for number in 0..10 {
        bench.fail(&address(number), alice());
    }
    assert_eq!(bench.enter("192.0.2.1", alice()).unwrap_err().retry_after_s, 60);
    assert_eq!(bench.enter("192.0.2.1", LimitKey::unknown("new")).unwrap_err().retry_after_s, 40);
    assert_eq!(bench.limiter.refused_for(&Subject::Account(BOB.into())), Some(40));
    assert_eq!(bench.limiter.refused_for(&Subject::Account(ALICE.into())), Some(60));
    let address = Subject::Address(ip("192.0.2.1").network());
    assert_eq!(bench.limiter.refused_for(&address), Some(40));
    assert_eq!(bench.limiter.refused_for(&Subject::Name(NameHash::of("new"))), None);
}

#[test]
fn an_address_is_bound_whatever_names_it_tries() {
    let bench = Bench::usual();
    for number in 0..10 {
        bench.fail("2001:db8::1", LimitKey::unknown(&format!("name{number}")));
    }
    // The rest of its /64 is the same, the next one is not.
    assert!(bench.enter("2001:db8::ffff:1", bob()).is_err());
    assert!(bench.enter("2001:db8:0:1::1", bob()).is_ok());
}

#[test]
fn fifty_spellings_of_a_name_count_as_one() {
    let bench = Bench::usual();
    let spelling = |number: usize| -> String {
        let upper = |(at, c): (usize, char)| {
            if number >> at & 1 == 1 { c.to_ascii_uppercase() } else { c }
        };
        "nobody".chars().enumerate().map(upper).collect()
    };
    let entries = (0..50).map(|n| bench.enter(&address(n), LimitKey::unknown(&spelling(n))));
    let tried = entries.filter_map(|entry| entry.ok().map(super::failed)).count();
    assert_eq!(tried, 10);
    assert!(bench.enter(&address(99), LimitKey::unknown("somebody")).is_ok());
}

#[test]
fn the_owner_gets_in_while_others_guess() {
    let bench = Bench::usual();
    let home = "198.51.100.7";
    bench.enter(home, bob()).unwrap().succeed();
    for number in 0..30 {
        let _ = bench.enter(&address(number), bob()).map(super::failed);
    }
    assert!(bench.enter(&address(31), bob()).is_err());
    assert!(bench.limiter.is_trusted(BOB, &ip(home)));
    bench.enter(home, bob()).unwrap().succeed();
    // Only this account, only from there, and its failures there bind the address all the same.
    assert!(!bench.limiter.is_trusted(ALICE, &ip(home)));
    assert!(!bench.limiter.is_trusted(BOB, &ip(&address(1))));
    assert_eq!(bench.exhaust(home, &bob()), (10, 60));
}

#[test]
fn a_vouch_lasts_thirty_days_from_the_last_login() {
    let bench = Bench::usual();
    let day = 24 * 60 * MINUTE;
    let home = ip("2001:db8::1");
    bench.enter(home.as_str(), bob()).unwrap().succeed();
    bench.advance(20 * day);
    assert!(bench.limiter.is_trusted(BOB, &ip("2001:db8::2")));
    bench.enter(home.as_str(), bob()).unwrap().succeed();
    bench.advance((30 * day).saturating_sub(SECOND));
    bench.limiter.sweep();
    assert!(bench.limiter.is_trusted(BOB, &home));
    bench.advance(SECOND);
    assert!(!bench.limiter.is_trusted(BOB, &home));
    bench.limiter.sweep();
    assert!(!bench.limiter.is_trusted(BOB, &home));
}

#[test]
fn an_attempt_that_is_given_up_vouches_for_nobody() {
    let bench = Bench::usual();
    drop(bench.enter("192.0.2.1", bob()).unwrap());
    bench.fail("192.0.2.1", bob());
    bench.enter("192.0.2.1", LimitKey::unknown("bob")).unwrap().succeed();
    assert!(!bench.limiter.is_trusted(BOB, &ip("192.0.2.1")));
}

#[test]
fn passcodes_have_ten_places_one_back_an_hour() {
    let bench = Bench::new(3, 1);
    let enter = |uid: &'static str| {
        let limiter = bench.limiter.clone();
        Attempt::of(async move { limiter.enter_passcode(uid).await }).entry()
    };
    for _ in 0..10 {
        enter(BOB).unwrap().fail(&[], 0);
    }
    assert_eq!(enter(BOB).unwrap_err().retry_after_s, 3600);
    bench.limiter.set_rate(super::Rate::new(1000, Duration::from_secs(1)));
    assert_eq!(enter(BOB).unwrap_err().retry_after_s, 3600);
    assert!(enter(ALICE).is_ok());
    // The password's places are others.
    assert!(bench.enter("192.0.2.1", bob()).is_ok());
    bench.advance(60 * MINUTE);
    enter(BOB).unwrap().succeed();
    enter(BOB).unwrap().fail(&[], 0);
    assert!(enter(BOB).is_err());
}

#[test]
fn clearing_gives_places_back_and_leaves_vouches() {
    let bench = Bench::usual();
    bench.enter("198.51.100.7", bob()).unwrap().succeed();
    for number in 0..10 {
        bench.fail(&address(number), bob());
    }
    for _ in 0..10 {
        bench.fail("192.0.2.1", LimitKey::unknown("nobody"));
    }
    bench.limiter.clear(&Subject::of_account(BOB));
    assert!(bench.enter(&address(11), bob()).is_ok());
    assert!(bench.enter("192.0.2.1", bob()).is_err());
    bench.limiter.clear(&[Subject::Address(ip("192.0.2.1").network())]);
    assert!(bench.enter("192.0.2.1", bob()).is_ok());
    assert!(bench.enter("192.0.2.1", LimitKey::unknown("nobody")).is_err());
    bench.limiter.clear_all();
    assert!(bench.enter("192.0.2.1", LimitKey::unknown("nobody")).is_ok());
    assert!(bench.limiter.is_trusted(BOB, &ip("198.51.100.7")));
}

#[test]
fn other_settings_hold_from_now_on_and_what_is_taken_stays_taken() {
    let bench = Bench::usual();
    for _ in 0..6 {
        bench.fail("192.0.2.1", bob());
    }
    bench.limiter.set_rate(super::Rate::new(8, Duration::from_secs(10)));
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (2, 10));
    bench.limiter.set_rate(super::Rate::new(3, Duration::from_secs(10)));
    assert_eq!(bench.enter("192.0.2.1", bob()).unwrap_err().retry_after_s, 10);
    bench.limiter.set_rate(super::Rate::new(20, Duration::from_secs(10)));
    assert_eq!(bench.exhaust("192.0.2.1", &bob()), (17, 10));
}

#[test]
fn memory_is_bounded_and_the_least_recently_touched_names_go() {
    let bench = Bench::new(10, 86_400);
    let name = |number: usize| LimitKey::unknown(&format!("name{number}"));
    bench.exhaust("192.0.2.1", &name(0));
    let working = bench.enter("192.0.2.99", name(1)).unwrap();
    bench.limiter.clear(&[Subject::Address(ip("192.0.2.99").network())]);
    for number in 2..30_000 {
        bench.fail(&address(number), name(number));
        if number % 5000 == 0 {
            assert!(bench.enter("192.0.2.2", name(0)).is_err(), "what is touched stays");
        }
    }
    let (subjects, waiting) = bench.limiter.sizes();
    assert!(subjects <= 10_001 + 30_000, "{subjects}");
    assert_eq!(waiting, 0);
    working.fail(&[], 0);
    bench.advance(11 * Duration::from_hours(24));
    bench.limiter.sweep();
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn attempts_that_leave_nothing_to_know_take_no_memory() {
    let bench = Bench::usual();
    for number in 0..100 {
        bench.enter(&address(number), bob()).unwrap().succeed();
        drop(bench.enter(&address(number), LimitKey::unknown("nobody")).unwrap());
    }
    assert_eq!(bench.limiter.sizes(), (0, 0));
}
