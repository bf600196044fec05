//! What a committed command means outside the database: applied after the commit and before its
//! reply, in the order of the commits.

use crate::accounts::standing::AccountState;
use crate::store::{AuditHead, SessionRow};

/// One consequence of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The audit trail has a new head.
    Audited(AuditHead),
    /// A session was made, with the account that it belongs to.
    SessionMade(Box<SessionRow>, Option<AccountState>),
    /// A session and those made from it have ended.
    SessionEnded {
        /// Id of the session.
        id: String,
    },
    /// Sessions of an account have ended.
    SessionsEnded {
        /// UID of the account.
        uid: String,
        /// App passwords too.
        all: bool,
    },
    /// Every session has ended.
    EverySessionEnded,
    /// An account is not what it was.
    AccountChanged(AccountState),
}

/// What a write gives: its value, and what its commit means.
#[derive(Debug)]
pub struct Done<T> {
    /// For the reply.
    pub value: T,
    /// In the order in which they hold.
    pub effects: Vec<Effect>,
}

/// Who applies effects; called on the database thread.
pub type Sink = Box<dyn FnMut(Effect) + Send>;
