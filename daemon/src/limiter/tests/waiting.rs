//! Attempts that wait for those that are not yet decided.

use std::time::Duration;

use super::super::LimitKey;
use super::{Attempt, BOB, Bench, alice, bob};

/// Numbers of the attempts that have been answered, in order.
fn answered(attempts: &mut [Attempt]) -> Vec<usize> {
    let waits: Vec<bool> = attempts.iter_mut().map(Attempt::waits).collect();
    (0..waits.len()).filter(|number| !waits[*number]).collect()
}

#[test]
fn only_decided_failures_refuse() {
    let bench = Bench::new(2, 60);
    let first = bench.enter("192.0.2.1", bob()).unwrap();
    let second = bench.enter("192.0.2.1", bob()).unwrap();
    let mut third = bench.begin("192.0.2.1", bob());
    assert!(third.waits());
    first.fail(&[], 0);
    assert!(third.waits());
    second.fail(&[], 0);
    assert_eq!(third.entry().unwrap_err().retry_after_s, 60);
}

#[test]
fn the_one_who_came_first_goes_first() {
    let bench = Bench::new(2, 60);
    let first = bench.enter("192.0.2.1", bob()).unwrap();
    let second = bench.enter("192.0.2.1", bob()).unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| bench.begin("192.0.2.1", bob())).collect();
    assert!(answered(&mut waiting).is_empty());
    second.succeed();
    assert_eq!(answered(&mut waiting), [0]);
    drop(first);
    assert_eq!(answered(&mut waiting), [0, 1]);
    // A newcomer does not overtake those that wait.
    let mut late = bench.begin("192.0.2.1", bob());
    drop(waiting.remove(0));
    assert!(late.waits());
    assert_eq!(answered(&mut waiting), [0, 1]);
}

#[test]
fn nobody_overtakes_at_a_subject_that_both_need() {
    let bench = Bench::new(1, 60);
    let held = bench.enter("192.0.2.1", bob()).unwrap();
    // Needs bob; his own address is free.
    let mut first = bench.begin("192.0.2.2", bob());
    // Needs that address, which is free, but the first came before.
    let mut second = bench.begin("192.0.2.2", alice());
    // Needs no subject that another attempt needs.
    let third = bench.begin("192.0.2.3", LimitKey::unknown("nobody"));
    assert!(first.waits() && second.waits());
    assert!(third.entry().is_ok());
    held.succeed();
    assert!(second.waits());
    first.entry().unwrap().succeed();
    second.entry().unwrap().succeed();
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn one_who_gives_up_makes_way() {
    let bench = Bench::new(1, 60);
    let held = bench.enter("192.0.2.1", bob()).unwrap();
    let first = bench.begin("192.0.2.2", bob());
    let mut second = bench.begin("192.0.2.2", alice());
    assert!(second.waits());
    drop(first);
    second.entry().unwrap().succeed();
    held.succeed();
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn a_place_that_was_given_and_never_received_goes_back() {
    let bench = Bench::new(1, 60);
    let held = bench.enter("192.0.2.1", bob()).unwrap();
    let first = bench.begin("192.0.2.1", bob());
    let mut second = bench.begin("192.0.2.1", bob());
    // The first is given the place, and is dropped before it is polled.
    held.succeed();
    assert!(second.waits());
    drop(first);
    second.entry().unwrap().succeed();
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn a_refusal_that_was_never_received_leaves_nothing() {
    let bench = Bench::new(1, 60);
    let held = bench.enter("192.0.2.1", bob()).unwrap();
    let first = bench.begin("192.0.2.1", bob());
    held.fail(&[], 0);
    drop(first);
    assert_eq!(bench.limiter.sizes(), (2, 0));
    bench.advance(Duration::from_mins(1));
    assert!(bench.enter("192.0.2.1", bob()).is_ok());
}

#[test]
fn a_future_that_never_ran_leaves_nothing() {
    let bench = Bench::new(1, 60);
    drop(bench.limiter.enter_passcode(BOB));
    assert_eq!(bench.limiter.sizes(), (0, 0));
}

#[test]
fn a_place_that_time_gives_back_goes_to_the_one_who_waits() {
    let bench = Bench::new(2, 60);
    bench.fail("192.0.2.1", bob());
    let held = bench.enter("192.0.2.1", bob()).unwrap();
    let mut first = bench.begin("192.0.2.1", bob());
    assert!(first.waits());
    bench.advance(Duration::from_mins(1));
    // The next attempt finds that time has passed, and comes after the one that waits.
    let mut second = bench.begin("192.0.2.1", bob());
    assert!(!first.waits() && second.waits());
    held.succeed();
    assert!(!second.waits());
}

#[test]
fn clearing_and_other_settings_let_in_those_who_wait() {
    let bench = Bench::new(2, 60);
    bench.fail("192.0.2.1", bob());
    let _held = bench.enter("192.0.2.1", bob()).unwrap();
    let mut first = bench.begin("192.0.2.1", bob());
    let mut second = bench.begin("192.0.2.1", bob());
    assert!(first.waits() && second.waits());
    bench.limiter.clear_all();
    assert!(!first.waits() && second.waits());
    bench.limiter.set_rate(super::Rate::new(3, Duration::from_mins(1)));
    assert!(!second.waits());
}

#[test]
fn a_thousand_who_wait_are_all_answered() {
    let bench = Bench::usual();
    let mut attempts: Vec<_> = (0..1000).map(|_| bench.begin("192.0.2.1", bob())).collect();
    let mut rounds = 0;
    while !attempts.is_empty() {
        attempts.retain_mut(|attempt| {
            attempt.take().is_none_or(|entry| {
                entry.unwrap().succeed();
                false
            })
        });
        rounds += 1;
        assert!(rounds < 1000);
    }
    assert_eq!(bench.limiter.sizes(), (0, 0));
}
