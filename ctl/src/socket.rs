//! Which socket is the daemon's, and what to report where it cannot be reached.

mod names;
mod permission;
mod probe;

use std::ffi::OsString;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::error::CliError;
use crate::escape;
use crate::paths;

/// Names the socket where the flag does not.
const VARIABLE: &str = "PHOTOPRISM_ADMIN_SOCKET";

const START: &str = "start it with `systemctl start photoprismd`, `docker compose up -d`, or \
                     `photoprismd` in a terminal; another socket is named with --socket";

/// The path to connect to, and those passed over on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketChoice {
    path: PathBuf,
    missing: Vec<PathBuf>,
}

impl SocketChoice {
    /// The path named by the flag or the variable, else the first default that exists.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a path that cannot be meant as it is written.
    pub(crate) fn find(flag: Option<PathBuf>) -> Result<Self, CliError> {
        let variable = std::env::var_os(VARIABLE).map(PathBuf::from);
        let given = flag.map(|path| (path, "--socket")).or(variable.map(|path| (path, VARIABLE)));
        if let Some((path, source)) = given.filter(|(path, _)| !path.as_os_str().is_empty()) {
            paths::check(&path, source)?;
            return Ok(Self { path, missing: Vec::new() });
        }
        let root = nix::unistd::geteuid().is_root();
        // Nothing is looked up where the variable is missing: see `names`.
        let variable = |name| std::env::var_os(name).filter(|_| !root);
        let (runtime, home) = (variable("XDG_RUNTIME_DIR"), variable("HOME"));
        for (path, name) in [(&runtime, "XDG_RUNTIME_DIR"), (&home, "HOME")] {
            // What is behind it would hide the socket that is meant, and show another.
            paths::check(path.as_deref().unwrap_or_default().as_ref(), name)?;
        }
        Ok(Self::first_existing(defaults(root, runtime, home.map(PathBuf::from))))
    }

    /// The first that is there decides. A directory that may not be entered counts only where
    /// nothing else is there: `su` leaves the `XDG_RUNTIME_DIR` of somebody else behind.
    fn first_existing(candidates: Vec<PathBuf>) -> Self {
        let mut hidden = None;
        let mut missing = Vec::new();
        for path in candidates {
            match std::fs::symlink_metadata(&path) {
                Ok(_) => return Self { path, missing },
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    hidden.get_or_insert(path);
                }
                Err(_) => missing.push(path),
            }
        }
        // The last default is tried in vain, for its error.
        let path = hidden.or_else(|| missing.pop()).unwrap_or_default();
        Self { path, missing }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Why connecting failed, in a message that says what to do.
    pub(crate) fn explain(&self, error: Errno) -> CliError {
        match error {
            Errno::EACCES | Errno::EPERM => CliError::NoPermission(permission::explain(&self.path)),
            Errno::ENAMETOOLONG => CliError::Usage(format!(
                "the socket's path is longer than 107 bytes: {}; give a shorter one with --socket",
                shown(&self.path)
            )),
            _ => CliError::NoDaemon(self.no_daemon(error)),
        }
    }

    fn no_daemon(&self, error: Errno) -> String {
        let mut text = String::from("no daemon: ");
        for path in &self.missing {
            // Writing to a String cannot fail.
            let _ = write!(text, "{} (not there), ", shown(path));
        }
        let _ = write!(text, "{} ({}); {START}", shown(&self.path), reason(error));
        text
    }
}

fn reason(error: Errno) -> &'static str {
    match error {
        Errno::ENOENT | Errno::ENOTDIR => "not there",
        Errno::ECONNREFUSED => "nobody listens",
        other => other.desc(),
    }
}

fn shown(path: &Path) -> String {
    escape::line(&path.to_string_lossy()).into_owned()
}

/// The default paths, in order.
fn defaults(root: bool, runtime: Option<OsString>, home: Option<PathBuf>) -> Vec<PathBuf> {
    let system = PathBuf::from("/run/photoprism/admin.sock");
    if root {
        return vec![system];
    }
    let runtime = runtime.filter(|directory| !directory.is_empty());
    let home = home.filter(|directory| !directory.as_os_str().is_empty());
    [
        runtime.map(|directory| Path::new(&directory).join("photoprism/admin.sock")),
        home.map(|directory| directory.join(".local/share/photoprism/run/admin.sock")),
        Some(system),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Vec<PathBuf> {
        list.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn root_knows_the_system_socket_alone() {
        assert_eq!(
            defaults(true, Some("/run/user/0".into()), Some("/root".into())),
            paths(&["/run/photoprism/admin.sock"])
        );
    }

    #[test]
    fn others_try_their_own_directories_first() {
        assert_eq!(
            defaults(false, Some("/run/user/7".into()), Some("/home/x".into())),
            paths(&[
                "/run/user/7/photoprism/admin.sock",
                "/home/x/.local/share/photoprism/run/admin.sock",
                "/run/photoprism/admin.sock",
            ])
        );
        assert_eq!(defaults(false, Some("".into()), None), paths(&["/run/photoprism/admin.sock"]));
    }

    #[test]
    fn the_first_that_exists_decides_even_if_it_is_not_a_socket() {
        let directory = tempfile::tempdir().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|name| directory.path().join(name));
        std::fs::write(&b, "").unwrap();
        std::fs::write(&c, "").unwrap();
        let choice = SocketChoice::first_existing(vec![a.clone(), b.clone(), c]);
        assert_eq!(choice, SocketChoice { path: b, missing: vec![a] });
    }

    #[test]
    fn every_path_that_was_tried_is_named() {
        let choice =
            SocketChoice::first_existing(paths(&["/nowhere/a", "/nowhere/b", "/nowhere/c"]));
        let CliError::NoDaemon(message) = choice.explain(Errno::ENOENT) else { panic!() };
        let tried =
            "no daemon: /nowhere/a (not there), /nowhere/b (not there), /nowhere/c (not there); ";
        assert!(message.starts_with(tried) && message.contains("photoprismd"), "{message}");
    }
}
