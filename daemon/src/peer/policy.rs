//! The rights of peers: settings applied to identity.

use photoprism_protocol::level::Level;

use super::caller::{Caller, SocketKind};

/// The peers that an entry applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The peer with this uid.
    Uid(u32),
    /// Every peer with this primary or supplementary gid.
    Gid(u32),
}

/// One `LEVEL=uid:N` or `LEVEL=gid:N` of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllowEntry {
    /// What it grants.
    pub level: Level,
    /// To whom.
    pub who: Who,
}

/// Who may do what on the admin socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The daemon's own effective uid.
    pub own_uid: u32,
    /// The group of the admin socket, set or taken from the file that systemd passed.
    pub socket_gid: Option<u32>,
    /// The configured entries, in any order.
    pub allow: Vec<AllowEntry>,
}

impl Policy {
    /// The gid whose members are administrators: the socket's, unless an entry lists it.
    fn admin_gid(&self) -> Option<u32> {
        self.socket_gid.filter(|gid| self.allow.iter().all(|entry| entry.who != Who::Gid(*gid)))
    }
}

impl Caller {
    /// The level of this peer under `policy`; `None`: no rights at all.
    ///
    /// Where several rules apply, the highest level counts.
    pub fn level(&self, policy: &Policy) -> Option<Level> {
        match self.socket() {
            SocketKind::Auth => Some(Level::Verify),
            SocketKind::Admin if !self.is_known() => None,
            SocketKind::Admin if self.is_admin(policy) => Some(Level::Admin),
            SocketKind::Admin => self.configured(policy),
        }
    }

    /// Whether it is root, the daemon's own user, or of the socket's group.
    fn is_admin(&self, policy: &Policy) -> bool {
        self.is_root_or_self(policy) || policy.admin_gid().is_some_and(|gid| self.is_member(gid))
    }

    /// Whether it is root or the daemon's own user on the admin socket: those for whom
    /// connections are reserved.
    pub fn is_root_or_self(&self, policy: &Policy) -> bool {
        self.socket() == SocketKind::Admin
            && self.is_known()
            && (self.uid() == 0 || self.uid() == policy.own_uid)
    }

    fn configured(&self, policy: &Policy) -> Option<Level> {
        let matching = policy.allow.iter().filter(|entry| match entry.who {
            Who::Uid(uid) => uid == self.uid(),
            Who::Gid(gid) => self.is_member(gid),
        });
        matching.map(|entry| entry.level).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u32 = 500;
    const GROUP: u32 = 600;

    fn policy(allow: &[(Level, Who)]) -> Policy {
        let allow = allow.iter().map(|&(level, who)| AllowEntry { level, who }).collect();
        Policy { own_uid: OWN, socket_gid: Some(GROUP), allow }
    }

    fn admin_level(uid: u32, groups: &[u32], policy: &Policy) -> Option<Level> {
        Caller::for_tests(SocketKind::Admin, uid, 1000, groups).level(policy)
    }

    #[test]
    fn the_highest_of_several_entries_counts() {
        let policy = policy(&[
            (Level::Write, Who::Uid(1000)),
            (Level::Read, Who::Uid(1000)),
            (Level::Verify, Who::Gid(70)),
            (Level::Admin, Who::Gid(71)),
        ]);
        assert_eq!(admin_level(1000, &[], &policy), Some(Level::Write));
        assert_eq!(admin_level(1001, &[70], &policy), Some(Level::Verify));
        assert_eq!(admin_level(1000, &[70, 71], &policy), Some(Level::Admin));
        assert_eq!(admin_level(1001, &[], &policy), None);
    }

    #[test]
    fn an_entry_for_the_socket_group_replaces_its_default() {
        let lowered = policy(&[(Level::Read, Who::Gid(GROUP))]);
        assert_eq!(admin_level(1000, &[GROUP], &lowered), Some(Level::Read));
        let uid_entry = policy(&[(Level::Read, Who::Uid(GROUP))]);
        assert_eq!(admin_level(1000, &[GROUP], &uid_entry), Some(Level::Admin));
    }

    #[test]
    fn an_entry_never_lowers_root_or_the_own_user() {
        let policy = policy(&[(Level::Verify, Who::Uid(0)), (Level::Verify, Who::Uid(OWN))]);
        assert_eq!(admin_level(0, &[], &policy), Some(Level::Admin));
        assert_eq!(admin_level(OWN, &[], &policy), Some(Level::Admin));
    }

    #[test]
    fn the_overflow_uid_is_refused_whatever_names_it() {
        let mut policy = policy(&[
            (Level::Admin, Who::Uid(65_534)),
            (Level::Admin, Who::Uid(u32::MAX)),
            (Level::Admin, Who::Gid(1000)),
        ]);
        policy.own_uid = 65_534;
        assert_eq!(admin_level(65_534, &[GROUP], &policy), None);
        assert_eq!(admin_level(u32::MAX, &[GROUP], &policy), None);
    }

    #[test]
    fn without_a_socket_group_membership_means_nothing() {
        let policy = Policy { own_uid: OWN, socket_gid: None, allow: Vec::new() };
        assert_eq!(admin_level(1000, &[GROUP], &policy), None);
    }

    #[test]
    fn the_auth_socket_knows_one_level_and_no_owner() {
        let policy = policy(&[(Level::Admin, Who::Uid(1000))]);
        for uid in [0, OWN, 1000, 1001, 65_534] {
            let caller = Caller::for_tests(SocketKind::Auth, uid, GROUP, &[]);
            assert_eq!(caller.level(&policy), Some(Level::Verify));
            assert!(!caller.is_root_or_self(&policy));
        }
        assert!(Caller::for_tests(SocketKind::Admin, OWN, 1, &[]).is_root_or_self(&policy));
        assert!(!Caller::for_tests(SocketKind::Admin, 1, GROUP, &[]).is_root_or_self(&policy));
    }
}
