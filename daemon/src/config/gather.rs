//! One layer of values from each source.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;

use super::error::{ConfigError, Source};
use super::file;
use super::table::{Default, Id, SETTINGS, Setting};
use super::values::{Layer, Value};

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
        layer.insert(setting.id, Value { text: values.join(OsStr::new(",")), source });
    }
    Ok(layer)
}

/// The values of the environment; an empty variable counts as not set.
pub(crate) fn environment(env: &dyn Fn(&str) -> Option<OsString>) -> Layer {
    let of = |setting: &Setting| {
        let text = env(setting.env).filter(|text| !text.is_empty())?;
        let text = if setting.id == Id::AdminPassword { OsString::new() } else { text };
        Some((setting.id, Value { text, source: Source::Environment(setting.env) }))
    };
    SETTINGS.iter().filter_map(of).collect()
}

/// The values of the file; an empty value counts as not set.
pub(crate) fn config_file(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let entries = file::parse(text).map_err(|fault| fault.in_file(path))?;
    let given = |entry: &file::Entry<'_>| Value {
        text: if entry.id == Id::AdminPassword { OsString::new() } else { entry.value.into() },
        source: Source::File {
            name: entry.id.setting().env,
            path: file::shown(path),
            line: entry.line,
        },
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
        Some((setting.id, Value { text: text.into(), source: Source::Default }))
    };
    SETTINGS.iter().filter_map(of).collect()
}
