//! Where the database and the sockets are.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use photoprism_protocol::setting_path::check_path;

use super::error::ConfigError;
use super::file::shown;
use super::peers::SocketGroup;
use super::table::Id;
use super::values::{Values, quoted};
use crate::server_address::ServerAddress;

/// Longest path of a Unix socket in bytes: `sun_path` has 108, the last one a NUL (`unix(7)`).
const MOST_SOCKET_BYTES: usize = 107;

/// The directory of backups next to a database.
const BACKUPS: &str = "backups";

/// PhotoPrism's own name for its database.
const INDEX: &str = "index.db";

/// The account database that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    /// The file, absolute; where a directory was named, `index.db` in it. With a server the default,
    /// in whose directory the daemon has its own files.
    pub path: PathBuf,
    /// The directory of its backups, absolute.
    pub backups: PathBuf,
    /// The MariaDB server that has the database.
    pub server: Option<ServerAddress>,
    /// Whether a setting chose it; else it is the default, whose directories are created (0700).
    pub given: bool,
}

impl Database {
    pub(crate) fn choose(values: &Values, places: &DefaultPaths) -> Result<Self, ConfigError> {
        let refuse = |why: String| values.refuse(Id::Database, why);
        let Some(text) = values.raw(Id::Database) else {
            let path = places.database.clone().map_err(refuse)?;
            return Ok(Self::at(path, false));
        };
        let path = std::path::absolute(text).map_err(|error| refuse(error.to_string()))?;
        if path.is_dir() {
            return Ok(Self::at(path.join(INDEX), true));
        }
        if !names_a_file(text) {
            return Err(refuse(format!("there is no directory {}", shown(&path))));
        }
        parent_exists(&path).map_err(refuse)?;
        Ok(Self::at(path, true))
    }

    fn at(path: PathBuf, given: bool) -> Self {
        Self { backups: path.with_file_name(BACKUPS), path, server: None, given }
    }

    /// The same with its backups where a setting says.
    pub(crate) fn with_backups(self, values: &Values) -> Result<Self, ConfigError> {
        let refuse = |why: String| values.refuse(Id::Backups, why);
        let Some(text) = values.raw(Id::Backups) else { return Ok(self) };
        let backups = std::path::absolute(text).map_err(|error| refuse(error.to_string()))?;
        if backups.exists() && !backups.is_dir() {
            return Err(refuse(format!("{} is not a directory", shown(&backups))));
        }
        // The first backup creates the directory itself.
        parent_exists(&backups).map_err(refuse)?;
        Ok(Self { backups, ..self })
    }

