//! The address of a MariaDB server: from `--database`, and what that leaves out from the variables of
//! PhotoPrism, which runs with them.

mod dsn;
mod parts;
mod url;
mod variables;

pub(crate) use self::url::{is_url, without_password};
pub(crate) use self::variables::Variables;

use std::path::Path;

use photoprism_protocol::secret::Secret;

use super::error::ConfigError;
use super::file::{self, When};
use super::table::Id;
use super::values::Values;
use crate::server_address::ServerAddress;

/// Far more than a password needs.
const MOST_BYTES: u64 = 4096;

/// The server of a `--database` that is a URL; the `known` one where the start has chosen it.
///
/// # Errors
/// The URL, or a variable that fills it, is not usable; no message has a password in it.
pub(crate) fn choose(
    values: &Values,
    url: &str,
    variables: &Variables,
    known: Option<&ServerAddress>,
) -> Result<ServerAddress, ConfigError> {
    let mut parts = url::parse(url).map_err(|why| values.refuse(Id::Database, why))?;
    if let Some(known) = known {
        return Ok(known.clone());
    }
    parts.password = password(values)?;
    let photoprism = variables.read().map_err(ConfigError::WhichDatabase)?;
    Ok(parts.or(photoprism).address())
}

/// The password that is given for the daemon.
fn password(values: &Values) -> Result<Option<Secret>, ConfigError> {
    let id = Id::DatabasePasswordFile;
    if let Some(path) = values.raw(id) {
        let refuse = |why| values.refuse(id, why);
        return password_of_file(Path::new(path)).map(Some).map_err(refuse);
    }
    let given = [Id::DatabasePassword, Id::Database].map(|id| values.secret(id));
    Ok(given.into_iter().flatten().next().cloned())
}

/// The password in a file that contains nothing else, without the line end.
fn password_of_file(path: &Path) -> Result<Secret, String> {
    let file = file::read_at_most(path, MOST_BYTES, When::Start)?;
    Ok(Secret::from_file_text(&file.text))
}
