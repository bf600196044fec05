//! The sockets: directory, lock, bind, mode, listen, in this order; or as passed by systemd.

mod bind;
mod directory;
mod error;
mod existing;
mod lock;
mod path;
pub mod systemd;

pub use bind::{Bound, SocketSpec, open};
pub use error::{Owned, SocketError};
pub use lock::{Lock, database_note, lock_database, lock_path};
pub use path::{check_apart, check_path};
