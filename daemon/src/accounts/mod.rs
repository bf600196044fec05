//! Rules about accounts that are no I/O.

mod common;
pub mod password;
