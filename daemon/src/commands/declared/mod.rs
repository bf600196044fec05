//! The file of `--accounts`: accounts, app passwords and access tokens that there are to be. It is
//! applied by the rules of `users.import` and `auth.add`, by the daemon itself.

mod apply;
mod file;
mod rejected;
mod session;
mod transaction;

pub(crate) use self::apply::{apply_again, apply_declared};
pub(crate) use self::file::DeclaredFile;
