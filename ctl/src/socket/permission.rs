//! Whose the socket is, for somebody who may not use it.

use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::unistd::{Gid, getegid, geteuid, getgroups};

use super::{names, shown};

/// Owner, group and mode of the socket, or of the nearest directory above it that can be seen, and
/// what to do.
pub(super) fn explain(socket: &Path) -> String {
    if let Some(found) = fs::metadata(socket).ok().filter(|file| allows(file, &Person::current())) {
        return format!(
            "no permission on {}, although {}, group {}, mode {:04o} let you in: a security module \
             (SELinux, AppArmor) denies it, see `journalctl -k`; mount the directory with `:z`, or \
             extend this program's profile",
            shown(socket),
            user(found.uid()),
            group(found.gid()),
            found.mode() & 0o7777,
        );
    }
    let Some((path, found)) = nearest(socket) else {
        return format!("no permission on {}; {}", shown(socket), what_to_do(socket));
    };
    let kind = if found.file_type().is_socket() { "the socket" } else { "its directory" };
    format!(
        "no permission on {}: {kind} {} belongs to {}, group {}, mode {:04o}; {}",
        shown(socket),
        shown(path),
        user(found.uid()),
        group(found.gid()),
        found.mode() & 0o7777,
        what_to_do(socket),
    )
}

/// How somebody gets through who is denied now.
pub(super) fn what_to_do(socket: &Path) -> String {
    advice(nearest(socket).map(|(_, found)| found).as_ref(), geteuid().is_root())
}

/// The socket, or the nearest directory above it that can be seen.
fn nearest(socket: &Path) -> Option<(&Path, Metadata)> {
    socket
        .ancestors()
        .map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path })
        .find_map(|path| fs::metadata(path).ok().map(|found| (path, found)))
}

/// Who asks, as the kernel sees it.
struct Person {
    uid: u32,
    groups: Vec<u32>,
    /// Root with the capability to pass every mode.
    overrides: bool,
}

impl Person {
    fn current() -> Self {
        let mut groups = vec![getegid().as_raw()];
        groups.extend(getgroups().unwrap_or_default().into_iter().map(Gid::as_raw));
        Self { uid: geteuid().as_raw(), groups, overrides: has_override() }
    }
}

/// Whether owner, group and mode of a socket let somebody connect, who has to write to it. The
/// directories above it do, since the file was found.
fn allows(file: &Metadata, person: &Person) -> bool {
    let bit = if file.uid() == person.uid {
        0o200
    } else if person.groups.contains(&file.gid()) {
        0o020
    } else {
        0o002
    };
    file.file_type().is_socket() && (person.overrides || file.mode() & bit != 0)
}

/// Whether this process has `CAP_DAC_OVERRIDE`, the capability with the number 1.
fn has_override() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    // The last of the hexadecimal digits has the lowest bits.
    let last = effective.and_then(|hex| hex.chars().last()).and_then(|digit| digit.to_digit(16));
    last.is_some_and(|bits| bits & 2 != 0)
}

fn advice(found: Option<&Metadata>, root: bool) -> String {
    // The owner needs no capability, which root in a container may lack.
    let owner = found.map_or(0, MetadataExt::uid);
    let inside = format!("`docker compose exec -u {owner} …`");
    if root {
        return format!("this root has no capability to pass; run it as the owner: {inside}");
    }
    // Without rights of the group, or with the group root, there is none that one should join.
    let joinable = found.filter(|file| file.mode() & 0o030 != 0 && file.gid() != 0);
    let join = joinable.map_or_else(String::new, |file| {
        format!(", or join the group (`usermod -aG {} USER`, then log in again)", group_name(file))
    });
    format!("run this as root or with sudo{join}; in a container as the owner: {inside}")
}

pub(super) fn user(uid: u32) -> String {
    match names::user(uid) {
        Some(name) => format!("{name} ({uid})"),
        None => uid.to_string(),
    }
}

pub(super) fn group(gid: u32) -> String {
    match names::group(gid) {
        Some(name) => format!("{name} ({gid})"),
        None => gid.to_string(),
    }
}

fn group_name(file: &Metadata) -> String {
    names::group(file.gid()).unwrap_or_else(|| file.gid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn socket(directory: &tempfile::TempDir, mode: u32) -> std::path::PathBuf {
        let path = directory.path().join("admin.sock");
        let _ = fs::remove_file(&path);
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_mode_of_the_first_that_fits_counts() {
        let directory = tempfile::tempdir().unwrap();
        let found = |mode| fs::metadata(socket(&directory, mode)).unwrap();
        let (uid, gid) = (found(0o600).uid(), found(0o600).gid());
        let person = |uid, groups: &[u32]| Person { uid, groups: groups.into(), overrides: false };
        let (owner, member) = (person(uid, &[]), person(uid + 1, &[gid + 1, gid]));
        let other = person(uid + 1, &[gid + 1]);
        for (mode, expected) in [
            (0o600, [true, false, false]),
            (0o660, [true, true, false]),
            (0o666, [true, true, true]),
            (0o066, [false, true, true]),
            (0o640, [true, false, false]),
            (0o006, [false, false, true]),
        ] {
            let seen = [&owner, &member, &other].map(|who| allows(&found(mode), who));
            assert_eq!(seen, expected, "{mode:o}");
        }
        assert!(allows(&found(0), &Person { overrides: true, ..other }));
        assert!(!allows(&fs::metadata(directory.path()).unwrap(), &owner), "not a socket");
    }

    #[test]
    fn where_the_mode_lets_one_in_a_security_module_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let text = explain(&socket(&directory, 0o660));
        for part in ["SELinux", "AppArmor", ":z", "profile", "mode 0660"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("sudo") && !text.contains("usermod"), "{text}");
    }

    #[test]
    fn else_the_nearest_directory_is() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o750)).unwrap();
        let text = explain(&directory.path().join("hidden/admin.sock"));
        let part = format!("its directory {} belongs to", directory.path().display());
        assert!(text.contains(&part) && text.contains("mode 0750"), "{text}");
    }

    #[test]
    fn root_is_sent_to_the_owner_and_others_to_root() {
        let directory = tempfile::tempdir().unwrap();
        let found = fs::metadata(directory.path()).unwrap();
        let inside = format!("`docker compose exec -u {} …`", found.uid());
        let [root, other] = [true, false].map(|root| advice(Some(&found), root));
        assert!(root.contains("no capability") && root.ends_with(&inside), "{root}");
        assert!(other.contains("as root or with sudo") && other.ends_with(&inside), "{other}");
        assert!(advice(None, false).ends_with("exec -u 0 …`"));
    }
}
