//! Every setting of `photoprismd`: one table, and everything that is derived from it.
//!
//! A setting comes from a flag, else an environment variable, else the file of `--config`, else its
//! default, and remembers which. An empty value in the environment or the file counts as not set.
//! Nothing in here changes anything on the machine.

mod ambiguity;
mod check;
mod clean;
mod command_line;
mod error;
mod file;
mod gather;
mod limits;
mod load;
mod manual;
mod password;
mod paths;
mod peers;
mod server;
mod settings;
mod table;
mod values;

pub(crate) use check::report;
pub(crate) use error::{ConfigError, Source};
pub(crate) use file::{When, read_at_most, shown};
pub(crate) use limits::Limits;
pub(crate) use load::{Loaded, Process, Start, load};
pub(crate) use password::AdminPassword;
pub(crate) use paths::{AdminSocket, AuthSocket, Database};
pub(crate) use peers::{Allowed, Peer};
pub(crate) use settings::{AccountsFile, Scheme, Settings};
pub(crate) use table::Id;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
