//! What talks to a running PhotoPrism: its address, a bounded HTTP client on a thread of its own,
//! and the few questions that it is asked. Nothing that it answers is trusted beyond a status code
//! and one short text.

mod address;
mod answers;
mod caller;
mod http;

pub use self::address::Address;
pub(crate) use self::answers::{Deletion, OwnSession, Presence};
pub(crate) use self::caller::PhotoPrism;
