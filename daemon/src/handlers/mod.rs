//! What each command does: plain functions over a transaction and a context. They never see a
//! socket, and change nothing but the database.

pub mod admin;
pub mod adopt;
pub mod audit;
pub mod auth;
pub mod backup;
mod context;
mod cursor;
pub mod doctor;
mod find;
pub mod legacy;
pub mod logins;
pub mod metrics;
mod page;
pub mod passwd;
mod revoked;
pub mod twofa;
pub mod users;
pub mod why;
mod write;

pub use self::context::{Context, FirstAdmin, Hashed, Outcome, success};
pub use self::find::refuse_nul;
pub use self::page::PageRequest;
pub use self::write::{Key, KeyState, confirm_replay, find_replay};
