//! From a line to its reply. Each command has a file of its own: the checks of its arguments, its
//! rule, its change. `runner` carries all of them out in the same order.

mod app;
mod audit;
mod auth;
mod backup;
mod backup_files;
mod blocking;
mod clock;
mod cursor;
mod declared;
mod dispatch;
mod doctor;
mod ending;
mod find;
mod gathered;
mod import;
mod import_sessions;
mod key;
mod login;
mod logins;
mod metrics;
mod page;
mod passwd;
mod periodic;
mod ping;
mod properties;
mod refusals;
mod remembered;
mod reply;
mod request;
mod revoked;
mod runner;
mod shared_run;
mod status;
mod transaction;
mod users;

pub(crate) use self::app::{
    App, Lifetimes, Memory, PageChecks, Paths, PhotoPrismCheck, RequestIds, sink,
};
pub(crate) use self::audit::verify::verify_whole_trail;
pub(crate) use self::backup::periodic::{find_last_backup, write_periodic_backup};
pub(crate) use self::backup_files::BackupFiles;
pub(crate) use self::declared::{DeclaredFile, apply_again, apply_declared};
pub(crate) use self::dispatch::handle;
pub(crate) use self::gathered::GatheredLogins;
pub(crate) use self::import_sessions::ImportSessions;
pub(crate) use self::periodic::PeriodicBackups;
pub(crate) use self::refusals::RefusalBuffer;
pub(crate) use self::remembered::RememberedPasswords;
pub(crate) use self::status::current_status;
