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

pub use self::add::{Add, add};
pub use self::find::{ByRef, show};
pub(super) use self::login::check_realm;
pub use self::login::{
    Attempt, AttemptOutcome, Candidate, Decision, FailureCharges, Lifetimes, Reason,
    VerifiedAttempt, VerifiedCredential, commit_attempt, load_candidate,
};
pub use self::logout::logout;
pub use self::ls::{Ls, ls};
pub use self::reset::reset;
pub use self::rm::{Rm, rm};
pub use self::verify::{Verify, is_hidden, verify};
