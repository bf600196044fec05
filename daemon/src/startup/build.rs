//! Builds all the parts of a daemon, in the order in which they need each other.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tracing::warn;

use super::accounts::{self, Accounts};
use super::database_lock::DatabaseLock;
use super::error::StartupError;
use super::first_start::{
    EarlyPassword, FirstAdmin, admin_user, log_unused_name, open, set_password,
};
use super::lock_wait::LockWait;
use super::running::refuse_own_database;
use crate::clock::{Clock, Stopwatch, since_first_asked};
use crate::config::{AdminSocket, Allowed, AuthSocket, Loaded, Peer, Scheme, Settings};
use crate::hashing::{Costs, Pool, PoolConfig, Target};
use crate::log::{self, Handle, Options};
use crate::model::PasswordRules;
use crate::peer::{AllowEntry, Policy, SocketKind, Who};
use crate::process::raise_descriptor_limit;
use crate::socket::systemd::{Passed, PassedFile, PassedSocket};
use crate::socket::{Bound, SocketSpec, check_apart};
use crate::store::{Database, Kind, check_sqlite_version};
use crate::system::{Seen, network_file_system, open_ancestor, other_path};

/// Cost of bcrypt hashes, PhotoPrism's own.
const BCRYPT_COST: u32 = 12;

/// A listener and its file.
pub(super) struct Listening {
    pub(super) kind: SocketKind,
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
    pub(super) file: SocketFile,
}

/// Who created the file of a socket.
pub(super) enum SocketFile {
    /// This process, which removes it at its end.
    Own(Bound),
    /// Systemd, which keeps it.
    Passed(PassedFile),
}

/// A daemon that is about to serve.
pub(super) struct Daemon {
    pub(super) loaded: Loaded,
    pub(super) log: Handle,
    pub(super) sockets: Vec<Listening>,
    pub(super) policy: Policy,
    pub(super) slot: Database,
    pub(super) pool: Pool,
    pub(super) rules: PasswordRules,
    pub(super) admin_user: photoprism_protocol::name::UserName,
    /// What is declared.
    pub(super) accounts: Option<Accounts>,
    pub(super) started: Stopwatch,
    /// Held to the end: only one daemon of a host at a time uses the database.
    pub(super) lock: DatabaseLock,
    /// Ended once signals are handled.
    pub(super) wait: LockWait,
}

pub(super) fn build(loaded: Loaded, passed: Passed) -> Result<Daemon, StartupError> {
    let started = Stopwatch::start();
    let log = start_log(&loaded.settings).map_err(StartupError::running)?;
    check_sqlite_version(crate::store::sqlite_version())?;
    let admin_user = admin_user(&loaded)?;
    refuse_own_database(&loaded)?;
    let accounts = accounts::read(&loaded)?;
    let settings = &loaded.settings;
    let password = EarlyPassword::before_creation(settings, &admin_user)?;
    let group = passed.admin.as_ref().map(|socket| socket.gid);
    let mut wait = LockWait::new(settings.wait_lock);
    // Nobody connects to a daemon that waits.
    let early = wait.is_on().then(|| wait.attempt(|| DatabaseLock::take(&settings.database)));
    let early = early.transpose()?;
    let sockets = sockets(settings, passed, &mut wait)?;
    if let [admin, auth] = &sockets[..] {
        check_apart(&admin.path, &auth.path)?;
    }
    let now = Clock::System.now();
    let mut lock = early.map_or_else(|| DatabaseLock::take(&settings.database), Ok)?;
    let slot = wait.attempt(|| open(settings, &admin_user, now, lock.expected()))?;
    lock.remember(slot.db());
    if settings.database.server.is_none() {
        warn_of_network(slot.path());
        warn_of_other_path(slot.path());
    }
    warn_of_others(&slot);
    let target = target(settings, &slot);
    let own = slot.db().is_some_and(|db| *db.kind() == Kind::Own);
    // PhotoPrism checks what is typed there, as it is.
    let pool = start_pool(settings, target)?.composing(own);
    let bcrypt = matches!(target, Target::Bcrypt { .. });
    let rules = PasswordRules { min_chars: settings.password_length, bcrypt };
    let first = FirstAdmin { settings, name: &admin_user, rules: &rules };
    set_password(&slot, &pool, &first, password, now)?;
    log_unused_name(&slot, &loaded)?;
    let connections = settings.limits.max_connections + settings.limits.reserved_connections;
    raise_descriptor_limit(connections as u64).map_err(StartupError::running)?;
    let policy = policy(settings, group);
    Ok(Daemon {
        loaded,
        log,
        sockets,
        policy,
        slot,
        pool,
        rules,
        admin_user,
        accounts,
        started,
        lock,
        wait,
    })
}

/// Logs a warning where the directory of the database is on a network file system.
fn warn_of_network(database: &Path) {
    if let Some(name) = network_file_system(database) {
        warn!(
            path = %database.parent().unwrap_or(database).display(),
            "the database is on a network file system ({name}): its locks and syncs may not hold, \
             a power cut can cost more than the last write; use a local disk"
        );
    }
}

