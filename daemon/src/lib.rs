//! The daemon behind `photoprismd`.

pub mod accounts;
