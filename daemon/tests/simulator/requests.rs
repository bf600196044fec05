//! What came over the wire, and where it was stopped.

use std::sync::{Condvar, Mutex, MutexGuard};

use super::http::Request;
use crate::common::TIMEOUT;

/// A request that came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Method and path.
    pub(crate) line: String,
    /// The token that came with it.
    pub(crate) token: Option<String>,
    /// The status that it was answered with; `None`: not yet, or never.
    pub(crate) status: Option<u16>,
}

/// Where a request is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has come, and nothing is done.
    Before,
    /// It is carried out, and not answered.
    After,
}

#[derive(Default)]
struct State {
    all: Vec<Seen>,
    /// The request that is to be stopped.
    wanted: Option<(&'static str, Moment)>,
    /// One is stopped.
    held: bool,
    /// So many have come and are not over.
    running: usize,
    /// It may go on, as may everything from now on.
    let_go: bool,
}

#[derive(Default)]
pub(super) struct Requests {
    state: Mutex<State>,
    changed: Condvar,
}

impl Requests {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn all(&self) -> Vec<Seen> {
        self.state().all.clone()
    }

    /// Notes a request and gives its number.
    pub(super) fn came(&self, request: &Request) -> usize {
        let line = format!("{} {}", request.method, request.path);
        let token = request.header("x-auth-token").map(ToOwned::to_owned);
        let mut state = self.state();
        state.running += 1;
        state.all.push(Seen { line, token, status: None });
        state.all.len() - 1
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        self.state().all[number].status = Some(status);
    }

    pub(super) fn hold(&self, what: &'static str, moment: Moment) {
        let mut state = self.state();
        (state.wanted, state.let_go) = (Some((what, moment)), false);
    }

    /// Stops a request there, if it is the one.
    pub(super) fn pass(&self, number: usize, moment: Moment) {
        let mut state = self.state();
        let line = format!("{}\n", state.all[number].line);
        let wanted =
            state.wanted.is_some_and(|(what, when)| when == moment && line.starts_with(what));
        if !wanted {
            return;
        }
        (state.wanted, state.held) = (None, true);
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| !state.let_go).unwrap();
        state.held = false;
        self.changed.notify_all();
    }

    pub(super) fn wait_until_held(&self) {
        let waited = self.changed.wait_timeout_while(self.state(), TIMEOUT, |state| !state.held);
        assert!(!waited.unwrap().1.timed_out(), "the request never came");
    }

    /// A request is over, answered or not.
    pub(super) fn over(&self) {
        self.state().running -= 1;
        self.changed.notify_all();
    }

    pub(super) fn wait_until_idle(&self) {
        let waited =
            self.changed.wait_timeout_while(self.state(), TIMEOUT, |state| state.running > 0);
        assert!(!waited.unwrap().1.timed_out(), "a request was never over");
    }

    pub(super) fn let_go(&self) {
        self.state().let_go = true;
        self.changed.notify_all();
    }
}
