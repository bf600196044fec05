//! From arguments, environment and file to the settings, at start and at a reload.

use std::ffi::OsString;
use std::path::PathBuf;

use photoprism_protocol::secret::Secret;

use super::clean;
use super::command_line::{self, Parsed};
use super::error::{ConfigError, Source};
use super::file::{self, When};
use super::paths::DefaultPaths;
use super::peers::Peer;
use super::server::Variables;
use super::settings::{Environment, Settings};
use super::table::{Id, SETTINGS};
use super::values::{Layer, Values};
use super::{ambiguity, gather, manual};

/// What the settings depend on in addition to the arguments.
pub(crate) struct Process<'a> {
    /// Looks a variable up in the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The daemon's own (effective) uid: root has other default paths.
    pub uid: u32,
    /// Cores that the process may use.
    pub cores: usize,
    /// Whether systemd passes the admin socket.
    pub admin_socket_passed: bool,
}

impl<'a> Process<'a> {
    /// This process, with the environment given.
    pub(crate) fn current(
        env: &'a dyn Fn(&str) -> Option<OsString>,
        admin_socket_passed: bool,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let uid = nix::unistd::geteuid().as_raw();
        Self { env, uid, cores, admin_socket_passed }
    }
}

/// What the command line asks the process to do.
#[derive(Debug)]
pub(crate) enum Start {
    /// Print this text to standard output and exit 0.
    Print(String),
    /// Print the definitions of the tables that are made in PhotoPrism's MariaDB.
    PrintSchema,
    /// Print the effective settings ([`super::report`]), touch nothing.
    Check(Loaded),
    Run(Loaded),
}

/// The settings, and everything that a reload needs.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What the daemon runs with.
    pub settings: Settings,
    pub(crate) values: Values,
    flags: Layer,
    environment: Layer,
    cores: usize,
    facts: Environment,
}

/// The result of a reload.
#[derive(Debug)]
pub(crate) struct Reloaded {
    /// The new settings: log level, limits and allowed peers are new, the rest is unchanged.
    pub settings: Settings,
    /// Names of settings that differ now and need a restart.
    pub needs_restart: Vec<&'static str>,
}

/// Takes the arguments, the program's name first, and derives the settings.
///
/// Reads the file of `--config` and checks the directories of paths; changes nothing.
///
/// # Errors
/// The first error, as a message for people; the exit code is 2.
pub(crate) fn load(
    args: impl IntoIterator<Item = OsString>,
    process: &Process<'_>,
) -> Result<Start, ConfigError> {
    let matches = match command_line::parse(args)? {
        Parsed::Print(text) => return Ok(Start::Print(text)),
        Parsed::Flags(matches) => matches,
    };
    if matches.get_flag(command_line::MAN) {
        return Ok(Start::Print(manual::page(&command_line::command())));
    }
    if matches.get_flag(command_line::PRINT_SCHEMA) {
        return Ok(Start::PrintSchema);
    }
    let (flags, environment) = (gather::flags(&matches)?, gather::environment(process.env));
    let config = config_path(&flags, &environment)?;
    let layers = [&flags, &environment];
    let (values, piped_password) = merge(layers, config.as_ref(), When::Start, process.cores)?;
    let mut facts = Environment {
        places: DefaultPaths::of(process.uid, process.env),
        config,
        piped_password,
        admin_socket_passed: process.admin_socket_passed,
        photoprism: Variables::gather(process.env),
        server: None,
    };
    if !values.is_given(Id::Database) {
        ambiguity::check(process.env, &facts.places)?;
    }
    let settings = Settings::read(&values, &facts)?;
    facts.server.clone_from(&settings.database.server);
    let cores = process.cores;
    let loaded = Loaded { settings, values, flags, environment, cores, facts };
    Ok(if matches.get_flag(command_line::CHECK) {
        Start::Check(loaded)
    } else {
        Start::Run(loaded)
    })
}

impl Loaded {
    /// Reads the file of `--config` again, with the same flags and environment. `passed_group` is
    /// the group of an admin socket that systemd passed.
    ///
    /// # Errors
    /// The first error, also in a setting that needs a restart, and where an entry vanished without
    /// which a peer may do more; the settings stay as they are.
    pub(crate) fn reload(&mut self, passed_group: Option<u32>) -> Result<Reloaded, ConfigError> {
        let layers = [&self.flags, &self.environment];
        let config = self.facts.config.as_ref();
        let (values, _) = merge(layers, config, When::Serving, self.cores)?;
        let new = Settings::read(&values, &self.facts)?;
        let own_group = self.settings.socket_group.as_ref().map(|group| group.gid);
        if let Some(gid) = passed_group.or(own_group)
            && lists(&self.settings, gid)
            && !lists(&new, gid)
        {
            return Err(values.refuse(Id::Allow, vanished(gid)));
        }
        let needs_restart = SETTINGS
            .iter()
            .filter(|row| !row.reload && values.raw(row.id) != self.values.raw(row.id))
            .map(|row| row.name)
            .collect();
        let hash_threads = self.settings.limits.hash_threads;
        self.settings.allow = new.allow;
        self.settings.log_level = new.log_level;
        self.settings.limits = super::Limits { hash_threads, ..new.limits };
        Ok(Reloaded { settings: self.settings.clone(), needs_restart })
    }

    /// The error for a setting whose value proves unusable later, for example a name that breaks
    /// the rules.
    pub(crate) fn refuse(&self, id: Id, why: impl Into<String>) -> ConfigError {
        self.values.refuse(id, why)
    }

    /// Where the value of a setting came from.
    pub(crate) fn source(&self, id: Id) -> &Source {
        self.values.source(id)
    }
}

/// Whether an entry limits the members of the group.
fn lists(settings: &Settings, gid: u32) -> bool {
    settings.allow.iter().any(|entry| entry.peer == Peer::Gid(gid))
}

fn vanished(gid: u32) -> String {
    format!(
        "no longer has an entry for gid {gid}, the group of the socket, whose members would become \
         administrators by that; add admin=gid:{gid} if that is meant"
    )
}

/// Absolute, so that a reload finds the same file.
fn config_path(flags: &Layer, environment: &Layer) -> Result<Option<PathBuf>, ConfigError> {
    let given = Values::merge([flags.clone(), environment.clone()]);
    let Some(path) = given.raw(Id::Config) else { return Ok(None) };
    clean::check_one(&given, Id::Config)?;
    let absolute = std::path::absolute(path);
    absolute.map(Some).map_err(|error| given.refuse(Id::Config, error.to_string()))
}

/// The merged values, and the password where it came through a pipe that cannot be read again.
fn merge(
    given: [&Layer; 2],
    config: Option<&PathBuf>,
    when: When,
    cores: usize,
) -> Result<(Values, Option<Secret>), ConfigError> {
    let given = Values::merge(given.map(Layer::clone));
    let (mut layer, mut piped_password) = (Layer::new(), None);
    if let Some(path) = config {
        let file = file::read(path, when).map_err(|why| given.refuse(Id::Config, why))?;
        // Cut off by a full disk, or by an editor that writes it anew this very moment.
        if when == When::Serving && file.text.is_empty() {
            return Err(given.refuse(Id::Config, "the file is empty; write a comment into it"));
        }
        layer = gather::config_file(path, &file.text)?;
        if file.piped {
            piped_password = file::admin_password(path, &file.text)?;
        }
    }
    let values = Values::merge([given.into_layer(), layer, gather::defaults(cores)]);
    Ok((values, piped_password))
}
