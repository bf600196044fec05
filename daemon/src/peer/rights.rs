//! A peer's file access rights, for a thread that opens a file on its behalf.

use std::io;
use std::sync::Arc;

use nix::sys::prctl::set_dumpable;
use nix::unistd::{Gid, Uid, geteuid, setfsgid, setfsuid};

use crate::sys;

/// The identity whose file access rights a thread takes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Arc<[u32]>,
    /// Root or the daemon's own user: the daemon's rights are already the peer's.
    pub(super) is_owner: bool,
}

impl Rights {
    /// Names the owner of the rights, for a message to the peer.
    pub fn whose(&self) -> String {
        if self.is_owner {
            return format!("the rights of the daemon (uid {})", geteuid());
        }
        "your rights".into()
    }

    /// Gives the calling thread exactly these rights to files; for a thread that ends after that
    /// work. With a uid other than root's the kernel drops the capabilities that bypass modes and
    /// owners.
    ///
    /// # Errors
    /// Where the daemon may not take on another user's rights, because it is not root.
    pub fn take_on(&self) -> io::Result<()> {
        if self.is_owner {
            return Ok(());
        }
        sys::set_groups_of_thread(&self.groups)?;
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        setfsgid(gid);
        setfsuid(uid);
        // The kernel applies `fs.suid_dumpable` to a process that changes its credentials.
        set_dumpable(false)?;
        // These calls report no error, only the previous id.
        if setfsgid(gid) == gid && setfsuid(uid) == uid {
            return Ok(());
        }
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::thread;

    use super::*;

    fn opened(rights: Rights, path: &std::path::Path) -> bool {
        let path = path.to_owned();
        thread::spawn(move || rights.take_on().is_ok() && File::open(path).is_ok()).join().unwrap()
    }

    #[test]
    fn a_message_says_whose_rights_they_are() {
        let of = |is_owner| Rights { uid: 0, gid: 0, groups: [].into(), is_owner }.whose();
        assert_eq!(of(false), "your rights");
        assert_eq!(of(true), format!("the rights of the daemon (uid {})", geteuid()));
    }

    #[test]
    fn a_thread_opens_what_the_peer_may_read() {
        let directory = tempfile::tempdir().unwrap();
        set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let path = directory.path().join("a.db");
        File::create(&path).unwrap();
        let peer = |groups: &[u32]| Rights {
            uid: 1234,
            gid: 1235,
            groups: groups.into(),
            is_owner: false,
        };
        let owner = Rights { is_owner: true, ..peer(&[]) };
        if !nix::unistd::geteuid().is_root() {
            assert!(!opened(peer(&[]), &path), "nobody else's rights can be taken on");
            return assert!(opened(owner, &path));
        }
        chown(&path, None, Some(1236)).unwrap();
        for (mode, expected) in
            [(0o600, [false, false]), (0o640, [false, true]), (0o644, [true, true])]
        {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let found = [opened(peer(&[]), &path), opened(peer(&[1236]), &path)];
            assert_eq!(found, expected, "{mode:o}");
            assert!(opened(owner.clone(), &path), "{mode:o}");
        }
        // A file that all may read, in a directory that only its owner may enter.
        set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(!opened(peer(&[1236]), &path));
        assert!(File::open(&path).is_ok(), "other threads keep their rights");
    }
}
