//! Sockets, the database's file, backups: which user owns them and who else has access.

use std::path::Path;

use photoprism_protocol::doctor::Check;

use super::DaemonState;
use crate::store::{Db, backups_refused, own_tables_file};
use crate::system::{Seen, is_writable, open_ancestor, other_path};

/// The sockets and their directories.
pub(super) fn sockets(daemon: &DaemonState) -> Vec<Check> {
    let mut checks = vec![
        socket("admin socket", &daemon.admin, daemon, daemon.admin_gid),
        path("admin socket directory", &daemon.admin, daemon.uid),
    ];
    if let Some(auth) = &daemon.auth {
        // Whichever group it has is the one that may connect.
        let gid = Seen::at(auth).ok().map(|seen| seen.gid);
        checks.push(socket("auth socket", auth, daemon, gid));
        checks.push(path("auth socket directory", auth, daemon.uid));
    }
    checks
}

fn socket(name: &str, path: &Path, daemon: &DaemonState, gid: Option<u32>) -> Check {
    match Seen::at(path) {
        Ok(seen) => {
            let found = format!("{}, {}", path.display(), seen.shown());
            Check::from_advice(name, found, socket_advice(path, seen, daemon.uid, gid))
        }
        Err(error) => Check::bad(
            name,
            format!("{}: {error}", path.display()),
            "somebody removed it: restart photoprismd, or the unit of systemd that created it",
        ),
    }
}

fn socket_advice(path: &Path, seen: Seen, uid: u32, gid: Option<u32>) -> Option<String> {
    let path = path.display();
    if !seen.is_socket {
        return Some(format!("this is not a socket: remove {path} and restart photoprismd"));
    }
    if seen.uid != 0 && seen.uid != uid {
        return Some("somebody else put it there: restart photoprismd".into());
    }
    if seen.mode & 0o007 != 0 {
        return Some(format!("everybody may connect: chmod o-rwx {path}"));
    }
    if seen.mode & 0o070 != 0 && gid != Some(seen.gid) {
        return Some(format!(
            "a group may connect that is not the configured one: chmod 600 {path}"
        ));
    }
    None
}

fn path(name: &str, socket: &Path, uid: u32) -> Check {
    let path = socket.parent().unwrap_or(Path::new("/"));
    match Seen::through(path) {
        Ok(seen) => {
            let found = format!("{}, {}", path.display(), seen.shown());
            Check::from_advice(name, found, path_advice(path, seen, uid))
        }
        Err(error) => Check::bad(
            name,
            format!("{}: {error}", path.display()),
            "make it again and restart photoprismd",
        ),
    }
}

/// In a directory that others may write, the socket's own group included, they can replace the
/// socket.
fn path_advice(path: &Path, seen: Seen, uid: u32) -> Option<String> {
    let path = path.display();
    if seen.uid != 0 && seen.uid != uid {
        return Some(format!("its owner can replace the socket: chown {uid} {path}"));
    }
    if seen.mode & 0o002 != 0 {
        return Some(format!("everybody can replace the socket: chmod o-w {path}"));
    }
    if seen.mode & 0o020 != 0 {
        return Some(format!("its group can replace the socket: chmod g-w {path}"));
    }
    None
}

/// The database's file, where there is one: only its metadata is read.
pub(super) fn database(daemon: &DaemonState) -> Option<Check> {
    let path = Path::new(&daemon.name);
    let seen = Seen::through(path).ok()?;
    let found = format!("{}, {}, {} bytes", path.display(), seen.shown(), seen.length);
    let advice = database_advice(daemon, seen).or_else(|| other_path(path).map(Into::into));
    Some(Check::from_advice("database file", found, advice))
}

fn database_advice(
    DaemonState { database, own, uid, .. }: &DaemonState,
    seen: Seen,
) -> Option<String> {
    let path = database.display();
    // PhotoPrism chose owner and mode of its own file, and uses it too.
    if *own && seen.uid != *uid {
        return Some(format!("it belongs to somebody else: chown {uid} {path}"));
    }
    if *own && seen.mode & 0o077 != 0 {
        return Some(format!("it holds password hashes and others may read it: chmod 600 {path}"));
    }
    (seen.mode & 0o002 != 0).then(|| format!("everybody may change it: chmod o-w {path}"))
}