/// Logs a warning where the database may be opened by another path too.
fn warn_of_other_path(database: &Path) {
    if let Some(what) = other_path(database) {
        warn!(
            path = %database.display(),
            "{what}; who opens the database by another path does not see the logs next to it, and a \
             second daemon could start there"
        );
    }
}

/// Logs a warning where others could read the daemon's own database, or replace it.
fn warn_of_others(slot: &Database) {
    let path = slot.path();
    if !slot.db().is_some_and(|db| *db.kind() == Kind::Own) {
        return;
    }
    if let Ok(file) = Seen::through(path)
        && file.mode & 0o077 != 0
    {
        let (path, found) = (path.display(), file.shown());
        warn!(%path, "others can read the password hashes in the database ({found}): chmod 600");
    }
    let directory = path.parent().unwrap_or(path);
    if let Ok(found) = Seen::through(directory)
        && found.mode & 0o022 != 0
    {
        let (path, found) = (directory.display(), found.shown());
        warn!(%path, "others can replace the database in its directory ({found}): chmod go-w");
    }
    if let Some(above) = open_ancestor(directory) {
        let path = above.display();
        warn!(%path, "others can move the directory of the database away: chmod o-w, or +t");
    }
}

fn start_log(settings: &Settings) -> io::Result<Handle> {
    let priorities = log::started_by_systemd(&super::environment, std::process::id());
    let options = Options { format: settings.log_format, level: settings.log_level, priorities };
    log::init(options, || Clock::System.now())
}

/// The peers' rights: from the settings, and the group of the admin socket.
pub(super) fn policy(settings: &Settings, passed_group: Option<u32>) -> Policy {
    let entry = |allowed: &Allowed| AllowEntry {
        level: allowed.level,
        who: match allowed.peer {
            Peer::Uid(uid) => Who::Uid(uid),
            Peer::Gid(gid) => Who::Gid(gid),
        },
    };
    Policy {
        own_uid: nix::unistd::geteuid().as_raw(),
        socket_gid: passed_group.or(settings.socket_group.as_ref().map(|group| group.gid)),
        allow: settings.allow.iter().map(entry).collect(),
    }
}

fn sockets(
    settings: &Settings,
    passed: Passed,
    wait: &mut LockWait,
) -> Result<Vec<Listening>, StartupError> {
    let mut sockets = Vec::new();
    match (passed.admin, &settings.socket) {
        (Some(socket), _) => sockets.push(from_systemd(SocketKind::Admin, socket)),
        (None, AdminSocket::At { path, given }) => {
            let group = settings.socket_group.as_ref().map(|group| group.gid);
            let place = SocketSpec { path: path.clone(), group, create_parents: !given };
            sockets.push(bind(SocketKind::Admin, place, wait)?);
        }
        (None, AdminSocket::Passed) => {
            return Err(StartupError::new("systemd was to pass the admin socket and did not", 2));
        }
    }
    match (passed.auth, &settings.auth_socket) {
        (Some(socket), _) => sockets.push(from_systemd(SocketKind::Auth, socket)),
        (None, Some(AuthSocket { path, group })) => {
            let group = Some(group.gid);
            let place = SocketSpec { path: path.clone(), group, create_parents: false };
            sockets.push(bind(SocketKind::Auth, place, wait)?);
        }
        (None, None) => {}
    }
    Ok(sockets)
}

fn from_systemd(kind: SocketKind, socket: PassedSocket) -> Listening {
    let file = SocketFile::Passed(socket.file);
    Listening { kind, listener: socket.listener, path: socket.path, file }
}

fn bind(
    kind: SocketKind,
    place: SocketSpec,
    wait: &mut LockWait,
) -> Result<Listening, StartupError> {
    let (listener, bound) = wait.attempt(|| crate::socket::open(&place))?;
    Ok(Listening { kind, listener, path: place.path, file: SocketFile::Own(bound) })
}

/// PhotoPrism checks the passwords of its own database, and knows only bcrypt.
fn target(settings: &Settings, slot: &Database) -> Target {
    let own = match slot.db() {
        Some(db) => *db.kind() == Kind::Own,
        None => false,
    };
    let scheme =
        settings.password_hash.unwrap_or(if own { Scheme::Argon2id } else { Scheme::Bcrypt });
    if !own && scheme == Scheme::Argon2id {
        warn!(
            "new passwords are hashed with Argon2id, which PhotoPrism refuses: nobody can log in \
             there with one; leave --password-hash out"
        );
    }
    let costs = settings.argon2;
    match scheme {
        Scheme::Bcrypt => Target::Bcrypt { cost: BCRYPT_COST },
        Scheme::Argon2id => Target::Argon2id(Costs {
            memory_kib: costs.memory_kib,
            passes: costs.passes,
            lanes: costs.lanes,
        }),
    }
}

fn start_pool(settings: &Settings, target: Target) -> Result<Pool, StartupError> {
    Pool::start(PoolConfig {
        threads: settings.limits.hash_threads,
        queue: settings.limits.hash_queue,
        target,
        monotonic: since_first_asked,
        random: getrandom::fill,
    })
    .map_err(StartupError::running)
}
