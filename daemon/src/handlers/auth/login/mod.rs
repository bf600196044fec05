//! `auth.login`: one attempt, from what is known before the hash to what is committed after it.

mod attempt;
mod candidate;
mod commit;
mod judge;

pub use self::attempt::Attempt;
pub(in crate::handlers) use self::attempt::check_realm;
pub use self::candidate::{Candidate, load_candidate};
pub use self::commit::{
    AttemptOutcome, FailureCharges, Lifetimes, VerifiedAttempt, commit_attempt,
};
pub use self::judge::{Decision, Reason, VerifiedCredential};
