//! Names of users and groups.
//!
//! A static binary reads only the files. Others use the sources that the system is configured for,
//! through plug-ins that fit the C library of that system: a C library of another version crashes
//! with them.

use std::fs;
use std::io::{self, ErrorKind};

use nix::unistd::{Gid, Group, Uid, User};

/// `passwd(5)`.
const USERS: &str = "/etc/passwd";

/// `group(5)`.
const GROUPS: &str = "/etc/group";

const ALONE: bool = cfg!(target_feature = "crt-static");

/// The gid of the group of that name; `None` where there is none.
pub(crate) fn gid_of(name: &str) -> io::Result<Option<u32>> {
    if ALONE {
        let text = file(GROUPS)?;
        return Ok(entries(&text).find(|entry| entry.0 == name).map(|entry| entry.1));
    }
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

/// The name of the group with that gid; `None` where it has none.
pub(crate) fn known_group(gid: u32) -> io::Result<Option<String>> {
    if ALONE {
        return in_file(GROUPS, gid);
    }
    Ok(Group::from_gid(Gid::from_raw(gid))?.map(|group| group.name))
}

/// The name of a gid, or its number.
pub(crate) fn group_name(gid: u32) -> String {
    known_group(gid).ok().flatten().unwrap_or_else(|| gid.to_string())
}

/// The name of a uid, or its number.
pub(crate) fn user_name(uid: u32) -> String {
    let name = if ALONE {
        in_file(USERS, uid)
    } else {
        User::from_uid(Uid::from_raw(uid))
            .map(|user| user.map(|user| user.name))
            .map_err(Into::into)
    };
    name.ok().flatten().unwrap_or_else(|| uid.to_string())
}

fn in_file(path: &str, id: u32) -> io::Result<Option<String>> {
    let text = file(path)?;
    Ok(entries(&text).find(|entry| entry.1 == id).map(|entry| entry.0.to_owned()))
}

/// Empty where the file is missing, as in an image that contains only binaries.
fn file(path: &str) -> io::Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Name and number of each line that has both: in both files the first and the third field.
fn entries(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        Some((fields.next()?, fields.nth(1)?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_name_and_number_are_passed_over() {
        let text = "root:x:0:\n\n# no\nusers:x:100:a,b\nodd:x:-1:\nshort:x\nlast:x:65535";
        let found: Vec<_> = entries(text).collect();
        assert_eq!(found, [("root", 0), ("users", 100), ("last", 65535)]);
    }

    #[test]
    fn the_files_and_the_system_agree_on_root_and_strangers() {
        assert_eq!(gid_of("root").unwrap(), Some(0));
        assert_eq!(gid_of("no such group").unwrap(), None);
        assert_eq!((user_name(0).as_str(), group_name(0).as_str()), ("root", "root"));
        assert_eq!(known_group(0).unwrap(), in_file(GROUPS, 0).unwrap());
        assert_eq!(in_file(USERS, 0).unwrap().as_deref(), Some("root"));
        assert_eq!(user_name(3_999_999_999), "3999999999");
        assert_eq!(in_file("/nowhere", 0).unwrap(), None);
    }
}
