//! Whose the socket is, for somebody who may not use it.

use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::unistd::geteuid;

use super::{names, shown};

/// Owner, group and mode of the socket, or of the nearest directory above it that can be seen, and
/// what to do.
pub(super) fn explain(socket: &Path) -> String {
    let nearest = socket
        .ancestors()
        .map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path })
        .find_map(|path| fs::metadata(path).ok().map(|found| (path, found)));
    let Some((path, found)) = nearest else {
        return format!(
            "no permission on {}; {}",
            shown(socket),
            advice(None, geteuid().is_root())
        );
    };
    let kind = if found.file_type().is_socket() { "the socket" } else { "its directory" };
    format!(
        "no permission on {}: {kind} {} belongs to {}, group {}, mode {:04o}; {}",
        shown(socket),
        shown(path),
        user(found.uid()),
        group(found.gid()),
        found.mode() & 0o7777,
        advice(Some(&found), geteuid().is_root()),
    )
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

    #[test]
    fn the_socket_itself_is_described_where_it_can_be_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
        let text = explain(&path);
        let uid = fs::metadata(&path).unwrap().uid();
        for part in [path.to_str().unwrap(), "the socket", "mode 0660", &format!("({uid})")] {
            assert!(text.contains(part), "{text}");
        }
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
