//! The daemon behind `photoprismd`.

pub mod accounts;
pub mod clock;
pub mod config;
pub mod error;
pub mod handlers;
pub mod hashing;
pub mod log;
pub mod peer;
pub mod process;
pub mod signals;
pub mod socket;
pub mod store;
mod sys;
