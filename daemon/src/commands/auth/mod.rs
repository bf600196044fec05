//! The noun `auth`.

mod add;
mod drawn;
mod find;
mod login;
mod logout;
mod ls;
mod reset;
mod rm;
mod verify;

pub(crate) use self::add::{Add, add};
pub(crate) use self::find::{ByRef, show};
pub(crate) use self::login::{
    Attempt, AttemptOutcome, Candidate, Decision, FailureCharges, Reason, VerifiedAttempt,
    VerifiedCredential, commit_attempt, load_candidate,
};
pub(crate) use self::logout::logout;
pub(crate) use self::ls::{Ls, ls};
pub(crate) use self::reset::reset;
pub(crate) use self::rm::{Rm, rm};
pub(crate) use self::verify::{Verify, is_hidden, verify};
