//! `users.import`: many accounts in one transaction, with a result for each row.

mod foreign;
mod one;
mod prune;
mod ready;
mod run;

pub use self::ready::{Bad, NewHash, Ready, Rows, known_hash};
pub use self::run::{Import, Options, Results, import};
