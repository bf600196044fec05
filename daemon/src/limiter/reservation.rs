//! Places as an attempt sees them.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::oneshot;

use super::client_ip::{ClientIp, Network};
use super::queue::Answer;
use super::rate::{PASSCODE_RATE, Rate, RateLimited};
use super::shared::{Moment, Shared};
use super::state::{Asked, State};
use super::subject::{LimitKey, Subject};
use super::trusted_networks::{TRUST_SECONDS, row_text};
use crate::clock::Monotonic;
use crate::store::{LimitCharge, LimitKind, LimitLives, LimitRow};

/// The limiter; cheap to clone, of one thread.
#[derive(Clone, Debug)]
pub(crate) struct Limiter(Rc<RefCell<State>>);

impl Limiter {
    /// A limiter that has seen nothing.
    pub(crate) fn new(clock: Monotonic, rate: Rate) -> Self {
        Self(Rc::new(RefCell::new(State::new(clock, rate))))
    }

    /// Begins with what was stored. `now` in Unix seconds; a row of the future counts as of now, so
    /// that a clock that was set back shortens nothing.
    pub(crate) fn load(&self, rows: &[LimitRow], now: i64) {
        let mut state = self.0.borrow_mut();
        for row in rows {
            state.load(row, now);
        }
    }

    /// To be asked for before rows are read that other daemons write too.
    pub(crate) fn moment(&self) -> Moment {
        self.0.borrow().moment()
    }

    /// Follows the rows that were read since that moment. `now` in Unix seconds.
    pub(crate) fn follow(&self, since: Moment, found: &Shared, now: i64) {
        self.0.borrow_mut().follow(since, found, now);
    }

    /// Follows other settings from now on; what is taken stays taken. Rows continue at the current
    /// rate, whatever it was when they were written.
    pub(crate) fn set_rate(&self, rate: Rate) {
        self.0.borrow_mut().set_rate(rate);
    }

    /// Takes a place of the address and one of the account, or waits for both; places of the
    /// account are not needed from an address that it logged in from. Attempts that wait for the
    /// same place are served in the order in which they came.
    ///
    /// # Errors
    /// [`RateLimited`] as soon as decided failures have taken every place of either.
    pub(crate) async fn enter(
        &self,
        client_ip: &ClientIp,
        who: LimitKey,
    ) -> Result<Reservation, RateLimited> {
        let network = client_ip.network();
        let subjects = self.0.borrow().needed(network, &who);
        let origin = match who {
            LimitKey::Account(uid) => Some((uid, network)),
            LimitKey::Name(_) => None,
        };
        self.take(subjects, origin).await
    }

    /// Takes a place for a passcode or a recovery code of that account, or waits for one. To be
    /// called after [`Limiter::enter`], never before: this order rules out a deadlock.
    pub(crate) async fn enter_passcode(&self, uid: &str) -> Result<Reservation, RateLimited> {
        self.take(vec![Subject::Passcode(uid.to_owned())], None).await
    }

    async fn take(
        &self,
        subjects: Vec<Subject>,
        origin: Option<(String, Network)>,
    ) -> Result<Reservation, RateLimited> {
        let asked = self.0.borrow_mut().ask(&subjects);
        let answer = match asked {
            Asked::Now(answer) => answer,
            Asked::Later(number, answer) => {
                Waiting { limiter: self, subjects: &subjects, number, answer }.answer().await
            }
        };
        answer.map(|()| Reservation { state: Rc::clone(&self.0), subjects, origin })
    }

    /// How long attempts on that subject are refused, in whole seconds; `None` where they are not.
    pub(crate) fn refused_for(&self, subject: &Subject) -> Option<u64> {
        let refused = self.0.borrow().refused(std::slice::from_ref(subject));
        refused.map(|refused| refused.retry_after_s)
    }

    /// Whether the account's places do not bind that address.
    #[cfg(test)]
    pub(crate) fn is_trusted(&self, uid: &str, client_ip: &ClientIp) -> bool {
        let needed =
            self.0.borrow().needed(client_ip.network(), &LimitKey::Account(uid.to_owned()));
        needed.len() == 1
    }

    /// How long rows still count at the present rate, for `limits_sweep`.
    pub(crate) fn lives(&self) -> LimitLives {
        LimitLives {
            refill_s: self.0.borrow().rate().refill().as_secs(),
            passcode_refill_s: PASSCODE_RATE.refill().as_secs(),
            vouched_s: TRUST_SECONDS,
        }
    }

    /// Gives all places of these subjects back. Trusted addresses stay trusted.
    pub(crate) fn clear(&self, subjects: &[Subject]) {
        self.0.borrow_mut().clear(subjects);
    }

    /// Gives every place back.
    pub(crate) fn clear_all(&self) {
        self.0.borrow_mut().clear_all();
    }

    /// Forgets what time has given back, and admits attempts that wait for it; to be called
    /// periodically.
    pub(crate) fn sweep(&self) {
        self.0.borrow_mut().sweep();
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        self.0.borrow().sizes()
    }
}

/// An attempt in the queue: dropped, it leaves no trace.
struct Waiting<'a> {
    limiter: &'a Limiter,
    subjects: &'a [Subject],
    number: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Waiting<'_> {
    async fn answer(mut self) -> Answer {
        // The sender is dropped only after it was used.
        (&mut self.answer).await.unwrap_or(Err(RateLimited { retry_after_s: 1 }))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.0.borrow_mut();
        // Places that were given but never received go back; else the reservation has them.
        if !state.abandon(self.number) && matches!(self.answer.try_recv(), Ok(Ok(()))) {
            state.release(self.subjects);
        }
    }
}

/// The places that an undecided attempt has. Dropped, it gives them back.
#[derive(Debug)]
pub(crate) struct Reservation {
    state: Rc<RefCell<State>>,
    subjects: Vec<Subject>,
    origin: Option<(String, Network)>,
}

impl Reservation {
    /// What a failure writes in its transaction, by `limits_charge`.
    pub(crate) fn charges(&self) -> Vec<LimitCharge> {
        let state = self.state.borrow();
        let charge = |subject: &Subject| {
            let rate = state.rate_of(subject);
            LimitCharge {
                kind: subject.kind(),
                subject: subject.text(),
                burst: rate.burst(),
                refill_s: rate.refill().as_secs(),
            }
        };
        self.subjects.iter().map(charge).collect()
    }

    /// What a success writes in its transaction, by `vouch_put`: the account logs in from there.
    /// `now` in Unix seconds.
    pub(crate) fn trust(&self, now: i64) -> Option<LimitRow> {
        let (uid, network) = self.origin.as_ref()?;
        Some(LimitRow {
            kind: LimitKind::Vouch,
            subject: row_text(uid, *network),
            taken: 0.0,
            updated_at: now,
        })
    }

    /// The attempt failed, and that is committed: its places stay taken until time, or
    /// `logins.clear`, gives them back. With the rows that it wrote where other daemons write them
    /// too, and `now` in Unix seconds.
    pub(crate) fn fail(mut self, rows: &[LimitRow], now: i64) {
        let subjects = std::mem::take(&mut self.subjects);
        self.state.borrow_mut().fail(&subjects, rows, now);
    }

    /// The login succeeded, and that is committed: its places are given back, and for 30 days the
    /// account's places do not bind this address.
    pub(crate) fn succeed(self) {
        if let Some((uid, network)) = &self.origin {
            self.state.borrow_mut().trust(uid, *network);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.subjects.is_empty() {
            self.state.borrow_mut().release(&self.subjects);
        }
    }
}
