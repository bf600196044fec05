//! Random histories of attempts; the limiter is compared with a model that checks all of them at
//! each step.

use std::time::Duration;

use proptest::prelude::*;

use super::super::{LimitKey, Reservation, Subject};
use super::{Attempt, Bench, Rate, ip};

/// In nanoseconds.
const SECOND: u128 = 1_000_000_000;

const ADDRESSES: [&str; 3] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];

fn who(number: usize) -> LimitKey {
    if number == 0 {
        LimitKey::unknown("nobody")
    } else {
        LimitKey::Account(format!("u{number:015}"))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Begin(usize, usize),
    Decide(usize, Decision),
    GiveUp(usize),
    Advance(u64),
    Lift(usize, usize),
    Rate(u32, u64),
}

#[derive(Clone, Copy, Debug)]
enum Decision {
    Fail,
    Succeed,
    Drop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let decision = prop_oneof![4 => Just(Decision::Fail), 1 => Just(Decision::Succeed), 1 => Just(Decision::Drop)];
    let step = prop_oneof![
        8 => (0_usize..3, 0_usize..3).prop_map(|(address, who)| Step::Begin(address, who)),
        6 => (any::<usize>(), decision).prop_map(|(at, decision)| Step::Decide(at, decision)),
        2 => any::<usize>().prop_map(Step::GiveUp),
        3 => (0_u64..40_000).prop_map(Step::Advance),
        1 => (0_usize..3, 0_usize..3).prop_map(|(address, who)| Step::Lift(address, who)),
        1 => (1_u32..6, 1_u64..20).prop_map(|(burst, refill)| Step::Rate(burst, refill)),
    ];
    proptest::collection::vec(step, 1..120)
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Now {
    Waits,
    Works,
    Refused,
}

/// An attempt of the model: which subjects it needs (0 to 2 addresses, 3 to 5 accounts).
#[derive(Clone, Copy)]
struct ModelAttempt {
    address: usize,
    who: usize,
    vouched: bool,
    now: Now,
}

impl ModelAttempt {
    fn needs(self, subject: usize) -> bool {
        subject == self.address || (subject == 3 + self.who && !self.vouched)
    }
}

/// What is owed by each subject, in nanoseconds until it is back, and every attempt there ever was.
struct Model {
    rate: (u128, u128),
    owed: [u128; 6],
    vouched: [[bool; 3]; 3],
    entrants: Vec<ModelAttempt>,
}

impl Model {
    fn new(burst: u128, refill: u128) -> Self {
        let rate = (burst, refill * SECOND);
        Self { rate, owed: [0; 6], vouched: [[false; 3]; 3], entrants: Vec::new() }
    }

    fn whole(&self) -> u128 {
        self.rate.0 * self.rate.1
    }

    fn working(&self, subject: usize) -> u128 {
        let works = |e: &&ModelAttempt| e.now == Now::Works && e.needs(subject);
        self.entrants.iter().filter(works).count() as u128
    }

    /// Replies every attempt that can be answered, the earliest first, until none can.
    fn settle(&mut self) {
        while let Some((at, now)) = (0..self.entrants.len()).find_map(|at| self.answer(at)) {
            self.entrants[at].now = now;
        }
    }

    fn answer(&self, at: usize) -> Option<(usize, Now)> {
        let entrant = self.entrants[at];
        if entrant.now != Now::Waits {
            return None;
        }
        let mut needed = (0..6).filter(|subject| entrant.needs(*subject));
        if needed.clone().any(|subject| self.owed[subject] + self.rate.1 > self.whole()) {
            return Some((at, Now::Refused));
        }
        let free = needed.all(|subject| {
            let before =
                self.entrants[..at].iter().any(|e| e.now == Now::Waits && e.needs(subject));
            let taken = self.owed[subject] + (self.working(subject) + 1) * self.rate.1;
            !before && taken <= self.whole()
        });
        free.then_some((at, Now::Works))
    }

    fn fail(&mut self, entrant: ModelAttempt) {
        for subject in 0..6 {
            if entrant.needs(subject) {
                self.owed[subject] = (self.owed[subject] + self.rate.1).min(self.whole());
            }
        }
    }
}

/// The limiter and the model.
struct Pair {
    bench: Bench,
    model: Model,
    attempts: Vec<Option<Attempt>>,
    places: Vec<Option<Reservation>>,
}

impl Pair {
    fn new() -> Self {
        Self {
            bench: Bench::new(3, 10),
            model: Model::new(3, 10),
            attempts: Vec::new(),
            places: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin(address, number) => self.begin(address, number),
            Step::Decide(at, decision) => {
                let working: Vec<usize> = self.those(Now::Works);
                if !working.is_empty() {
                    self.decide(working[at % working.len()], decision);
                }
            }
            Step::GiveUp(at) => {
                let waiting = self.those(Now::Waits);
                if !waiting.is_empty() {
                    let at = waiting[at % waiting.len()];
                    self.attempts[at] = None;
                    self.model.entrants[at].now = Now::Refused;
                }
            }
            Step::Advance(milliseconds) => {
                self.bench.advance(Duration::from_millis(milliseconds));
                let time = u128::from(milliseconds) * 1_000_000;
                self.model.owed = self.model.owed.map(|owed| owed.saturating_sub(time));
                // The limiter checks when something happens, the model at every step.
                self.bench.limiter.sweep();
            }
            Step::Lift(address, number) => {
                self.model.owed[address] = 0;
                self.model.owed[3 + number] = 0;
                let network = ip(ADDRESSES[address]).network();
                self.bench.limiter.clear(&[Subject::Address(network), who(number).into()]);
            }
            Step::Rate(burst, refill) => self.change_rate(burst, refill),
        }
        self.model.settle();
    }

    fn those(&self, now: Now) -> Vec<usize> {
        (0..self.model.entrants.len()).filter(|at| self.model.entrants[*at].now == now).collect()
    }

    fn begin(&mut self, address: usize, number: usize) {
        self.attempts.push(Some(self.bench.begin(ADDRESSES[address], who(number))));
        self.places.push(None);
        let vouched = self.model.vouched[address][number];
        self.model.entrants.push(ModelAttempt { address, who: number, vouched, now: Now::Waits });
    }

    fn decide(&mut self, at: usize, decision: Decision) {
        let entrant = self.model.entrants[at];
        self.model.entrants[at].now = Now::Refused;
        let Some(place) = self.places[at].take() else { return };
        match decision {
            Decision::Fail => {
                self.model.fail(entrant);
                place.fail(&[], 0);
            }
            Decision::Succeed => {
                self.model.vouched[entrant.address][entrant.who] |= entrant.who > 0;
                place.succeed();
            }
            Decision::Drop => drop(place),
        }
    }

    fn change_rate(&mut self, burst: u32, refill: u64) {
        let old = self.model.rate.1;
        let new = u128::from(refill) * SECOND;
        self.model.rate = (burst.into(), new);
        let whole = self.model.whole();
        self.model.owed = self.model.owed.map(|owed| (owed * new / old).min(whole));
        self.bench.limiter.set_rate(Rate::new(burst, Duration::from_secs(refill)));
    }

    /// Every attempt is in the state that the model expects.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for at in 0..self.attempts.len() {
            let answer = self.attempts[at].as_mut().map(Attempt::take);
            match (self.model.entrants[at].now, answer) {
                (Now::Works, Some(Some(Ok(place)))) => {
                    self.places[at] = Some(place);
                    self.attempts[at] = None;
                }
                (Now::Refused, Some(Some(Err(refused)))) => {
                    prop_assert!(refused.retry_after_s >= 1);
                    self.attempts[at] = None;
                }
                (Now::Waits, Some(None)) | (Now::Works | Now::Refused, None) => {}
                (expected, answer) => prop_assert!(false, "{at}: {expected:?} and {answer:?}"),
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_limiter_does_what_the_model_says(steps in steps()) {
        let mut pair = Pair::new();
        for step in steps {
            pair.step(&step);
            pair.check()?;
        }
    }
}
