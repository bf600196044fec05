//! The proof that a peer may run a command.

use std::sync::Arc;

use photoprism_protocol::command::CommandName;
use photoprism_protocol::level::Level;
use thiserror::Error;

use nix::unistd::{getegid, geteuid};

use super::caller::{Caller, SocketKind};
use super::policy::Policy;
use super::rights::Rights;

/// Proof that this peer may run this command: no command runs without one.
///
/// Only [`Caller::permit`] creates it for a peer, which it identifies; it is valid for one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    command: CommandName,
    level: Level,
    /// `None`: the daemon acts by itself.
    socket: Option<SocketKind>,
    pid: i32,
    rights: Rights,
}

impl Permit {
    /// For what the daemon does by itself, because its settings say so.
    pub fn of_daemon(command: CommandName) -> Self {
        let rights = Rights {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            groups: Arc::default(),
            is_owner: true,
        };
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        Self { command, level: Level::Admin, socket: None, pid, rights }
    }

    /// The command that it permits.
    pub const fn command(&self) -> CommandName {
        self.command
    }

    /// The peer's level, at least what the command needs.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The socket the peer came in by; `None` for the daemon itself.
    pub const fn socket(&self) -> Option<SocketKind> {
        self.socket
    }

    /// The peer's uid; 65534 where the kernel did not report it (auth socket only).
    pub const fn uid(&self) -> u32 {
        self.rights.uid
    }

    /// The peer's gid; 65534 where the kernel did not report it (auth socket only).
    pub const fn gid(&self) -> u32 {
        self.rights.gid
    }

    /// The peer's process; 0 in another pid namespace or where unknown.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// The peer's file access rights.
    pub fn rights(&self) -> Rights {
        self.rights.clone()
    }
}

/// Why a peer may not run a command. Always `forbidden` on the wire, with this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The admin socket does not serve this peer at all.
    #[error("uid {uid} has no rights on this socket; see --socket-group and --allow")]
    Unauthorized {
        /// The peer's uid, 65534 where it is unknown.
        uid: u32,
    },
    /// The auth socket checks logins and tokens and does nothing else.
    #[error("{} is not served on the auth socket, use the admin socket", .command.name())]
    AuthSocket {
        /// The requested command.
        command: CommandName,
    },
    /// The peer has rights, but too few.
    #[error("{} needs the level {}, this peer has {has}", .command.name(), .command.access())]
    TooLow {
        /// The requested command.
        command: CommandName,
        /// The level that the peer has.
        has: Level,
    },
}

impl Caller {
    /// Whether the peer is served at all, checked before anything is read from it.
    pub fn admit(&self, policy: &Policy) -> Result<Level, AccessError> {
        self.level(policy).ok_or(AccessError::Unauthorized { uid: self.uid() })
    }

    /// Turns the peer and a command into permission to run it.
    ///
    /// # Errors
    /// [`AccessError`] says which rule forbids it.
    pub fn permit(&self, command: CommandName, policy: &Policy) -> Result<Permit, AccessError> {
        let level = self.admit(policy)?;
        if level < command.access() {
            return Err(match self.socket() {
                SocketKind::Auth => AccessError::AuthSocket { command },
                SocketKind::Admin => AccessError::TooLow { command, has: level },
            });
        }
        let rights = Rights {
            uid: self.uid(),
            gid: self.gid(),
            groups: self.groups(),
            is_owner: self.is_root_or_self(policy),
        };
        Ok(Permit { command, level, socket: Some(self.socket()), pid: self.pid(), rights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{AllowEntry, Who};

    fn policy() -> Policy {
        let allow = vec![AllowEntry { level: Level::Read, who: Who::Uid(7) }];
        Policy { own_uid: 1, socket_gid: None, allow }
    }

    #[test]
    fn a_permit_says_who_asked_for_what() {
        let caller = Caller::for_tests(SocketKind::Admin, 7, 8, &[]);
        let permit = caller.permit(CommandName::UsersLs, &policy()).unwrap();
        assert_eq!(permit.command(), CommandName::UsersLs);
        assert_eq!(permit.level(), Level::Read);
        assert_eq!(permit.socket(), Some(SocketKind::Admin));
        assert_eq!((permit.uid(), permit.gid(), permit.pid()), (7, 8, 1));
    }

    #[test]
    fn what_the_daemon_does_by_itself_came_in_by_no_socket() {
        let permit = Permit::of_daemon(CommandName::UsersImport);
        assert_eq!((permit.level(), permit.socket()), (Level::Admin, None));
        assert_eq!((permit.uid(), permit.gid()), (geteuid().as_raw(), getegid().as_raw()));
        assert_eq!(u32::try_from(permit.pid()), Ok(std::process::id()));
    }

    #[test]
    fn each_refusal_has_its_message() {
        let refusal = |socket, uid| {
            let caller = Caller::for_tests(socket, uid, 8, &[]);
            caller.permit(CommandName::UsersRm, &policy()).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(SocketKind::Admin, 9),
            "uid 9 has no rights on this socket; see --socket-group and --allow"
        );
        assert_eq!(
            refusal(SocketKind::Admin, 7),
            "users.rm needs the level write, this peer has read"
        );
        assert_eq!(
            refusal(SocketKind::Auth, 0),
            "users.rm is not served on the auth socket, use the admin socket"
        );
    }
}
