//! Clients that ask for too much, and an honest one at the same time.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod busy;
mod deadlines;
mod descriptors;
mod floods;
mod gone;
mod imports;
mod logins;
mod measure;
mod places;
mod slow;
mod start;
mod threads;
