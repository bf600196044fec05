//! What each command does: plain functions over a transaction and a context. They never see a
//! socket, and change nothing but the database.

mod app;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod backup;
mod blocking;
mod context;
mod cursor;
pub(crate) mod doctor;
mod find;
mod import_sessions;
mod key;
pub(crate) mod login;
pub(crate) mod logins;
pub(crate) mod metrics;
mod page;
pub(crate) mod passwd;
pub(crate) mod ping;
mod properties;
mod refusals;
mod reply;
mod request;
mod revoked;
mod runner;
pub(crate) mod status;
mod transaction;
pub(crate) mod users;
mod write;

pub(crate) use self::app::{App, Lifetimes, Paths, RequestIds, sink};
pub(crate) use self::blocking::{lock_backups, run_blocking};
pub(crate) use self::context::success;
pub(crate) use self::import_sessions::{
    Cancel, ImportSession, ImportSessions, MOST_BYTES_OF_ALL, Options, PasswordChange, RejectedRow,
    Results, Rows, Text, ValidRow, known_hash,
};
pub(crate) use self::refusals::RefusalBuffer;
pub(crate) use self::runner::{Outcome as Answer, Runner};
