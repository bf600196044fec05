//! From arguments, environment and file to the settings, at start and at a reload.

use std::ffi::OsString;
use std::path::PathBuf;

use photoprism_protocol::secret::Secret;

use super::clean;
use super::command_line::{self, Parsed};
use super::error::{ConfigError, Source};
use super::file::{self, When};
use super::paths::DefaultPaths;
use super::settings::{Environment, Settings};
use super::table::{Id, SETTINGS};
use super::values::{Layer, Values};
use super::{ambiguity, gather};

/// What the settings depend on besides the arguments.
pub struct Process<'a> {
    /// Looks a variable up in the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The daemon's own (effective) uid: root has other default paths.
    pub uid: u32,
    /// Cores that the process may use.
    pub cores: usize,
    /// systemd passes the admin socket.
    pub admin_socket_passed: bool,
}

impl<'a> Process<'a> {
    /// This process, with the environment given.
    pub fn current(env: &'a dyn Fn(&str) -> Option<OsString>, admin_socket_passed: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let uid = nix::unistd::geteuid().as_raw();
        Self { env, uid, cores, admin_socket_passed }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Start {
    /// Print this text to standard output and exit 0.
    Print(String),
    /// Print what would be used ([`super::report`]), touch nothing.
    Check(Loaded),
    /// Run.
    Run(Loaded),
}

/// Settings, and all that a reload needs.
#[derive(Debug)]
pub struct Loaded {
    /// What the daemon runs with.
    pub settings: Settings,
    pub(crate) values: Values,
    flags: Layer,
    environment: Layer,
    cores: usize,
    facts: Environment,
}

/// What a reload comes to.
#[derive(Debug)]
pub struct Reloaded {
    /// The new settings: level of the log, limits and allowed peers are new, the rest as it was.
    pub settings: Settings,
    /// Settings that differ now and wait for a restart, by their names.
    pub waiting: Vec<&'static str>,
}

/// Takes the arguments, the program's name first, and works out the settings.
///
/// Reads the file of `--config` and looks at the directories of paths; changes nothing.
///
/// # Errors
/// The first thing that is wrong, for people; the exit code is 2.
pub fn load(
    args: impl IntoIterator<Item = OsString>,
    process: &Process<'_>,
) -> Result<Start, ConfigError> {
    let matches = match command_line::parse(args)? {
        Parsed::Print(text) => return Ok(Start::Print(text)),
        Parsed::Flags(matches) => matches,
    };
    let (flags, environment) = (gather::flags(&matches)?, gather::environment(process.env));
    let config = config_path(&flags, &environment)?;
    let layers = [&flags, &environment];
    let (values, piped_password) = merge(layers, (config.as_ref(), When::Start), process.cores)?;
    let facts = Environment {
        places: DefaultPaths::of(process.uid, process.env),
        config,
        piped_password,
        admin_socket_passed: process.admin_socket_passed,
    };
    if !values.is_given(Id::Database) {
        ambiguity::check(process.env, &facts.places)?;
    }
    let settings = Settings::read(&values, &facts)?;
    let cores = process.cores;
    let loaded = Loaded { settings, values, flags, environment, cores, facts };
    Ok(if matches.get_flag(command_line::CHECK) {
        Start::Check(loaded)
    } else {
        Start::Run(loaded)
    })
}

impl Loaded {
    /// Reads the file of `--config` again: the same flags, the same environment.
    ///
    /// # Errors
    /// The first thing that is wrong, even with a setting that waits for a restart; the settings
    /// stay as they are.
    pub fn reload(&mut self) -> Result<Reloaded, ConfigError> {
        let layers = [&self.flags, &self.environment];
        let config = (self.facts.config.as_ref(), When::Serving);
        let (values, _) = merge(layers, config, self.cores)?;
        let new = Settings::read(&values, &self.facts)?;
        let waiting = SETTINGS
            .iter()
            .filter(|row| !row.reload && values.raw(row.id) != self.values.raw(row.id))
            .map(|row| row.name)
            .collect();
        let hash_threads = self.settings.limits.hash_threads;
        self.settings.allow = new.allow;
        self.settings.log_level = new.log_level;
        self.settings.limits = super::Limits { hash_threads, ..new.limits };
        Ok(Reloaded { settings: self.settings.clone(), waiting })
    }

    /// The error for a setting whose value turns out to be of no use later: a name that breaks
    /// the rules, say.
    pub fn refuse(&self, id: Id, why: impl Into<String>) -> ConfigError {
        self.values.refuse(id, why)
    }

    /// Where the value of a setting came from.
    pub fn source(&self, id: Id) -> &Source {
        self.values.source(id)
    }
}

/// Absolute, so that a reload finds it again.
fn config_path(flags: &Layer, environment: &Layer) -> Result<Option<PathBuf>, ConfigError> {
    let given = Values::merge([flags.clone(), environment.clone()]);
    let Some(path) = given.raw(Id::Config) else { return Ok(None) };
    clean::check_one(&given, Id::Config)?;
    let absolute = std::path::absolute(path);
    absolute.map(Some).map_err(|error| given.refuse(Id::Config, error.to_string()))
}

/// The values, and the password of a file that cannot be read again for it.
fn merge(
    given: [&Layer; 2],
    (config, when): (Option<&PathBuf>, When),
    cores: usize,
) -> Result<(Values, Option<Secret>), ConfigError> {
    let given = Values::merge(given.map(Layer::clone));
    let (mut layer, mut piped_password) = (Layer::new(), None);
    if let Some(path) = config {
        let file = file::read(path, when).map_err(|why| given.refuse(Id::Config, why))?;
        layer = gather::config_file(path, &file.text)?;
        if file.piped {
            piped_password = file::admin_password(path, &file.text)?;
        }
    }
    let values = Values::merge([given.into_layer(), layer, gather::defaults(cores)]);
    Ok((values, piped_password))
}
