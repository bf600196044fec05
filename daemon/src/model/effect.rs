//! What a committed command changes outside the database: applied after the commit and before its
//! reply, in the order of the commits.

use super::account::Account;
use super::session::Session;

/// A position in the audit trail: number and hash of its newest record; 0 and empty before the
/// first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the record.
    pub number: i64,
    /// Its hash in hex.
    pub hash: String,
}

/// One consequence of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The audit trail has a new head.
    Audited(AuditHead),
    /// A session was created, with the account that it belongs to.
    SessionCreated(Box<Session>, Option<Box<Account>>),
    /// A session and those created from it have ended.
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
    /// Every session has ended, and the database contains others: those of a backup.
    EverySessionReplaced,
    /// An account has changed.
    AccountChanged(Box<Account>),
    /// Sessions of these ids were ended in PhotoPrism's database.
    IdsEnded(Vec<String>),
    /// PhotoPrism is to be notified of these ids.
    ToNotify(Vec<String>),
    /// PhotoPrism was notified of these ids.
    Notified(Vec<String>),
    /// The rows of sessions with these ids are authoritative again: forget what is remembered of
    /// them.
    IdsReleased(Vec<String>),
    /// A session that had been ended was in the database again, and was ended again.
    CameBack(CameBack),
    /// This many more sessions at the same time.
    MoreCameBack(usize),
    /// PhotoPrism has undone changes to an account.
    WentBack(Reverted),
    /// The floor under "now" was set to the clock.
    FloorReset {
        /// What the clock showed, Unix seconds.
        at: i64,
        /// Number of the audit record of that.
        record: i64,
    },
}

/// A session that a running PhotoPrism wrote back. Without its id, which is as good as a secret in
/// PhotoPrism.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameBack {
    /// Reference id.
    pub ref_id: String,
    /// UID of its account; `""` for none.
    pub user_uid: String,
    /// Name of its account.
    pub user_name: String,
}

/// An account that a running PhotoPrism overwrote with its copy in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// Its name.
    pub user_name: String,
    /// What differs from the daemon's last write, one message each.
    pub what: Vec<String>,
}

/// The result of a write: its value, and the effects of its commit.
#[derive(Debug)]
pub struct WithEffects<T> {
    /// For the reply.
    pub value: T,
    /// In the order in which they apply.
    pub effects: Vec<Effect>,
}

/// Applies effects; called on the writer thread.
pub(crate) type EffectHandler = Box<dyn FnMut(Effect) + Send>;
