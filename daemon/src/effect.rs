//! What a committed command means outside the database: applied after the commit and before its
//! reply, in the order of the commits.

use crate::accounts::account::AccountState;
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
    /// Sessions of these ids were ended in PhotoPrism's database.
    IdsEnded(Vec<String>),
    /// What is known of sessions of these ids is what their rows say.
    IdsReleased(Vec<String>),
    /// A session that was ended was there again, and was ended again.
    CameBack(CameBack),
    /// So many more at the same time.
    MoreCameBack(usize),
    /// What was changed of an account is as it was before.
    WentBack(WentBack),
}

/// A session that a running PhotoPrism wrote back. No id: that is as good as a secret there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameBack {
    /// Reference id.
    pub ref_id: String,
    /// UID of its account; `""`: nobody's.
    pub user_uid: String,
    /// Name of its account.
    pub user_name: String,
}

/// An account that a running PhotoPrism wrote as it had it in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WentBack {
    /// Its name.
    pub user_name: String,
    /// What is not as the daemon left it, each in words.
    pub what: Vec<String>,
}

/// What a write gives: its value, and what its commit means.
#[derive(Debug)]
pub struct WithEffects<T> {
    /// For the reply.
    pub value: T,
    /// In the order in which they hold.
    pub effects: Vec<Effect>,
}

/// Who applies effects; called on the database thread.
pub type EffectHandler = Box<dyn FnMut(Effect) + Send>;
