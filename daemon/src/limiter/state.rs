//! Which attempts have which places, and which wait for them.

use std::time::Duration;

use tokio::sync::oneshot;

use super::client_ip::Network;
use super::queue::{Answer, Queue, Waiter};
use super::rate::{Rate, RateLimited};
use super::shared::{Moment, Shared, row_of};
use super::subject::{LimitKey, Subject};
use super::table::Table;
use super::trusted_networks::{self, TrustedNetworks};
use crate::clock::Monotonic;
use crate::store::{LimitKind, LimitRow};

#[derive(Debug)]
pub(super) struct State {
    clock: Monotonic,
    table: Table,
    queue: Queue,
    vouches: TrustedNetworks,
    decided: u64,
    cleared: u64,
}

/// The result of asking for places.
pub(super) enum Asked {
    /// The answer, at once.
    Now(Answer),
    /// A number in the queue, and where the answer comes.
    Later(u64, oneshot::Receiver<Answer>),
}

impl State {
    pub(super) fn new(clock: Monotonic, rate: Rate) -> Self {
        Self {
            clock,
            table: Table::new(rate),
            queue: Queue::default(),
            vouches: TrustedNetworks::default(),
            decided: 0,
            cleared: 0,
        }
    }

    /// Places that an attempt needs: its address's, and the account's unless it is known to log
    /// in from there.
    pub(super) fn needed(&self, network: Network, who: &LimitKey) -> Vec<Subject> {
        let vouched = match who {
            LimitKey::Account(uid) => self.vouches.holds(uid, network, self.clock.now()),
            LimitKey::Name(_) => false,
        };
        let mut subjects = vec![Subject::Address(network)];
        if !vouched {
            subjects.push(who.clone().into());
        }
        subjects
    }

    /// Takes a place of each, all or none.
    pub(super) fn ask(&mut self, subjects: &[Subject]) -> Asked {
        // Time may have given places back: attempts that came before are served first.
        self.wake_waiters(subjects);
        for subject in subjects {
            self.table.touch(subject);
        }
        let verdict = self.check(subjects, None);
        match verdict {
            Some(answer) => {
                self.answered(subjects, answer);
                Asked::Now(answer)
            }
            None => self.wait(subjects),
        }
    }

    fn wait(&mut self, subjects: &[Subject]) -> Asked {
        let (reply, answer) = oneshot::channel();
        let number = self.queue.add(Waiter { subjects: subjects.to_vec(), reply });
        for subject in subjects {
            self.table.touch(subject).waiting.insert(number);
        }
        Asked::Later(number, answer)
    }

    /// The answer to an attempt (`number` where it waits already); `None`: it has to wait. It never
    /// overtakes an earlier one that waits for a place of the same subject.
    fn check(&self, subjects: &[Subject], number: Option<u64>) -> Option<Answer> {
        let refused = self.refused(subjects);
        if refused.is_some() {
            return refused.map(Err);
        }
        let now = self.clock.now();
        let free = subjects.iter().all(|subject| {
            self.table.get(subject).is_none_or(|bucket| {
                let first = bucket.waiting.first().copied();
                (first.is_none() || first == number)
                    && bucket.has_room(now, self.table.rate_of(subject))
            })
        });
        free.then_some(Ok(()))
    }

    /// Whether decided failures refuse an attempt that needs these.
    pub(super) fn refused(&self, subjects: &[Subject]) -> Option<RateLimited> {
        let now = self.clock.now();
        let longest = subjects
            .iter()
            .filter_map(|subject| {
                Some(self.table.get(subject)?.refuses_for(now, self.table.rate_of(subject)))
            })
            .max()?;
        let whole = longest.as_secs() + u64::from(longest.subsec_nanos() > 0);
        (whole > 0).then_some(RateLimited { retry_after_s: whole })
    }

    fn answered(&mut self, subjects: &[Subject], answer: Answer) {
        for subject in subjects {
            if answer.is_ok() {
                self.table.touch(subject).take();
            } else {
                self.table.forget_empty(subject, self.clock.now());
            }
        }
    }

    /// Replies the attempts that wait for these subjects and can be answered, and those that waited
    /// behind them.
    fn wake_waiters(&mut self, subjects: &[Subject]) {
        let mut open = subjects.to_vec();
        while let Some(subject) = open.pop() {
            while let Some((number, answer)) = self.first_answer(&subject) {
                let Some(waiter) = self.dequeue(number) else { continue };
                self.answered(&waiter.subjects, answer);
                // A receiver that is gone has taken its number out of the queue before.
                let _ = waiter.reply.send(answer);
                open.extend(waiter.subjects.into_iter().filter(|other| *other != subject));
            }
            self.table.forget_empty(&subject, self.clock.now());
        }
    }

    /// The answer to the first attempt that waits for `subject`, where there is one and it is due.
    fn first_answer(&self, subject: &Subject) -> Option<(u64, Answer)> {
        let number = *self.table.get(subject)?.waiting.first()?;
        let answer = self.check(self.queue.subjects(number), Some(number))?;
        Some((number, answer))
    }

