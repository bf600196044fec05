//! The limiter as an attempt sees it, with a clock that moves only when a test advances it.

mod guesses;
mod model;
mod restart;
mod shared;
mod waiting;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{ClientIp, LimitKey, Limiter, Rate, RateLimited, Reservation};
use crate::clock::Monotonic;

pub(super) const BOB: &str = "u0000000000000bob";
pub(super) const ALICE: &str = "u00000000000alice";

pub(super) type Entry = Result<Reservation, RateLimited>;

/// A limiter with its clock.
pub(super) struct Bench {
    pub(super) limiter: Limiter,
    clock: Rc<Cell<Duration>>,
}

impl Bench {
    pub(super) fn new(burst: u32, refill_s: u64) -> Self {
        let clock = Rc::new(Cell::new(Duration::from_secs(1_000_000)));
        let rate = Rate::new(burst, Duration::from_secs(refill_s));
        Self { limiter: Limiter::new(Monotonic::Fixed(Rc::clone(&clock)), rate), clock }
    }

    /// The defaults: 10 places, one back a minute.
    pub(super) fn usual() -> Self {
        Self::new(10, 60)
    }

    pub(super) fn advance(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }

    /// Begins an attempt.
    pub(super) fn begin(&self, client_ip: &str, who: LimitKey) -> Attempt {
        let (limiter, client_ip) = (self.limiter.clone(), ip(client_ip));
        Attempt::of(async move { limiter.enter(&client_ip, who).await })
    }

    /// Begins an attempt that is answered at once.
    pub(super) fn enter(&self, client_ip: &str, who: LimitKey) -> Entry {
        self.begin(client_ip, who).entry()
    }

    /// The attempt enters and fails.
    pub(super) fn fail(&self, client_ip: &str, who: LimitKey) {
        self.enter(client_ip, who).unwrap().fail(&[], 0);
    }

    /// Attempts until one is refused: how many entered (and failed), and for how long the next
    /// one is refused.
    pub(super) fn exhaust(&self, client_ip: &str, who: &LimitKey) -> (usize, u64) {
        for entered in 0.. {
            match self.enter(client_ip, who.clone()) {
                Ok(place) => place.fail(&[], 0),
                Err(refused) => return (entered, refused.retry_after_s),
            }
        }
        unreachable!("places are finite")
    }
}

/// The attempt that has it fails, where no other daemon counts.
pub(super) fn failed(place: Reservation) {
    place.fail(&[], 0);
}

pub(super) fn ip(text: &str) -> ClientIp {
    ClientIp::parse(text).unwrap()
}

pub(super) fn bob() -> LimitKey {
    LimitKey::Account(BOB.into())
}

pub(super) fn alice() -> LimitKey {
    LimitKey::Account(ALICE.into())
}

/// An attempt that may have to wait.
pub(super) struct Attempt {
    future: Option<Pin<Box<dyn Future<Output = Entry>>>>,
    entry: Option<Entry>,
}

impl Attempt {
    pub(super) fn of(future: impl Future<Output = Entry> + 'static) -> Self {
        let mut attempt = Self { future: Some(Box::pin(future)), entry: None };
        attempt.poll();
        attempt
    }

    /// Checks whether it was answered.
    pub(super) fn poll(&mut self) {
        let Some(future) = &mut self.future else { return };
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(entry) = future.as_mut().poll(&mut context) {
            self.entry = Some(entry);
            self.future = None;
        }
    }

    pub(super) fn waits(&mut self) -> bool {
        self.poll();
        self.entry.is_none()
    }

    /// The answer, which must be there.
    pub(super) fn entry(mut self) -> Entry {
        self.poll();
        self.entry.expect("the attempt waits")
    }

    /// The answer, where it is there; an attempt that waits stays as it is.
    pub(super) fn take(&mut self) -> Option<Entry> {
        self.poll();
        self.entry.take()
    }
}
