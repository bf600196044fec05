//! Sessions that end although a running PhotoPrism has them in memory, with a simulated one.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../simulator/mod.rs"]
mod simulator;

mod addresses;
mod answers;
mod killed;
mod limits;
mod memory;
mod misbehaves;
mod notified;
mod pending;
mod reloaded;
mod setup;
mod unasked;
