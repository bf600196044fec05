//! PhotoPrism's accounts in a MariaDB server: what is opened there, and how a connection that was
//! lost is replaced.

mod connection;
mod health;
mod open;
mod tables;

pub use self::health::{Durability, ServerHealth, server_health};
pub(super) use self::open::{open, open_for_reading};
pub(super) use self::tables::ready;
pub use self::tables::server_tables;
