//! Rules about accounts that are no I/O.

pub mod change;
mod civil;
mod common;
pub mod cursor;
pub mod ended;
pub mod expiry;
pub mod first;
pub mod index;
pub mod limiter;
pub mod passcodes;
pub mod password;
pub mod properties;
pub mod search;
pub mod sessions;
pub mod standing;
pub mod stored_form;
pub mod times;
