//! `--accounts`: accounts, app passwords and access tokens that a file declares.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod again;
mod applied;
mod mounted;
mod photoprism;
mod place;
mod refused;
mod shipped;
