//! The settings, each in its own type.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use photoprism_protocol::secret::Secret;

use crate::log::{LogFormat, LogLevel};
use crate::photoprism::Address;
use crate::server_address::ServerAddress;

use super::clean;
use super::error::ConfigError;
use super::limits::Limits;
use super::password::AdminPassword;
use super::paths::{
    AdminSocket, AuthSocket, Database, DefaultPaths, check_directory, directory_of,
};
use super::peers::{Allowed, SocketGroup, parse_allow};
use super::server::{self, Variables};
use super::table::Id;
use super::values::{Lifetime, Values, quoted};

/// What the daemon runs with. `Debug` hides the one secret that it may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub database: Database,
    /// How often a backup is written by itself; `None`: not at all.
    pub backup_every: Option<Duration>,
    /// How many of those are kept.
    pub backup_keep: usize,
    pub socket: AdminSocket,
    /// Group of the admin socket, with mode 0660; without one the mode is 0600.
    pub socket_group: Option<SocketGroup>,
    /// The auth socket, off unless given.
    pub auth_socket: Option<AuthSocket>,
    /// Rights of peers on the admin socket beyond the built-in ones. A reload changes them.
    pub allow: Vec<Allowed>,
    /// Name of the first account, as given: the rules for names are not checked here.
    pub admin_user: String,
    /// Where its password is.
    pub admin_password: AdminPassword,
    /// The file that declares accounts.
    pub accounts: Option<AccountsFile>,
    /// Characters of the shortest password, 1 to 72.
    pub password_length: usize,
    /// Scheme of new hashes; `None`: by the kind of database.
    pub password_hash: Option<Scheme>,
    /// Parameters of new Argon2id hashes.
    pub argon2: Argon2Params,
    /// How long a session of a login lives.
    pub session_maxage: Lifetime,
    /// How long such a session may be idle.
    pub session_timeout: Lifetime,
    /// Seconds for which a running PhotoPrism keeps a session in memory, 60 to 3600.
    pub session_cache: u32,
    /// For how long a right password is remembered; zero: not at all.
    pub verdict_ttl: Duration,
    /// Where the running PhotoPrism answers.
    pub photoprism_url: Option<Address>,
    /// No app password is created or accepted, as in PhotoPrism.
    pub app_passwords_disabled: bool,
    /// How long a start waits for another daemon; zero: not at all.
    pub wait_lock: Duration,
    /// Form of the log.
    pub log_format: LogFormat,
    /// How much is logged. A reload changes it.
    pub log_level: LogLevel,
    /// The limits. A reload changes all but the hash threads.
    pub limits: Limits,
}

/// The file that declares accounts, and how strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountsFile {
    /// Absolute, so that SIGHUP finds the same file.
    pub path: PathBuf,
    /// The daemon starts although something in it is refused.
    pub lenient: bool,
}

/// How a new password is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Argon2id (RFC 9106).
    Argon2id,
    /// bcrypt, which PhotoPrism checks.
    Bcrypt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argon2Params {
    /// `m`: memory in KiB, 19456 (OWASP) to 65536 (larger hashes are never computed).
    pub memory_kib: u32,
    /// `t`: passes, 2 to 10.
    pub passes: u32,
    /// `p`: lanes, 1 to 4.
    pub lanes: u32,
}

/// What a setting may depend on in addition to the values.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) places: DefaultPaths,
    pub(crate) config: Option<PathBuf>,
    /// The first account's password, where the `--config` file came through a pipe.
    pub(crate) piped_password: Option<Secret>,
    pub(crate) admin_socket_passed: bool,
    /// PhotoPrism's variables about its database.
    pub(crate) photoprism: Variables,
    /// The server that the start chose; a reload does not read its password again.
    pub(crate) server: Option<ServerAddress>,
}

impl Settings {
    pub(crate) fn read(values: &Values, facts: &Environment) -> Result<Self, ConfigError> {
        clean::check(values)?;
        let socket_group = group(values, Id::SocketGroup)?;
        let socket = if facts.admin_socket_passed {
            AdminSocket::Passed
        } else {
            AdminSocket::choose(values, &facts.places)?
        };
        let auth_group = group(values, Id::AuthSocketGroup)?;
        let auth_socket = AuthSocket::choose(values, auth_group, &socket)?;
        let settings = Self {
            database: database(values, facts)?.with_backups(values)?,
            backup_every: values.every(Id::BackupEvery)?,
            backup_keep: values.count(Id::BackupKeep)?,
            allow: allow(values, socket_group.is_some() || facts.admin_socket_passed)?,
            socket,
            socket_group,
            auth_socket,
            admin_user: values.text(Id::AdminUser)?.unwrap_or_default().to_owned(),
            admin_password: AdminPassword::choose(
                values,
                facts.config.as_deref(),
                facts.piped_password.as_ref(),
            )?,
            accounts: accounts(values)?,
            password_length: values.count(Id::PasswordLength)?,
            password_hash: scheme(values)?,
            argon2: argon2(values)?,
            session_maxage: values.lifetime(Id::SessionMaxage)?,
            session_timeout: values.lifetime(Id::SessionTimeout)?,
            session_cache: values.small(Id::SessionCache)?,
            verdict_ttl: values.number(Id::VerdictTtl).map(Duration::from_secs)?,
            photoprism_url: photoprism_url(values)?,
            app_passwords_disabled: disables_app_passwords(values),
            wait_lock: values.every(Id::WaitLock)?.unwrap_or_default(),
            log_format: log_format(values)?,
            log_level: log_level(values)?,
            limits: Limits::read(values)?,
        };
        settings.check_directories(values)?;
        Ok(settings)
    }

