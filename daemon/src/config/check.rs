//! The report of `--check`: every setting, its effective value and where it came from.

use super::file::shown;
use super::load::Loaded;
use super::paths::{AdminSocket, Database};
use super::settings::Settings;
use super::table::{Id, SETTINGS, Setting};

/// A line for each setting, `name: value (from source)`, then the database in use.
///
/// `describe` names the kind of the database file; it must not touch the file.
pub(crate) fn report(loaded: &Loaded, describe: impl FnOnce(&Database) -> String) -> String {
    let line = |setting: &Setting| {
        let (name, value) = (setting.name, value(loaded, setting));
        format!("{name}: {value} (from {})\n", loaded.source(setting.id))
    };
    let database = &loaded.settings.database;
    let database =
        format!("database in use: {} ({})\n", shown_database(database), describe(database));
    SETTINGS.iter().map(line).chain([database]).collect()
}

/// A path as it is shown everywhere; the URL of a server, in which nothing has to be escaped.
fn shown_database(database: &Database) -> String {
    database.server.as_ref().map_or_else(|| shown(&database.path), ToString::to_string)
}

fn value(loaded: &Loaded, setting: &Setting) -> String {
    let worked_out = worked_out(&loaded.settings, setting.id);
    worked_out.unwrap_or_else(|| match loaded.values.raw(setting.id) {
        None => setting.default.description().to_owned(),
        Some(raw) if setting.id == Id::DisableFeatures => {
            format!("none of these: {}", crate::log::escape(&raw.to_string_lossy()))
        }
        Some(_) if matches!(setting.id, Id::AdminPassword | Id::DatabasePassword) => {
            "***".to_owned()
        }
        Some(raw) => crate::log::escape(&raw.to_string_lossy()),
    })
}

/// The effective value, where it differs from the text that was given.
fn worked_out(settings: &Settings, id: Id) -> Option<String> {
    match id {
        Id::Database => Some(shown_database(&settings.database)),
        Id::Socket => Some(match &settings.socket {
            AdminSocket::Passed => "passed by systemd".to_owned(),
            AdminSocket::At { path, .. } => shown(path),
        }),
        Id::SocketGroup => settings.socket_group.as_ref().map(ToString::to_string),
        Id::AuthSocket => settings.auth_socket.as_ref().map(|auth| shown(&auth.path)),
        Id::PhotoprismUrl => settings.photoprism_url.as_ref().map(ToString::to_string),
        Id::DisableFeatures => settings.app_passwords_disabled.then(|| "app-passwords".to_owned()),
        Id::AuthSocketGroup => settings.auth_socket.as_ref().map(|auth| auth.group.to_string()),
        _ => None,
    }
}
