//! The daemon behind `photoprismd`.

pub mod accounts;
pub mod clock;
pub mod error;
pub mod handlers;
pub mod hashing;
pub mod peer;
pub mod process;
pub mod socket;
pub mod store;
mod sys;
