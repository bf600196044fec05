//! `users.import`: many accounts in one transaction, with a result for each row.

mod foreign;
mod prune;
mod row;
mod run;
mod valid_row;

pub(crate) use self::run::{Cancel, Import, Options, Results, import};
pub(crate) use self::valid_row::{PasswordChange, RejectedRow, Rows, ValidRow, known_hash};
