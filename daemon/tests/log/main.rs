//! The log under those who would fill it, and beside those who do not read it.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod floods;
mod readers;
