//! Sessions, logins, the limiter and two-factor authentication: raw lines against a real daemon,
//! held against the letter of the documentation.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;

mod add;
mod bursts;
mod clocks;
mod disabled;
mod gathered;
mod limits;
mod login;
mod passcodes;
mod reasons;
mod records;
mod remembered;
mod remembered_changes;
mod searches;
mod secrets;
mod setup;
mod sidecar;
mod timing;
mod trusted;
mod unfilled;
mod verify;
mod why;
