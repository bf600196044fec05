//! Why a socket could not be opened, and the exit code of the process.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What a lock file protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// The socket next to it.
    Socket,
    /// The database next to it.
    Database,
}

impl Owned {
    const fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Database => "database",
        }
    }
}

/// A socket that could not be opened. Each message says what to do where something can be done.
#[derive(Debug, Error)]
pub enum SocketError {
    /// The path cannot be a socket's.
    #[error("socket path {}: {fault}", .path.display())]
    Path {
        /// As given.
        path: PathBuf,
        /// Which rule it breaks.
        fault: &'static str,
    },
    /// Neither the directory of a given path nor its parent exists.
    #[error("the directory {} does not exist: create it, or choose another path", .0.display())]
    DirectoryMissing(PathBuf),
    /// What should be a directory is something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Others could replace the socket by their own.
    #[error("the directory {} may be written by {by}, who could replace the socket: chmod go-w it, or give the socket a directory of its own (0750)", .directory.display())]
    DirectoryOpen {
        /// The socket's directory.
        directory: PathBuf,
        /// The users whom its mode or owner lets write.
        by: String,
    },
    /// The auth socket is shared with others, the admin socket must not be.
    #[error("the auth socket's directory {} is, holds or lies in the admin socket's directory {}: give it a directory of its own", .auth.display(), .admin.display())]
    NotApart {
        /// Directory of the admin socket.
        admin: PathBuf,
        /// Directory of the auth socket.
        auth: PathBuf,
    },
    /// There is a file at the path that the daemon must not remove.
    #[error("{what} is in the way at {}: it was left alone, move it or choose another path", .path.display())]
    PathOccupied {
        /// Where.
        path: PathBuf,
        /// The kind of file.
        what: &'static str,
    },
    /// The group exists, but this user may not give files to it.
    #[error("{} cannot be given to group {gid}: this user must be root or a member of it", .path.display())]
    Group {
        /// The socket or its directory.
        path: PathBuf,
        /// The group.
        gid: u32,
    },
    /// Another daemon holds the lock.
    #[error("another daemon{holder} owns the {} {}", .what.name(), .path.display())]
    Locked {
        /// What the lock protects.
        what: Owned,
        /// The socket or the database.
        path: PathBuf,
        /// Which.
        holder: Holder,
    },
    /// There is an answer on the socket, although the lock was free.
    #[error("another daemon owns the socket {}: somebody answers on it", .0.display())]
    Live(PathBuf),
    /// systemd passed something unusable.
    #[error("socket passed by systemd: {0}")]
    Passed(String),
    /// A system call failed.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// The attempted operation, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// The process that holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Its lock file does not say.
    Unknown,
    /// This one.
    Process(u32),
    /// The process id of its lock file is that of something else here.
    Elsewhere,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Process(pid) => write!(f, " (pid {pid})"),
            Self::Elsewhere => f.write_str(", in another container,"),
        }
    }
}

impl SocketError {
    /// What the process exits with: 2 bad settings, 73 another daemon, 74 storage.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Path { .. }
            | Self::DirectoryMissing(_)
            | Self::NotADirectory(_)
            | Self::DirectoryOpen { .. }
            | Self::NotApart { .. }
            | Self::PathOccupied { .. }
            | Self::Group { .. }
            | Self::Passed(_) => 2,
            Self::Locked { .. } | Self::Live(_) => 73,
            Self::Io { .. } => 74,
        }
    }

    /// Converts the error of a system call; `doing` is the attempted operation.
    pub(super) fn io<E: Into<io::Error>>(doing: &'static str, path: &Path) -> impl Fn(E) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder() {
        let held = |what, holder| SocketError::Locked { what, path: "/run/a.sock".into(), holder };
        assert_eq!(
            held(Owned::Socket, Holder::Process(42)).to_string(),
            "another daemon (pid 42) owns the socket /run/a.sock"
        );
        assert_eq!(
            held(Owned::Database, Holder::Unknown).to_string(),
            "another daemon owns the database /run/a.sock"
        );
        assert_eq!(
            held(Owned::Database, Holder::Elsewhere).to_string(),
            "another daemon, in another container, owns the database /run/a.sock"
        );
        assert_eq!(held(Owned::Socket, Holder::Unknown).exit_code(), 73);
    }

    #[test]
    fn settings_and_storage_have_their_codes() {
        assert_eq!(SocketError::DirectoryMissing("/x".into()).exit_code(), 2);
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(SocketError::io("open", Path::new("/x"))(denied).exit_code(), 74);
    }
}
