//! Attempts that wait for places, in the order of their arrival.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::rate::RateLimited;
use super::subject::Subject;

/// The answer to an attempt: let in, or refused for a time.
pub(super) type Answer = Result<(), RateLimited>;

/// An attempt that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) subjects: Vec<Subject>,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// Numbers rise: the order of numbers is that of arrival.
#[derive(Debug, Default)]
pub(super) struct Queue {
    next: u64,
    waiters: HashMap<u64, Waiter>,
}

impl Queue {
    pub(super) fn add(&mut self, waiter: Waiter) -> u64 {
        self.next += 1;
        self.waiters.insert(self.next, waiter);
        self.next
    }

    pub(super) fn subjects(&self, number: u64) -> &[Subject] {
        self.waiters.get(&number).map_or(&[], |waiter| &waiter.subjects)
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Waiter> {
        self.waiters.remove(&number)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }
}
