//! Which paths a socket can have.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::SocketError;

/// Longest path of a socket in bytes: `sun_path` has 108 with its NUL (unix(7)).
pub(super) const LONGEST: usize = 107;

/// Checks that `path` can be bound, without touching anything.
///
/// # Errors
/// [`SocketError::Path`]: empty, longer than 107 bytes, abstract, or not naming a file.
pub fn check_path(path: &Path) -> Result<(), SocketError> {
    match fault(path) {
        Some(fault) => Err(SocketError::Path { path: path.to_owned(), fault }),
        None => Ok(()),
    }
}

fn fault(path: &Path) -> Option<&'static str> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        Some("it is empty")
    } else if bytes.starts_with(b"@") || bytes.starts_with(b"\0") {
        Some("abstract sockets have no owner and no mode, give the path of a file")
    } else if bytes.contains(&0) {
        Some("it holds a NUL")
    } else if bytes.len() > LONGEST {
        Some("it is longer than 107 bytes, the most that a socket can have")
    } else if bytes.ends_with(b"/") || bytes.ends_with(b"/.") || path.file_name().is_none() {
        Some("it names a directory, not a file")
    } else {
        None
    }
}

/// The directory of `path`; the current one for a bare name.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Checks that the auth socket can be shared without sharing the admin socket: neither directory
/// is, contains or is inside the other, symlinks followed as far as the directories exist.
pub fn check_apart(admin: &Path, auth: &Path) -> Result<(), SocketError> {
    let (admin, auth) = (resolved(directory_of(admin)), resolved(directory_of(auth)));
    if admin.starts_with(&auth) || auth.starts_with(&admin) {
        return Err(SocketError::NotApart { admin, auth });
    }
    Ok(())
}

/// The directory with symlinks followed; what does not exist yet stays as written.
fn resolved(directory: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let mut rest = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    loop {
        if let Ok(real) = rest.canonicalize() {
            return missing.iter().rev().fold(real, append);
        }
        match rest.components().next_back() {
            Some(last) => missing.push(last.as_os_str().to_owned()),
            None => return directory.to_owned(),
        }
        if !rest.pop() {
            return directory.to_owned();
        }
    }
}

/// Appends a component; where nothing exists yet, `..` removes the last one.
fn append(mut path: PathBuf, name: &OsString) -> PathBuf {
    if name == ".." {
        path.pop();
    } else {
        path.push(name);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(path: &str) -> Option<String> {
        check_path(Path::new(path)).err().map(|error| error.to_string())
    }

    #[test]
    fn the_limit_is_107_bytes() {
        let of_length = |length: usize| format!("/{}", "s".repeat(length - 1));
        assert_eq!(message(&of_length(107)), None);
        assert!(
            message(&of_length(108))
                .unwrap()
                .ends_with(": it is longer than 107 bytes, the most that a socket can have")
        );
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for path in ["", "/", "/run/", "/run/.", "/run/..", "@photoprism", "\0photoprism", "/a\0b"]
        {
            let error = check_path(Path::new(path)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{path}");
        }
        assert!(message("@photoprism").unwrap().contains("abstract"));
        assert_eq!(message("admin.sock"), None);
        assert_eq!(message("/run/photoprism/admin.sock"), None);
    }

    #[test]
    fn a_bare_name_is_in_the_current_directory() {
        assert_eq!(directory_of(Path::new("admin.sock")), Path::new("."));
        assert_eq!(directory_of(Path::new("/run/a/b.sock")), Path::new("/run/a"));
    }

    #[test]
    fn the_two_directories_keep_apart() {
        let apart = |admin: &str, auth: &str| check_apart(admin.as_ref(), auth.as_ref()).is_ok();
        assert!(apart("/nowhere/a/admin.sock", "/nowhere/b/auth.sock"));
        assert!(apart("/nowhere/photoprism/admin.sock", "/nowhere/photoprism-auth/auth.sock"));
        assert!(!apart("/nowhere/a/admin.sock", "/nowhere/a/auth.sock"));
        assert!(!apart("/nowhere/a/admin.sock", "/nowhere/a/b/auth.sock"));
        assert!(!apart("/nowhere/a/admin.sock", "/nowhere/auth.sock"));
        assert!(!apart("/nowhere/a/admin.sock", "/nowhere/b/../a/auth.sock"));
    }

    #[test]
    fn a_symlink_does_not_keep_them_apart() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.path().join("other")).unwrap();
        let (admin, auth) = (root.path().join("real/a.sock"), root.path().join("other/b.sock"));
        let error = check_apart(&admin, &auth).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(check_apart(&admin, &root.path().join("other/deeper/b.sock")).is_err());
    }
}
