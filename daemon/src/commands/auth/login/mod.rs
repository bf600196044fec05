//! `auth.login`: one attempt, from what is known before the hash to what is committed after it.

mod attempt;
mod candidate;
mod commit;
mod judge;

pub(crate) use self::attempt::Attempt;
pub(crate) use self::candidate::{Candidate, load_candidate};
pub(crate) use self::commit::{AttemptOutcome, FailureCharges, VerifiedAttempt, commit_attempt};
pub(crate) use self::judge::{Decision, Reason, VerifiedCredential};
