//! Backups: the account tables alone, or before a migration the whole of our own database; and
//! the way back.

mod copy;
mod files;
mod making;
mod plan;
mod publish;
mod read;
mod remove;
mod replace;
mod restore;
mod tables;
mod unfinished;
mod values;
mod write;

pub use self::files::{BackupEntry, BackupOrigin, backup_list, backups_refused};
pub use self::making::{Made, Making};
pub use self::plan::{AccountChange, Plan, What};
pub use self::read::{BackupCounts, BackupFault, BackupFile, backup_open};
pub use self::remove::{backup_find, backup_remove};
pub use self::replace::{Removed, empty_accounts, empty_sessions};
pub use self::restore::{Restored, restore_accounts};
pub(super) use self::write::copy_whole;
pub use self::write::{Backup, backed_up};
