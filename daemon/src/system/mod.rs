//! What surrounds the daemon on its machine: files, file systems, limits. Only looked at; the
//! database and its files through `stat` alone, an open descriptor less would drop SQLite's locks.

mod descriptors;
mod files;
mod names;
mod network;
mod open_files;
mod space;

pub use self::descriptors::{OTHER_FILES, descriptor_limit};
pub use self::files::{Seen, is_writable};
pub use self::names::{gid_of, group_name, known_group, user_name};
pub use self::network::network_file_system;
pub use self::open_files::{FileId, descriptors_of};
pub use self::space::{Space, space};

/// A number of the system's, whose type has 32 or 64 bits by the machine.
pub(crate) fn widened(number: impl Into<u64>) -> u64 {
    number.into()
}

/// The same of one with a sign.
pub(crate) fn widened_signed(number: impl Into<i64>) -> i64 {
    number.into()
}
