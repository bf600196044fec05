//! Backups: the account tables alone, or before a migration the whole of our own database; and
//! the way back.

mod before;
mod contents;
mod copy;
mod dangling;
mod fault;
mod files;
mod foreign_key;
mod indexes;
mod owned_rows;
mod pages;
mod plan;
mod present;
mod publish;
mod read;
mod remove;
mod replace;
mod restore;
mod restored;
mod server;
mod state_id;
mod tables;
mod unfinished;
mod upload;
mod values;
mod write;

pub use self::before::BackupBefore;
pub use self::fault::BackupFault;
pub use self::files::{BackupEntry, BackupOrigin, backup_list, backups_refused};
pub use self::indexes::deleting_accounts;
pub use self::pages::{BackupPage, FileState, backup_page};
pub use self::plan::{AccountChange, Plan, What};
pub use self::present::{AccountsCopy, Present};
pub use self::read::{AttachedSource, BackupCounts, BackupFile, HeldSource, backup_open};
pub use self::remove::{backup_find, backup_remove};
pub use self::replace::{Removed, empty_accounts, empty_sessions};
pub use self::restore::restore_accounts;
pub use self::restored::Restored;
pub use self::tables::Layout;
pub use self::upload::{Upload, backup_sweep_uploads};
pub(super) use self::write::copy_whole;
pub use self::write::{Backup, backup_create};
#[cfg(test)]
pub(super) use self::write::{copy_in_pieces, publish_to_moved_directory, write_automatic};
