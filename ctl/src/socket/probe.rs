//! The places where a socket could be, as they are seen from here.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use photoprism_protocol::doctor::Check;

use super::permission::{self, group, user};
use super::{START, SocketChoice, shown};

/// The name of these checks.
const NAME: &str = "socket path";

impl SocketChoice {
    /// What is at each path, in the order in which they are tried.
    pub(crate) fn probe(&self) -> Vec<Check> {
        let passed = |path: &std::path::PathBuf| {
            Check::ok(NAME, format!("{}, not there: the next is tried", shown(path)))
        };
        let mut checks: Vec<Check> = self.missing.iter().map(passed).collect();
        checks.push(at(&self.path));
        checks
    }
}

fn at(path: &Path) -> Check {
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            Check::ok(NAME, format!("{}, {}", shown(path), owned(&found)))
        }
        Ok(_) => Check::bad(
            NAME,
            format!("{} is not a socket", shown(path)),
            "name the socket with --socket or PHOTOPRISM_ADMIN_SOCKET",
        ),
        Err(error) => {
            let found = format!("{}: {error}{}", shown(path), above(path));
            // Whether a daemon runs cannot be seen through a directory that is closed.
            match error.kind() {
                ErrorKind::PermissionDenied => {
                    Check::bad(NAME, found, permission::what_to_do(path))
                }
                _ => Check::bad(NAME, found, START),
            }
        }
    }
}

/// The nearest directory above that is there: who may enter it.
fn above(path: &Path) -> String {
    let seen =
        |directory: &Path| fs::metadata(directory).ok().map(|found| (shown(directory), found));
    let nearest = path.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
    nearest.into_iter().find_map(seen).map_or_else(String::new, |(directory, found)| {
        format!("; the directory {directory} is there, {}", owned(&found))
    })
}

fn owned(found: &fs::Metadata) -> String {
    let (user, group) = (user(found.uid()), group(found.gid()));
    format!("mode {:04o}, owner {user}, group {group}", found.mode() & 0o7777)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    fn probed(path: &Path, missing: &[&str]) -> Vec<Check> {
        let missing = missing.iter().map(PathBuf::from).collect();
        SocketChoice { path: path.into(), missing }.probe()
    }

    #[test]
    fn each_path_is_reported_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let path = directory.path().join("admin.sock");
        let checks = probed(&path, &["/nowhere/a"]);
        assert_eq!(checks[0], Check::ok(NAME, "/nowhere/a, not there: the next is tried"));
        let (found, directory) = (&checks[1].found, directory.path().display().to_string());
        assert!(
            !checks[1].ok
                && found.contains(&format!("the directory {directory} is there, mode 0700"))
        );
        assert!(checks[1].advice.as_ref().unwrap().contains("systemctl start"));

        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let checks = probed(&path, &[]);
        assert!(checks[0].ok && checks[0].found.contains("owner "), "{checks:?}");
    }

    #[test]
    fn a_file_in_the_place_of_a_socket_is_reported() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let checks = probed(file.path(), &[]);
        assert!(!checks[0].ok && checks[0].found.ends_with("is not a socket"), "{checks:?}");
    }
}
