//! Why a socket could not be had, and what the process exits with.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What a lock file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// The socket beside it.
    Socket,
    /// The database beside it.
    Database,
}

impl Owned {
    const fn word(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Database => "database",
        }
    }
}

/// A socket that could not be had. Each message says what to do where something can be done.
#[derive(Debug, Error)]
pub enum SocketError {
    /// The path cannot be that of a socket.
    #[error("socket path {}: {fault}", .path.display())]
    Path {
        /// As it was given.
        path: PathBuf,
        /// Which rule it breaks.
        fault: &'static str,
    },
    /// Neither the directory of a given path nor the one above it is there.
    #[error("the directory {} does not exist: create it, or choose another path", .0.display())]
    DirectoryMissing(PathBuf),
    /// What should be a directory is something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Somebody else could put another socket in its place.
    #[error("the directory {} may be written by {by}, who could replace the socket: chmod go-w it, or give the socket a directory of its own (0750)", .directory.display())]
    DirectoryOpen {
        /// The socket's directory.
        directory: PathBuf,
        /// Whom its mode or owner lets write.
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
    /// Something lies at the path that is not ours to remove.
    #[error("{what} is in the way at {}: it was left alone, move it or choose another path", .path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What lies there.
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
    #[error("another daemon{} owns the {} {}", owner(*.pid), .what.word(), .path.display())]
    Held {
        /// What the lock stands for.
        what: Owned,
        /// The socket or the database.
        path: PathBuf,
        /// The holder, where its lock file names one.
        pid: Option<u32>,
    },
    /// Somebody answers on the socket without holding the lock.
    #[error("another daemon owns the socket {}: somebody answers on it", .0.display())]
    Live(PathBuf),
    /// What systemd passed is not what is needed.
    #[error("socket passed by systemd: {0}")]
    Passed(String),
    /// The system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
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
            | Self::InTheWay { .. }
            | Self::Group { .. }
            | Self::Passed(_) => 2,
            Self::Held { .. } | Self::Live(_) => 73,
            Self::Io { .. } => 74,
        }
    }

    /// Makes the error of a system call from what was tried on what.
    pub(super) fn io<E: Into<io::Error>>(doing: &'static str, path: &Path) -> impl Fn(E) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder() {
        let held = |what, pid| SocketError::Held { what, path: "/run/a.sock".into(), pid };
        assert_eq!(
            held(Owned::Socket, Some(42)).to_string(),
            "another daemon (pid 42) owns the socket /run/a.sock"
        );
        assert_eq!(
            held(Owned::Database, None).to_string(),
            "another daemon owns the database /run/a.sock"
        );
        assert_eq!(held(Owned::Socket, None).exit_code(), 73);
    }

    #[test]
    fn settings_and_storage_have_their_codes() {
        assert_eq!(SocketError::DirectoryMissing("/x".into()).exit_code(), 2);
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(SocketError::io("open", Path::new("/x"))(denied).exit_code(), 74);
    }
}
