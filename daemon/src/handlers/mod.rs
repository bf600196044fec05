//! What each command does: plain functions over a transaction and a context. They never see a
//! socket, and change nothing but the database.

pub mod admin;
pub mod audit;
mod context;
mod find;
pub mod legacy;
mod page;
pub mod passwd;
pub mod users;
mod write;

pub use self::context::{Context, FirstAdmin, Hashed, Outcome};
pub use self::find::no_nul;
pub use self::page::Window;
pub use self::write::{Key, Looked, look_up_key, settle_replay};
