//! The daemon behind `photoprismd`. The modules are in the order in which a start and then a
//! request meet them.

pub mod process;

mod config;
mod log;
mod startup;

mod signals;
pub mod socket;

mod server;

pub mod peer;

mod connection;

mod commands;

mod notify;

mod admin_password;
pub mod hashing;
mod limiter;
mod model;
pub mod photoprism;
pub mod server_address;
mod session_index;
pub mod store;

pub mod clock;
mod error;
pub mod failpoints;
mod metrics;
mod sys;
mod system;

pub use self::startup::run;

/// What held a secret is cleared wherever it was.
#[global_allocator]
static ALLOCATOR: sys::ZeroOnFree = sys::ZeroOnFree;
