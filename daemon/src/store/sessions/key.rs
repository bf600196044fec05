//! Which sessions are searched for, and where one is in the list.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::store::engine::Ordered;

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

/// The position of a session in the list, as it is stored; the id makes it unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKey {
    pub(super) last_active: Ordered,
    pub(super) created_at: Ordered,
    pub(super) user_name: Ordered,
    pub(super) id: Ordered,
}

impl SessionKey {
    /// What keys are compared by, the first first.
    fn order(&self) -> (Reverse<&Ordered>, Reverse<&Ordered>, &Ordered, &Ordered) {
        let Self { last_active, created_at, user_name, id } = self;
        (Reverse(last_active), Reverse(created_at), user_name, id)
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
        // No row has NULL there, and it is below everything else.
        let (created_at, user_name, id) = (Ordered::Null, Ordered::Null, Ordered::Null);
        Self { last_active: Ordered::Integer(second), created_at, user_name, id }
    }
}
