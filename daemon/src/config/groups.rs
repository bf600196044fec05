//! The groups that the system knows.
//!
//! A static binary reads the file alone. Others ask whatever the system is set up to ask, through
//! plug-ins that fit the C library of that system: one of another version crashes with them.

use std::fs;
use std::io::{self, ErrorKind};

use nix::unistd::{Gid, Group};

/// `group(5)`.
const FILE: &str = "/etc/group";

const ALONE: bool = cfg!(target_feature = "crt-static");

/// The gid of the group of that name; `None` where there is none.
///
/// # Errors
/// The system cannot be asked.
pub(super) fn gid_of(name: &str) -> io::Result<Option<u32>> {
    if ALONE {
        return Ok(entries(&file()?).find(|entry| entry.0 == name).map(|entry| entry.1));
    }
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

/// The name of the group with that gid; `None` where it has none.
///
/// # Errors
/// As [`gid_of`].
pub(super) fn name_of(gid: u32) -> io::Result<Option<String>> {
    if ALONE {
        return Ok(entries(&file()?).find(|entry| entry.1 == gid).map(|entry| entry.0.to_owned()));
    }
    Ok(Group::from_gid(Gid::from_raw(gid))?.map(|group| group.name))
}

/// Nothing where the file is missing, as in an image that has binaries only.
fn file() -> io::Result<String> {
    match fs::read(FILE) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Name and gid of each line that has both.
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
    fn the_file_and_the_system_agree_on_root() {
        assert_eq!(gid_of("root").unwrap(), Some(0));
        assert_eq!(name_of(0).unwrap().as_deref(), Some("root"));
        assert!(entries(&file().unwrap()).any(|entry| entry == ("root", 0)));
        assert_eq!(gid_of("no such group").unwrap(), None);
    }
}
