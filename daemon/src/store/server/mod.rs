//! PhotoPrism's accounts in a MariaDB server: what is opened there, and how a connection that was
//! lost is replaced.

mod health;
mod open;
mod reconnect;

pub use self::health::{ServerHealth, server_health};
pub(super) use self::open::{open, open_for_reading};
pub(super) use self::reconnect::Reconnect;
