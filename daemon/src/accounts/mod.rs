//! Rules about accounts that are no I/O.

mod civil;
mod common;
pub mod expiry;
pub mod password;
pub mod times;
