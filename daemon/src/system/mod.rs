//! The daemon's environment on its machine: files, file systems, limits. Only read; the database
//! and its files only through `stat`, because closing a descriptor would drop SQLite's locks.

mod files;
mod names;
mod network;
mod open_files;
mod space;

pub(crate) use self::files::{Seen, is_writable, open_ancestor, other_path};
pub(crate) use self::names::{gid_of, known_group, user_name};
pub(crate) use self::network::network_file_system;
pub(crate) use self::open_files::{FileId, OTHER_FILES, descriptor_limit, descriptors_of};
pub(crate) use self::space::{Space, space};

/// A number of the system, whose type has 32 or 64 bits depending on the machine.
pub(crate) fn widened(number: impl Into<u64>) -> u64 {
    number.into()
}
