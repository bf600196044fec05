//! What reaches the disk before anything is acknowledged, and what happens when it does not.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;
#[path = "../preload/mod.rs"]
mod preload;

mod failing;
mod full;
mod full_start;
mod replaced;
mod shim;
mod syncs;
mod writes;
