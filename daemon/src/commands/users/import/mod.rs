//! `users.import`: many accounts in one transaction, with a result for each row.

mod foreign;
mod prune;
mod row;
mod run;

pub(crate) use self::run::{Import, import};
