//! One layer of values from each source.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;
use photoprism_protocol::secret::Secret;

use super::error::{ConfigError, Source};
use super::table::{Default, Id, SETTINGS, Setting};
use super::values::{Layer, Value};
use super::{file, server};

/// The values of the flags. An empty value is refused: most likely a shell variable that was not
/// set.
pub(crate) fn flags(matches: &ArgMatches) -> Result<Layer, ConfigError> {
    let mut layer = Layer::new();
    for setting in SETTINGS.iter().filter(|setting| setting.has_flag()) {
        let Some(values) = matches.get_many::<OsString>(setting.name) else { continue };
        let values: Vec<&OsStr> = values.map(OsString::as_os_str).collect();
        let source = Source::Flag(setting.name);
        if values.iter().any(|value| value.is_empty()) {
            let why = "is empty; leave the flag out for the default".into();
            return Err(ConfigError::Setting { name: setting.name, why, from: source });
        }
        let value = value(setting.id, values.join(OsStr::new(",")), source);
        if value.secret.is_some() {
            let why =
                "contains a password, which everybody on this machine could read in the list \
                       of processes; give it with --database-password-file, or in the variable \
                       PHOTOPRISM_ADMIN_DATABASE_PASSWORD"
                    .into();
            return Err(ConfigError::Setting { name: setting.name, why, from: value.source });
        }
        layer.insert(setting.id, value);
    }
    Ok(layer)
}

/// A value, with what is secret apart.
fn value(id: Id, text: OsString, source: Source) -> Value {
    let (text, secret) = match (id, text.into_string()) {
        (Id::AdminPassword, _) => (OsString::new(), None),
        (Id::DatabasePassword, Ok(text)) => (OsString::new(), Some(Secret::new(text))),
        (Id::Database, Ok(text)) => {
            let (text, secret) = server::without_password(&text);
            (text.into(), secret)
        }
        (_, Ok(text)) => (text.into(), None),
        (_, Err(text)) => (text, None),
    };
    Value { text, secret, source }
}

/// The values of the environment; an empty variable counts as not set.
pub(crate) fn environment(env: &dyn Fn(&str) -> Option<OsString>) -> Layer {
    let of = |setting: &Setting| {
        let text = env(setting.env).filter(|text| !text.is_empty())?;
        Some((setting.id, value(setting.id, text, Source::Environment(setting.env))))
    };
    SETTINGS.iter().filter_map(of).collect()
}

/// The values of the file; an empty value counts as not set.
pub(crate) fn config_file(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let entries = file::parse(text).map_err(|fault| fault.in_file(path))?;
    let given = |entry: &file::Entry<'_>| {
        let name = entry.id.setting().env;
        let source = Source::File { name, path: file::shown(path), line: entry.line };
        value(entry.id, entry.value.into(), source)
    };
    let entries = entries.iter().filter(|entry| !entry.value.is_empty());
    Ok(entries.map(|entry| (entry.id, given(entry))).collect())
}

/// The defaults that are a text. `cores` is the number of cores of the machine.
pub(crate) fn defaults(cores: usize) -> Layer {
    let of = |setting: &Setting| {
        let text = match (setting.id, setting.default) {
            (Id::HashThreads, _) => cores.clamp(1, 4).to_string(),
            (_, Default::Text(text)) => text.to_owned(),
            (_, Default::Computed(_)) => return None,
        };
        Some((setting.id, Value { text: text.into(), secret: None, source: Source::Default }))
    };
    SETTINGS.iter().filter_map(of).collect()
}
