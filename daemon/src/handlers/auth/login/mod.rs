//! `auth.login`: one attempt, from what is known before the hash to what is committed after it.

mod attempt;
mod candidate;
mod judge;
mod settle;

pub use self::attempt::Attempt;
pub(in crate::handlers) use self::attempt::check_realm;
pub use self::candidate::{Candidate, load_candidate};
pub use self::judge::{Decision, Reason};
pub use self::settle::{
    AttemptOutcome, FailureCharges, Lifetimes, VerifiedAttempt, VerifiedCredential, commit_attempt,
};
