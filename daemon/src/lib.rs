//! The daemon behind `photoprismd`.

pub mod accounts;
pub mod peer;
mod sys;
