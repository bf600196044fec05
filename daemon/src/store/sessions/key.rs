//! Which sessions are searched for, and where one is in the list.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// Filter of the sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionSearch {
    /// Every session.
    Everything,
    /// Those that have expired, at these Unix seconds.
    Expired(i64),
    /// The session of that id.
    Id(String),
    /// The session of that reference id.
    RefId(String),
    /// The sessions of that account or client.
    Uid(String),
    /// A prefix of user name, client name or provider.
    Prefix {
        /// For the client's name, compared without regard to ASCII case.
        text: String,
        /// For user name and provider, which are stored in lower case.
        lower: String,
    },
}

/// The position of a session in the list; the id makes it unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKey {
    pub(super) last_active: i64,
    pub(super) created_at: String,
    pub(super) user_name: String,
    pub(super) id: String,
}

impl SessionKey {
    /// What keys are compared by, the first first.
    fn order(&self) -> (Reverse<i64>, Reverse<&str>, &str, &str) {
        let Self { last_active, created_at, user_name, id } = self;
        (Reverse(*last_active), Reverse(created_at), user_name, id)
    }
}

impl Ord for SessionKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for SessionKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl SessionKey {
    /// Behind all sessions that were used last at these Unix seconds.
    pub(super) fn end_of(second: i64) -> Self {
        let (user_name, id) = (char::MAX.into(), String::new());
        Self { last_active: second, created_at: String::new(), user_name, id }
    }
}
