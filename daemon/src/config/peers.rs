//! Groups of the sockets, and the rights of peers on the admin socket.

use std::fmt;

use photoprism_protocol::level::Level;

use super::values::quoted;
use crate::system::{gid_of, known_group};

/// The id that the kernel shows for one that it cannot map (`/proc/sys/kernel/overflowuid`): any
/// user may be behind it.
pub(crate) const OVERFLOW_ID: u32 = 65534;

/// A group that the system knows, or a bare gid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketGroup {
    /// Its name; the number as text where it has none.
    pub name: String,
    /// Its gid, never [`OVERFLOW_ID`].
    pub gid: u32,
}

impl fmt::Display for SocketGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gid = self.gid.to_string();
        if self.name == gid { f.write_str(&gid) } else { write!(f, "{} ({gid})", self.name) }
    }
}

impl SocketGroup {
    /// Finds a group, by name first and then by number.
    pub(crate) fn find(text: &str) -> Result<Self, String> {
        let failed =
            |error: std::io::Error| format!("group {} cannot be looked up: {error}", quoted(text));
        let named = gid_of(text).map_err(failed)?;
        let group = match (named, id_of(text)) {
            (Some(gid), _) => Self { name: text.to_owned(), gid },
            (None, Some(gid)) => {
                let name = known_group(gid).map_err(failed)?;
                Self { name: name.unwrap_or_else(|| gid.to_string()), gid }
            }
            (None, None) => {
                return Err(format!(
                    "there is no group {}; create it (groupadd) or name another",
                    quoted(text)
                ));
            }
        };
        if is_overflow(group.gid) {
            return Err(format!(
                "group {group} stands for groups that are not known, so anybody may be in it"
            ));
        }
        Ok(group)
    }
}

/// The peers that an entry of `--allow` applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Uid(u32),
    /// The members of a group.
    Gid(u32),
}

/// An entry of `--allow`. The id is never [`OVERFLOW_ID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// What they may do.
    pub level: Level,
    pub peer: Peer,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Peer::Uid(uid) => write!(f, "{}=uid:{uid}", self.level),
            Peer::Gid(gid) => write!(f, "{}=gid:{gid}", self.level),
        }
    }
}

/// Entries separated by commas; blanks around an entry are ignored.
pub(crate) fn parse_allow(text: &str) -> Result<Vec<Allowed>, String> {
    text.split(',').map(|entry| parse_entry(entry.trim())).collect()
}

fn parse_entry(entry: &str) -> Result<Allowed, String> {
    let form = || format!("{} is not LEVEL=uid:N or LEVEL=gid:N", quoted(entry));
    let (level, peer) = entry.split_once('=').ok_or_else(form)?;
    let level: Level = level.parse().map_err(|error| format!("{}: {error}", quoted(entry)))?;
    let (kind, number) = peer.split_once(':').ok_or_else(form)?;
    let id = id_of(number).ok_or_else(form)?;
    if is_overflow(id) {
        return Err(format!("{} is for ids that are not known, so for anybody", quoted(entry)));
    }
    match kind {
        "uid" => Ok(Allowed { level, peer: Peer::Uid(id) }),
        "gid" => Ok(Allowed { level, peer: Peer::Gid(id) }),
        _ => Err(form()),
    }
}

/// A uid or gid; digits alone.
fn id_of(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `u32::MAX` is -1, which means none to the kernel.
const fn is_overflow(id: u32) -> bool {
    id == OVERFLOW_ID || id == u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_name_and_by_number() {
        let root = SocketGroup { name: "root".into(), gid: 0 };
        assert_eq!(SocketGroup::find("root"), Ok(root.clone()));
        assert_eq!(SocketGroup::find("0"), Ok(root.clone()));
        assert_eq!(root.to_string(), "root (0)");
        let bare = SocketGroup::find("3999999999").unwrap();
        assert_eq!((bare.gid, bare.to_string().as_str()), (3_999_999_999, "3999999999"));
    }

    #[test]
    fn unknown_groups_are_refused() {
        for text in ["no-such-group", "\"root\"", "root ", "-1", "+0", "4294967296", "0x0"] {
            assert!(SocketGroup::find(text).unwrap_err().contains("no group"), "{text}");
        }
        for text in ["65534", "4294967295"] {
            assert!(SocketGroup::find(text).unwrap_err().contains("anybody"), "{text}");
        }
    }

    #[test]
    fn entries_of_allow() {
        let entries = parse_allow("verify=uid:0, read=gid:33,write=uid:1000,admin=gid:65533");
        let text: Vec<_> = entries.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(text, ["verify=uid:0", "read=gid:33", "write=uid:1000", "admin=gid:65533"]);
    }

    #[test]
    fn entries_of_another_form_are_refused() {
        for text in [
            "",
            "admin",
            "admin=",
            "admin=1000",
            "admin=uid",
            "admin=uid:",
            "admin=uid:-1",
            "admin=uid:+1",
            "admin=uid:1x",
            "admin=uid:4294967296",
            "admin=user:1",
            "uid:1=admin",
            "admin=uid:1,",
            ",admin=uid:1",
            "admin=uid:1;read=uid:2",
            "admin = uid:1",
        ] {
            assert!(parse_allow(text).is_err(), "{text}");
        }
        assert!(parse_allow("root=uid:1").unwrap_err().contains("verify, read, write or admin"));
        for text in ["read=uid:65534", "read=gid:65534", "read=uid:4294967295"] {
            assert!(parse_allow(text).unwrap_err().contains("anybody"), "{text}");
        }
    }
}