    /// No other user may write in the directory of a socket.
    fn check_directories(&self, values: &Values) -> Result<(), ConfigError> {
        if let AdminSocket::At { path, .. } = &self.socket {
            check_directory(directory_of(path)).map_err(|why| values.refuse(Id::Socket, why))?;
        }
        if let Some(auth) = &self.auth_socket {
            check_directory(directory_of(&auth.path))
                .map_err(|why| values.refuse(Id::AuthSocket, why))?;
        }
        Ok(())
    }
}

fn database(values: &Values, facts: &Environment) -> Result<Database, ConfigError> {
    match values.raw(Id::Database).and_then(OsStr::to_str).filter(|text| server::is_url(text)) {
        None => Database::choose(values, &facts.places),
        Some(url) => Database::of_server(
            server::choose(values, url, &facts.photoprism, facts.server.as_ref())?,
            &facts.places,
        ),
    }
}

fn group(values: &Values, id: Id) -> Result<Option<SocketGroup>, ConfigError> {
    let Some(text) = values.text(id)? else { return Ok(None) };
    SocketGroup::find(text).map(Some).map_err(|why| values.refuse(id, why))
}

/// `reachable`: the mode of the socket's file admits peers other than root and the daemon.
fn allow(values: &Values, reachable: bool) -> Result<Vec<Allowed>, ConfigError> {
    let Some(text) = values.text(Id::Allow)? else { return Ok(Vec::new()) };
    let entries = parse_allow(text).map_err(|why| values.refuse(Id::Allow, why))?;
    if !reachable {
        let why = "has no effect while the socket's mode is 0600: give the group that may reach it \
                   with --socket-group (PHOTOPRISM_ADMIN_GROUP)";
        return Err(values.refuse(Id::Allow, why));
    }
    Ok(entries)
}

fn accounts(values: &Values) -> Result<Option<AccountsFile>, ConfigError> {
    let lenient = values.switch(Id::AccountsLenient)?;
    let Some(path) = values.raw(Id::Accounts) else { return Ok(None) };
    let path = std::path::absolute(path);
    let path = path.map_err(|error| values.refuse(Id::Accounts, error.to_string()))?;
    Ok(Some(AccountsFile { path, lenient }))
}

fn scheme(values: &Values) -> Result<Option<Scheme>, ConfigError> {
    Ok(match values.one_of(Id::PasswordHash)? {
        None => None,
        Some("bcrypt") => Some(Scheme::Bcrypt),
        Some(_) => Some(Scheme::Argon2id),
    })
}

/// Whether PhotoPrism takes the list to name app passwords: words between commas or white space,
/// upper case or lower, with or without hyphens, one or many. Its other features do not matter here.
fn disables_app_passwords(values: &Values) -> bool {
    let list = values.raw(Id::DisableFeatures).unwrap_or_default().to_string_lossy();
    list.split(|c: char| c == ',' || c.is_whitespace()).any(|word| {
        let plain = word.replace(['-', '_'], "").to_ascii_lowercase();
        matches!(plain.as_str(), "apppasswords" | "apppassword")
    })
}

fn log_format(values: &Values) -> Result<LogFormat, ConfigError> {
    Ok(match values.one_of(Id::LogFormat)? {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Text,
    })
}

/// `warning` is PhotoPrism's name for `warn`, and the variable is PhotoPrism's too.
fn log_level(values: &Values) -> Result<LogLevel, ConfigError> {
    Ok(match values.one_of(Id::LogLevel)? {
        Some("error") => LogLevel::Error,
        Some("warn" | "warning") => LogLevel::Warn,
        Some("debug") => LogLevel::Debug,
        Some("trace") => LogLevel::Trace,
        _ => LogLevel::Info,
    })
}

/// `m=…,t=…,p=…` in any order, each at most once; one that is left out keeps its minimum.
fn photoprism_url(values: &Values) -> Result<Option<Address>, ConfigError> {
    let Some(text) = values.text(Id::PhotoprismUrl)? else { return Ok(None) };
    Address::parse(text).map(Some).map_err(|why| values.refuse(Id::PhotoprismUrl, why))
}

fn argon2(values: &Values) -> Result<Argon2Params, ConfigError> {
    let refuse = |why: String| values.refuse(Id::Argon2, why);
    let text = values.text(Id::Argon2)?.unwrap_or_default();
    let mut found: [Option<u32>; 3] = [None; 3];
    for part in text.split(',') {
        let form = || refuse(format!("{} is not of the form m=19456,t=2,p=1", quoted(text)));
        let (name, number) = part.split_once('=').ok_or_else(form)?;
        let (at, least, most) = match name {
            "m" => (0, 19_456, 65_536),
            "t" => (1, 2, 10),
            "p" => (2, 1, 4),
            _ => return Err(form()),
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || found[at].is_some() {
            return Err(form());
        }
        match number.parse() {
            Ok(value) if (least..=most).contains(&value) => found[at] = Some(value),
            _ => return Err(refuse(format!("{name}={number} is not in {least} to {most}"))),
        }
    }
    let [memory, passes, lanes] = found;
    Ok(Argon2Params {
        memory_kib: memory.unwrap_or(19_456),
        passes: passes.unwrap_or(2),
        lanes: lanes.unwrap_or(1),
    })
}
