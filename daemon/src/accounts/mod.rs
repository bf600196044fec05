//! Rules about accounts, without I/O.

pub mod account;
pub mod bootstrap;
pub mod change;
mod common;
pub mod cursor;
mod datetime_parser;
pub mod ended;
pub mod expiry;
pub mod index;
pub mod limiter;
pub mod passcodes;
pub mod password;
pub mod properties;
pub mod search;
pub mod sessions;
pub mod stored_form;
pub mod times;