    fn dequeue(&mut self, number: u64) -> Option<Waiter> {
        let waiter = self.queue.remove(number)?;
        for subject in &waiter.subjects {
            if let Some(bucket) = self.table.get_mut(subject) {
                bucket.waiting.remove(&number);
            }
        }
        Some(waiter)
    }

    /// An attempt no longer waits; false where it has been answered already.
    pub(super) fn abandon(&mut self, number: u64) -> bool {
        let waiter = self.dequeue(number);
        if let Some(waiter) = &waiter {
            self.wake_waiters(&waiter.subjects);
        }
        waiter.is_some()
    }

    /// An attempt that has these places failed. The rows are what it wrote, where other daemons
    /// write them too.
    pub(super) fn fail(&mut self, subjects: &[Subject], rows: &[LimitRow], now_unix: i64) {
        let now = self.clock.now();
        self.decided += 1;
        for subject in subjects {
            let rate = self.table.rate_of(subject);
            let stored = row_of(rows, subject).map(|row| owed(row, rate, now_unix));
            let bucket = self.table.touch(subject);
            bucket.decided = self.decided;
            bucket.fail(now, rate, stored);
        }
        self.wake_waiters(subjects);
    }

    /// An attempt that has these places gives them back.
    pub(super) fn release(&mut self, subjects: &[Subject]) {
        for subject in subjects {
            self.table.touch(subject).release();
        }
        self.wake_waiters(subjects);
    }

    pub(super) const fn moment(&self) -> Moment {
        let trusted = self.vouches.added();
        Moment { decided: self.decided, cleared: self.cleared, trusted }
    }

    /// Follows what was read since that moment.
    pub(super) fn follow(&mut self, since: Moment, found: &Shared, now_unix: i64) {
        if since.cleared != self.cleared {
            return;
        }
        let now = self.clock.now();
        for subject in &found.subjects {
            let rate = self.table.rate_of(subject);
            let stored =
                found.row_of(subject).map_or(Duration::ZERO, |row| owed(row, rate, now_unix));
            if stored.is_zero() && self.table.get(subject).is_none() {
                continue;
            }
            let bucket = self.table.touch(subject);
            let is_newer = bucket.decided <= since.decided;
            bucket.follow(now, rate, stored, is_newer);
        }
        if let Some((uid, network)) = &found.origin {
            let ago = found.trust().map(|row| ago(row, now_unix));
            self.vouches.follow(uid, *network, now, ago, since.trusted);
        }
        self.wake_waiters(&found.subjects);
    }

    pub(super) fn trust(&mut self, uid: &str, network: Network) {
        self.vouches.add(uid, network, self.clock.now(), Duration::ZERO);
    }

    pub(super) fn clear(&mut self, subjects: &[Subject]) {
        self.cleared += 1;
        for subject in subjects {
            if let Some(bucket) = self.table.get_mut(subject) {
                bucket.clear();
            }
        }
        self.wake_waiters(subjects);
    }

    pub(super) fn clear_all(&mut self) {
        self.clear(&self.table.subjects());
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        if rate != self.table.rate() {
            self.table.change_rate(self.clock.now(), rate);
            self.wake_waiters(&self.table.subjects());
        }
    }

    pub(super) const fn rate(&self) -> Rate {
        self.table.rate()
    }

    pub(super) fn rate_of(&self, subject: &Subject) -> Rate {
        self.table.rate_of(subject)
    }

    pub(super) fn sweep(&mut self) {
        let now = self.clock.now();
        self.wake_waiters(&self.table.changed_by_time(now));
        self.vouches.sweep(now);
    }

    /// Loads a row.
    pub(super) fn load(&mut self, row: &LimitRow, now_unix: i64) {
        let now = self.clock.now();
        if row.kind == LimitKind::Vouch {
            if let Some((uid, network)) = trusted_networks::from_row_text(&row.subject) {
                self.vouches.add(uid, network, now, ago(row, now_unix));
            }
            return;
        }
        let Some(subject) = Subject::from_row(row.kind, &row.subject) else { return };
        let rate = self.table.rate_of(&subject);
        let owed = owed(row, rate, now_unix);
        if !owed.is_zero() {
            self.table.touch(&subject).set_debt(now, owed, rate);
        }
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.table.len(), self.queue.len())
    }
}

/// How long ago a row was written; one of the future is of now.
fn ago(row: &LimitRow, now: i64) -> Duration {
    Duration::from_secs(u64::try_from(now.saturating_sub(row.updated_at)).unwrap_or(0))
}

/// When all places of a row are back.
fn owed(row: &LimitRow, rate: Rate, now: i64) -> Duration {
    // A value that the daemon cannot have computed counts as nothing, or as all places.
    let places = row.taken.max(0.0).min(rate.burst().into());
    rate.refill().mul_f64(places).saturating_sub(ago(row, now))
}