/// The directory of an own database: any user that may write in it can replace the database.
pub(super) fn database_directory(daemon: &DaemonState) -> Option<Check> {
    let directory = daemon.database.parent().filter(|_| daemon.own)?;
    let seen = Seen::through(directory).ok()?;
    let found = format!("{}, {}", directory.display(), seen.shown());
    let advice = directory_advice(directory, seen, daemon.uid);
    Some(Check::from_advice("database directory", found, advice))
}

fn directory_advice(directory: &Path, seen: Seen, uid: u32) -> Option<String> {
    let path = directory.display();
    if seen.uid != 0 && seen.uid != uid {
        return Some(format!("its owner can replace the database: chown {uid} {path}"));
    }
    let writers = match seen.mode & 0o022 {
        0 => {
            let above = open_ancestor(directory)?;
            let above = above.display();
            return Some(format!("everybody can move it away: chmod o-w {above}, or chmod +t"));
        }
        0o020 => "its group",
        _ => "everybody",
    };
    Some(format!("{writers} can replace the database: chmod go-w {path}"))
}

/// The file next to PhotoPrism's, which the first write creates.
pub(super) fn own_tables(db: &Db, daemon: &DaemonState) -> Option<Check> {
    let path = own_tables_file(db)?;
    let Ok(seen) = Seen::at(&path) else {
        return Some(Check::ok("own tables", format!("{}, not made yet", path.display())));
    };
    let found = format!("{}, {}, {} bytes", path.display(), seen.shown(), seen.length);
    let owner = Seen::through(&daemon.database).map_or(daemon.uid, |seen| seen.uid);
    Some(Check::from_advice("own tables", found, own_tables_advice(&path, seen, daemon.uid, owner)))
}

/// It may belong to the daemon's user or to PhotoPrism's, who runs the daemon the next time.
fn own_tables_advice(path: &Path, seen: Seen, uid: u32, owner: u32) -> Option<String> {
    let path = path.display();
    if seen.uid != uid && seen.uid != owner {
        return Some(format!("it belongs to somebody else: chown {owner} {path}"));
    }
    (seen.mode & 0o077 != 0)
        .then(|| format!("it holds the audit trail and others may read it: chmod 600 {path}"))
}

