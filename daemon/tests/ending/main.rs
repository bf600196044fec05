//! Sessions that end although a running PhotoPrism has them in memory, with a simulated one.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../simulator/mod.rs"]
mod simulator;

mod answers;
mod limits;
mod memory;
mod misbehaves;
mod setup;
