//! Backups of accounts in MariaDB: the same files as of any other database. No engine copies rows
//! of the other, so they pass through the daemon one by one.

mod copy;
mod fill;
mod guard;
mod layout;

pub(super) use self::copy::{copy_server, state_of_server};
pub(super) use self::fill::{Source, fill};
pub(super) use self::guard::{check_foreign_keys, dangling_on_server, triggers_on_server};
pub(super) use self::layout::{remove_on_server, server_has_clients};
