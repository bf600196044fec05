//! What the value of a setting must not contain or be surrounded by, whatever the setting.

use super::error::ConfigError;
use super::server;
use super::table::{Form, Id, SETTINGS};
use super::values::Values;
use photoprism_protocol::setting_path::{
    check_line_ends, check_path, looks_like_address, looks_like_server,
};

/// Refuses values that would name another file than the intended one, or that come from a file with
/// Windows line ends.
///
/// # Errors
/// The first bad value, in the order of the table.
pub(crate) fn check(values: &Values) -> Result<(), ConfigError> {
    SETTINGS.iter().try_for_each(|setting| check_one(values, setting.id))
}

/// As [`check`], for one setting.
pub(crate) fn check_one(values: &Values, id: Id) -> Result<(), ConfigError> {
    // A password has its own rules, checked by the start that uses it: its text is not here.
    let Some(raw) = values.raw(id).filter(|_| values.is_given(id)) else { return Ok(()) };
    if let Some(secret) = values.secret(id) {
        check_line_ends(secret.expose())
            .map_err(|rule| values.refuse(id, rule.as_str().to_owned()))?;
    }
    if id == Id::Database && raw.to_str().is_some_and(server::is_url) {
        return check_line_ends(&raw.to_string_lossy())
            .map_err(|rule| values.refuse(id, rule.as_str().to_owned()));
    }
    if id == Id::Database && looks_like_address(raw) {
        return Err(values.refuse(id, not_an_address(looks_like_server(raw))));
    }
    let clean = match id.setting().form {
        Form::Path => check_path(raw),
        Form::Text
        | Form::Number { .. }
        | Form::Lifetime
        | Form::Every { .. }
        | Form::Switch
        | Form::OneOf(_) => check_line_ends(&raw.to_string_lossy()),
    };
    clean.map_err(|rule| values.refuse(id, rule.as_str().to_owned()))
}

/// The address is not repeated: there may be a password in it.
fn not_an_address(server: bool) -> &'static str {
    if server {
        "is the address of a database server in the form of another program, which is not repeated \
         here as there may be a password in it. Give PhotoPrism's MariaDB as \
         --database mysql://USER@HOST:PORT/SCHEMA and the password apart, or mysql:// alone where \
         PhotoPrism's variables name them; or a path: --database PATH"
    } else {
        "is a URL or has options behind a path, and is not repeated here as there may be a password \
         in it. Give the path of the file alone, or of the directory that has PhotoPrism's \
         index.db, without `file:` before it and `?` and more behind it: --database PATH"
    }
}
