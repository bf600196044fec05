//! The daemon behind `photoprismd`.

pub mod accounts;
pub mod hashing;
pub mod peer;
pub mod process;
pub mod socket;
mod sys;
