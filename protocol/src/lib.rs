//! The wire of photoprism-admin: requests, replies, errors and validated values.
//!
//! Newline-delimited JSON, one object a line; `README.md` in this crate describes it from the
//! client's side. Nothing in here does I/O.

pub mod account_text;
pub mod args;
pub mod attr;
pub mod audit;
pub mod auth;
pub mod auth_id;
pub mod backup;
pub mod build;
pub mod client_text;
pub mod clock;
pub mod command;
pub mod display_name;
pub mod doctor;
pub mod email;
pub mod ended;
pub mod envelope;
pub mod error;
pub mod generated;
pub mod json;
pub mod key;
pub mod level;
pub mod list;
pub mod logins;
pub mod metrics;
pub mod name;
pub mod numeric_text;
pub mod passwd;
pub mod password;
pub mod path;
mod precheck;
pub mod provider;
pub mod random;
pub mod role;
pub mod rule;
pub mod scope;
pub mod secret;
pub mod setting_path;
pub mod status;
mod suggest;
pub mod text;
pub mod token;
pub mod transfer;
pub mod twofa;
pub mod uid;
pub mod users;
pub mod why;

/// The protocol's version. Raised only when a client written for the one before would break.
pub const VERSION: u32 = 1;

/// Default of the longest request line in bytes, without its newline.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Longest reply line in bytes, without its newline: lists are paged so that it holds.
pub const MAX_REPLY_BYTES: usize = 1024 * 1024;