/// The directory of backups, which the first backup creates.
pub(super) fn backups(daemon: &DaemonState) -> Option<Check> {
    let directory = &daemon.backups;
    let parent = directory.parent()?;
    let path = directory.display();
    let Ok(seen) = Seen::at(directory) else {
        let found = format!("{path}, not made yet");
        let advice = (!is_writable(parent)).then(|| {
            format!("it could not be made: let uid {} write in {}", daemon.uid, parent.display())
        });
        return Some(Check::from_advice("backups", found, advice));
    };
    let advice = if let Some(refused) = backups_refused(directory, seen, daemon.uid) {
        Some(refused)
    } else if seen.mode & 0o077 != 0 {
        Some(format!("backups hold password hashes and others may read them: chmod 700 {path}"))
    } else if is_writable(directory) {
        None
    } else {
        Some(format!("no backup can be written: let uid {} write in {path}", daemon.uid))
    };
    Some(Check::from_advice("backups", format!("{path}, {}", seen.shown()), advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN_UID: u32 = 1000;
    const GROUP: u32 = 2000;

    const fn seen(mode: u32, is_socket: bool) -> Seen {
        let is_directory = !is_socket;
        Seen { is_socket, is_link: false, is_directory, uid: OWN_UID, gid: GROUP, mode, length: 0 }
    }

    fn of_socket(seen: Seen, gid: Option<u32>) -> String {
        socket_advice(Path::new("/run/a.sock"), seen, OWN_UID, gid).unwrap_or_default()
    }

    fn of_directory(seen: Seen) -> String {
        path_advice(Path::new("/run"), seen, OWN_UID).unwrap_or_default()
    }

    #[test]
    fn a_socket_is_for_its_owner_and_its_group() {
        assert_eq!(of_socket(seen(0o600, true), None), "");
        assert_eq!(of_socket(seen(0o660, true), Some(GROUP)), "");
        assert_eq!(of_socket(Seen { uid: 0, ..seen(0o660, true) }, Some(GROUP)), "");
        for (seen, gid, part) in [
            (seen(0o666, true), Some(GROUP), "chmod o-rwx /run/a.sock"),
            (seen(0o660, true), None, "chmod 600 /run/a.sock"),
            (seen(0o660, true), Some(GROUP + 1), "chmod 600 /run/a.sock"),
            (Seen { uid: OWN_UID + 1, ..seen(0o600, true) }, None, "restart"),
            (seen(0o600, false), None, "not a socket"),
        ] {
            assert!(of_socket(seen, gid).contains(part), "{seen:?}");
        }
    }

    #[test]
    fn a_directory_that_others_may_write_is_reported() {
        assert_eq!(of_directory(seen(0o755, false)), "");
        for (seen, part) in [
            (seen(0o757, false), "chmod o-w /run"),
            (seen(0o1777, false), "chmod o-w /run"),
            (seen(0o770, false), "chmod g-w /run"),
            (Seen { uid: OWN_UID + 1, ..seen(0o700, false) }, "chown 1000 /run"),
        ] {
            assert!(of_directory(seen).contains(part), "{seen:?}");
        }
    }

    fn daemon(path: &str, own: bool) -> DaemonState {
        DaemonState {
            periodic: None,
            photoprism: Vec::new(),
            clock: jiff::Timestamp::UNIX_EPOCH,
            clock_state: crate::clock::ClockState::Right,
            database: path.into(),
            backups: Path::new(path).with_file_name("backups"),
            server: None,
            name: path.into(),
            own,
            admin: "/run/a.sock".into(),
            admin_gid: None,
            auth: None,
            uid: OWN_UID,
            connections: 1,
            trail: None,
            pages: None,
        }
    }

    #[test]
    fn the_file_next_to_photoprism_s_is_for_its_owner() {
        let advice = |seen| {
            own_tables_advice(Path::new("/data/photoprism-admin.db"), seen, 0, OWN_UID)
                .unwrap_or_default()
        };
        assert_eq!(advice(seen(0o600, false)), "");
        assert_eq!(advice(Seen { uid: 0, ..seen(0o600, false) }), "");
        assert!(advice(seen(0o640, false)).contains("chmod 600 /data/photoprism-admin.db"));
        let other = Seen { uid: 7, ..seen(0o600, false) };
        assert!(advice(other).contains("chown 1000 /data/photoprism-admin.db"));
    }

    #[test]
    fn an_own_database_is_nobody_elses_and_photoprisms_is_its_own() {
        let advice = |own, seen| {
            database_advice(&daemon("/data/photos.sqlite", own), seen).unwrap_or_default()
        };
        assert_eq!(advice(true, seen(0o600, false)), "");
        assert!(advice(true, seen(0o640, false)).contains("chmod 600 /data/photos.sqlite"));
        let other = Seen { uid: 7, ..seen(0o600, false) };
        assert!(advice(true, other).contains("chown 1000 /data/photos.sqlite"));
        assert_eq!(advice(false, Seen { uid: 7, ..seen(0o644, false) }), "");
        assert!(advice(false, seen(0o666, false)).contains("chmod o-w"));
    }

    #[test]
    fn a_directory_in_which_an_own_database_can_be_replaced_is_reported() {
        let advice = |seen| directory_advice(Path::new("/data"), seen, OWN_UID).unwrap_or_default();
        assert_eq!(advice(seen(0o755, false)), "");
        assert_eq!(advice(Seen { uid: 0, ..seen(0o755, false) }), "");
        for (seen, part) in [
            (seen(0o775, false), "its group can replace"),
            (seen(0o757, false), "everybody can replace"),
            (seen(0o1777, false), "chmod go-w /data"),
            (Seen { uid: OWN_UID + 1, ..seen(0o700, false) }, "chown 1000 /data"),
        ] {
            assert!(advice(seen).contains(part), "{seen:?}");
        }
    }
}
