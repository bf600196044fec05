//! `auth.login`: one attempt, from what is known before the hash to what is committed after it.

mod attempt;
mod judge;
mod known;
mod settle;

pub use self::attempt::Attempt;
pub(in crate::handlers) use self::attempt::check_realm;
pub use self::judge::Reason;
pub use self::known::{Known, know};
pub use self::settle::{Charges, Checked, Lifetimes, Settled, Verdict, settle};
