//! What a connection remembers of rows that it has counted.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use super::engine::Version;

/// Rows by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions.
    pub sessions: u64,
    /// Login records.
    pub logins: u64,
}

/// What was counted, and what changes with every change of what was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) state: CountedState,
}

/// The rows and the tables that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CountedState {
    pub(super) version: Version,
    pub(super) schema: i64,
}

/// What is known of the idempotency keys of each uid since they were counted.
#[derive(Debug, Default)]
pub(super) struct KeyRooms(pub(super) RefCell<HashMap<u32, KeyRoom>>);

/// Room for further keys of a uid.
#[derive(Debug)]
pub(super) enum KeyRoom {
    /// At least so many more fit.
    For(u64),
    /// None fits: these are the oldest, and go one by one.
    Oldest(VecDeque<String>),
}
