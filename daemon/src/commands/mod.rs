//! What each command does: plain functions over a transaction and a context. They never see a
//! socket, and change nothing but the database.

pub(crate) mod admin;
pub(crate) mod adopt;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod backup;
mod context;
mod cursor;
pub(crate) mod doctor;
mod find;
pub(crate) mod legacy;
pub(crate) mod logins;
pub(crate) mod metrics;
mod page;
pub(crate) mod passwd;
mod revoked;
pub(crate) mod twofa;
pub(crate) mod users;
pub(crate) mod why;
mod write;

pub(crate) use self::context::{Context, FirstAdmin, Hashed, Outcome, success};
pub(crate) use self::find::refuse_nul;
pub(crate) use self::write::{Key, KeyState, confirm_replay, find_replay};
