//! Names of users and groups, or their numbers where the system knows none.
//!
//! A static binary reads the files alone: the plug-ins that others ask fit another C library.

use std::fs;

use nix::unistd::{Gid, Group, Uid, User};

const ALONE: bool = cfg!(target_feature = "crt-static");

/// The name of a uid, or its number.
#[must_use]
pub fn user_name(uid: u32) -> String {
    let name = if ALONE {
        in_file("/etc/passwd", uid)
    } else {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
    };
    name.unwrap_or_else(|| uid.to_string())
}

/// The name of a gid, or its number.
#[must_use]
pub fn group_name(gid: u32) -> String {
    let name = if ALONE {
        in_file("/etc/group", gid)
    } else {
        Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name)
    };
    name.unwrap_or_else(|| gid.to_string())
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
    fn files_and_system_agree_on_root_and_strangers() {
        assert_eq!((user_name(0).as_str(), group_name(0).as_str()), ("root", "root"));
        assert_eq!(in_file("/etc/passwd", 0).as_deref(), Some("root"));
        assert_eq!(in_file("/etc/group", 0).as_deref(), Some("root"));
        assert_eq!((user_name(3_999_999_999), in_file("/nowhere", 0)), ("3999999999".into(), None));
    }
}
