//! The daemon behind `photoprismd`. The modules are in the order in which a start and then a
//! request meet them.

pub mod process;

pub mod config;
pub mod log;
pub mod startup;

pub mod signals;
pub mod socket;

pub mod server;

pub mod peer;

pub mod connection;

pub mod dispatch;

pub mod handlers;

pub mod admin_password;
pub mod hashing;
pub mod limiter;
pub mod model;
pub mod session_index;
pub mod store;

pub mod cancel;
pub mod clock;
pub mod error;
pub mod failpoints;
pub mod metrics;
mod sys;
pub mod system;

pub use self::startup::run;
