//! Names of users and groups, where the system knows one.
//!
//! A static binary reads the files alone. Others ask whatever the system is set up to ask, through
//! plug-ins that fit the C library of that system: one of another version crashes with them.

use std::fs;

use nix::unistd::{Gid, Group, Uid, User};

const ALONE: bool = cfg!(target_feature = "crt-static");

/// The name of the user with that uid.
pub(super) fn user(uid: u32) -> Option<String> {
    if ALONE {
        return in_file("/etc/passwd", uid);
    }
    Some(User::from_uid(Uid::from_raw(uid)).ok()??.name)
}

/// The name of the group with that gid.
pub(super) fn group(gid: u32) -> Option<String> {
    if ALONE {
        return in_file("/etc/group", gid);
    }
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name)
}

/// Both files begin their lines with name, password, and number: `passwd(5)`, `group(5)`.
fn in_file(path: &str, id: u32) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    String::from_utf8_lossy(&bytes).lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_system_agree_on_root() {
        assert_eq!(user(0).as_deref(), Some("root"));
        assert_eq!(group(0).as_deref(), Some("root"));
        assert_eq!(in_file("/etc/passwd", 0), user(0));
        assert_eq!(in_file("/etc/group", 0), group(0));
    }

    #[test]
    fn who_is_unknown_has_no_name() {
        assert_eq!(user(3_999_999_999), None);
        assert_eq!(in_file("/etc/passwd", 3_999_999_999), None);
        assert_eq!(in_file("/nowhere", 0), None);
    }

    #[test]
    fn a_line_is_read_to_its_number_and_others_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        fs::write(&path, "\n# bob\nshort:x\nodd:x:-7:\nbob:x:7:1:Bob:/:\nrob:x:7:").unwrap();
        assert_eq!(in_file(path.to_str().unwrap(), 7).as_deref(), Some("bob"));
    }
}
