//! The log under clients that would fill it, and with readers that do not read it.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod floods;
mod readers;
