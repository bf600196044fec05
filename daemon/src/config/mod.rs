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
mod password;
mod paths;
mod peers;
mod settings;
mod table;
mod values;

pub use check::report;
pub use error::{ConfigError, Source};
pub use file::When;
pub use limits::Limits;
pub use load::{Loaded, Process, Reloaded, Start, load};
pub use password::AdminPassword;
pub use paths::{AdminSocket, AuthSocket, Database, check_directory, check_separate};
pub use peers::{Allowed, OVERFLOW_ID, Peer, SocketGroup};
pub use settings::{Argon2Params, Scheme, Settings};
pub use table::{Default, Form, Id, SETTINGS, Setting};
pub use values::Lifetime;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