    /// The database of a server.
    pub(crate) fn of_server(
        server: ServerAddress,
        places: &DefaultPaths,
    ) -> Result<Self, ConfigError> {
        let path = places.database.clone().map_err(ConfigError::WhichDatabase)?;
        Ok(Self { server: Some(server), ..Self::at(path, false) })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdminSocket {
    /// systemd passes it; used unchanged.
    Passed,
    /// The daemon creates it.
    At {
        /// Absolute, at most 107 bytes.
        path: PathBuf,
        /// Whether a setting chose it; else it is the default, and the parents of its directory are
        /// created as well as the directory.
        given: bool,
    },
}

impl AdminSocket {
    pub(crate) fn choose(values: &Values, places: &DefaultPaths) -> Result<Self, ConfigError> {
        let refuse = |why: String| values.refuse(Id::Socket, why);
        match values.raw(Id::Socket) {
            None => {
                let path = places.socket.clone().map_err(refuse)?;
                short_enough(&path).map_err(refuse)?;
                Ok(Self::At { path, given: false })
            }
            Some(text) => {
                let path = socket_path(text).map_err(refuse)?;
                socket_directory(&path).map_err(refuse)?;
                Ok(Self::At { path, given: true })
            }
        }
    }
}

/// The auth socket, where it is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthSocket {
    /// Absolute, at most 107 bytes.
    pub path: PathBuf,
    /// Its group; its mode is 0660.
    pub group: SocketGroup,
}

impl AuthSocket {
    /// `group` is the value of `--auth-socket-group`.
    pub(crate) fn choose(
        values: &Values,
        group: Option<SocketGroup>,
        admin: &AdminSocket,
    ) -> Result<Option<Self>, ConfigError> {
        let refuse = |why: String| values.refuse(Id::AuthSocket, why);
        let Some(text) = values.raw(Id::AuthSocket) else { return Ok(None) };
        let path = socket_path(text).map_err(refuse)?;
        let Some(group) = group else {
            return Err(refuse(
                "needs a group that may use it: --auth-socket-group (PHOTOPRISM_AUTH_GROUP)".into(),
            ));
        };
        let directory = socket_directory(&path).map_err(refuse)?;
        match admin {
            AdminSocket::Passed => {}
            AdminSocket::At { path: admin, .. } => {
                check_separate(directory_of(admin), directory).map_err(refuse)?;
            }
        }
        Ok(Some(Self { path, group }))
    }
}

/// The default paths: they depend on the user who starts the daemon.
#[derive(Clone, Debug)]
pub(crate) struct DefaultPaths {
    pub(crate) database: Result<PathBuf, String>,
    pub(crate) socket: Result<PathBuf, String>,
}

impl DefaultPaths {
    pub(crate) fn of(uid: u32, env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        if uid == 0 {
            return Self {
                database: Ok("/var/lib/photoprism/admin.db".into()),
                socket: Ok("/run/photoprism/admin.sock".into()),
            };
        }
        let local = || Ok(base(env, "HOME")?.map(|home| home.join(".local/share")));
        let data = base(env, "XDG_DATA_HOME").and_then(|data| match data {
            Some(data) => Ok(Some(data)),
            None => local(),
        });
        let run = base(env, "XDG_RUNTIME_DIR").and_then(|run| match run {
            Some(run) => Ok(Some(run.join("photoprism/admin.sock"))),
            None => Ok(local()?.map(|local| local.join("photoprism/run/admin.sock"))),
        });
        let missing = |flag| {
            format!("HOME is not set to an absolute path, so there is no default: give {flag} PATH")
        };
        Self {
            database: data.and_then(|data| {
                let data = data.ok_or_else(|| missing("--database"))?;
                Ok(data.join("photoprism/admin.db"))
            }),
            socket: run.and_then(|run| run.ok_or_else(|| missing("--socket"))),
        }
    }
}

/// A directory named by a variable. By the XDG base directory specification a path that is not
/// absolute is ignored.
fn base(env: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Result<Option<PathBuf>, String> {
    let Some(path) = env(name).filter(|path| Path::new(path).is_absolute()) else {
        return Ok(None);
    };
    check_path(&path).map_err(|rule| format!("the variable {name} {rule}"))?;
    Ok(Some(path.into()))
}

/// Refuses an auth socket's directory that is, contains or is inside that of the admin socket: any
/// peer that mounts the one would have the other. The path of a directory that does not exist yet
/// is taken as written.
pub(crate) fn check_separate(admin: &Path, auth: &Path) -> Result<(), String> {
    let (admin, auth) = (resolve(admin), resolve(auth));
    if admin.starts_with(&auth) || auth.starts_with(&admin) {
        let how = if admin == auth {
            "is"
        } else if admin.starts_with(&auth) {
            "holds"
        } else {
            "lies in"
        };
        return Err(format!(
            "its directory {} {how} that of the admin socket, {}; give it one apart, to be shared \
             without that",
            shown(&auth),
            shown(&admin)
        ));
    }
    Ok(())
}

/// Refuses a socket's directory in which its group or others may write, whichever group that is:
/// they could replace the socket by their own, or by a link. One that does not exist passes.
pub(crate) fn check_directory(directory: &Path) -> Result<(), String> {
    let Ok(meta) = directory.metadata() else { return Ok(()) };
    let mode = meta.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(format!(
            "others than the daemon may write in its directory {} (mode {mode:04o}); take that \
             away (chmod go-w) or use another directory",
            shown(directory)
        ));
    }
    Ok(())
}

/// The directory of an absolute path.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Absolute, and of a form that can be bound.
fn socket_path(text: &OsStr) -> Result<PathBuf, String> {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'@') || bytes.contains(&0) {
        return Err(format!(
            "{} is an abstract socket, which has no owner and no mode; give the path of a file",
            quoted(&text.to_string_lossy())
        ));
    }
    let path = std::path::absolute(text).map_err(|error| error.to_string())?;
    if !names_a_file(text) {
        return Err(format!("{} names a directory; give the socket's own path", shown(&path)));
    }
    short_enough(&path)?;
    Ok(path)
}

fn short_enough(path: &Path) -> Result<(), String> {
    let length = path.as_os_str().len();
    if length > MOST_SOCKET_BYTES {
        return Err(format!(
            "{} has {length} bytes, a socket's path at most {MOST_SOCKET_BYTES}; give a shorter one",
            shown(path)
        ));
    }
    Ok(())
}

/// Whether the text ends in a file name, and not in `/`, `.` or `..`.
fn names_a_file(text: &OsStr) -> bool {
    let last = text.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    !matches!(last, b"" | b"." | b"..")
}

/// The directory of a configured path must exist already.
fn parent_exists(path: &Path) -> Result<&Path, String> {
    let directory = directory_of(path);
    match directory.metadata() {
        Ok(meta) if meta.is_dir() => Ok(directory),
        Ok(_) => Err(format!("{} is not a directory", shown(directory))),
        Err(error) => Err(format!("its directory {} cannot be used: {error}", shown(directory))),
    }
}

/// The directory of a configured socket: it is created where its parent exists.
fn socket_directory(path: &Path) -> Result<&Path, String> {
    let directory = directory_of(path);
    let missing = std::fs::symlink_metadata(directory)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    parent_exists(if missing { directory } else { path })?;
    Ok(directory)
}

/// Symbolic links resolved as far as the path exists; the rest as written.
fn resolve(path: &Path) -> PathBuf {
    for known in path.ancestors() {
        let Ok(real) = known.canonicalize() else { continue };
        let rest = path.strip_prefix(known).unwrap_or(Path::new(""));
        return rest.components().fold(real, |mut whole, part| {
            match part {
                Component::ParentDir => drop(whole.pop()),
                Component::Normal(name) => whole.push(name),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
            whole
        });
    }
    path.to_owned()
}
