//! Names and paths of the files that belong to a database.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// PhotoPrism's own name for its database.
const INDEX: &str = "index.db";

/// The name of the daemon's own file next to PhotoPrism's, whatever that is called.
pub(super) const OWN_TABLES_FILE: &str = "photoprism-admin.db";

/// Links to follow before a path counts as endless, as the kernel does.
const MOST_LINKS: usize = 40;

/// Whether a file has the name of PhotoPrism's database, ignoring case. Such a file is never
/// created: a case-insensitive file system would give it to PhotoPrism.
pub fn is_index(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(INDEX))
}

/// Whether a path has the name of that file, ignoring case.
pub(super) fn is_own_tables(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(OWN_TABLES_FILE))
}

/// The path of the daemon's file for PhotoPrism's file at `main`: next to the file itself, like its
/// journal, and not next to a link to it.
pub(super) fn own_tables_path(main: &Path) -> PathBuf {
    let main = std::fs::canonicalize(main).unwrap_or_else(|_| main.to_owned());
    main.with_file_name(OWN_TABLES_FILE)
}

/// The default directory of the backups of a database, for messages.
pub(super) fn backup_directory(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("/")).join("backups")
}

/// The path with symbolic links resolved; the file need not exist. SQLite puts its journals next to
/// the file itself, whichever link led to it.
pub fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

/// The file that SQLite puts next to the database under that suffix.
pub(super) fn companion(database: &Path, suffix: &str) -> PathBuf {
    let mut name = resolve(database).into_os_string();
    name.push(suffix);
    name.into()
}

/// A path as a URI for SQLite, with parameters.
pub(super) fn file_uri(path: &Path, parameters: &str) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri + "?" + parameters
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_where_the_file_is_missing_too() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir(root.join("disk")).unwrap();
        symlink("disk/admin.db", root.join("link.db")).unwrap();
        symlink(root.join("disk"), root.join("mount")).unwrap();
        let file = root.join("disk/admin.db");
        for path in ["link.db", "mount/admin.db", "disk/admin.db"] {
            assert_eq!(resolve(&root.join(path)), file, "{path}");
        }
        assert_eq!(companion(&root.join("link.db"), "-wal"), root.join("disk/admin.db-wal"));
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(resolve(&root.join("loop")), root.join("loop"));
    }
}
