//! The configured password of the first admin: read only when a start or a reset would use it.

use std::ffi::OsString;

use photoprism_protocol::secret::Secret;

use crate::config::{AdminPassword, ConfigError, When};
use crate::hashing::{is_hash, parse};
use crate::model::{PasswordRules, is_common, is_own_name};

/// What was configured.
pub(crate) enum ConfiguredPassword {
    /// A hash that can be checked.
    Hash(String),
    /// A password that follows the rules; a common one only causes a warning.
    Plain {
        password: Secret,
        /// A weakness that does not prevent its use.
        warning: Option<&'static str>,
    },
}

type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads it and checks it against the rules; `None` where nothing is configured.
///
/// # Errors
/// The setting, with the rule that its value breaks.
pub(crate) fn read(
    source: &AdminPassword,
    when: When,
    env: Env<'_>,
    rules: &PasswordRules,
    name: &str,
) -> Result<Option<ConfiguredPassword>, ConfigError> {
    let Some(password) = source.read(env, when)? else { return Ok(None) };
    if is_hash(password.expose()) {
        return match parse(password.expose()) {
            Ok(_) => Ok(Some(ConfiguredPassword::Hash(password.expose().to_owned()))),
            Err(why) => Err(source.refuse(why.to_string())),
        };
    }
    rules.check_form(&password).map_err(|rule| source.refuse(rule.to_string()))?;
    if is_own_name(&password, name) {
        return Err(source.refuse("must not be the user's own name"));
    }
    let warning = is_common(&password)
        .then_some("the configured password of the first admin is one that everybody tries first");
    Ok(Some(ConfiguredPassword::Plain { password, warning }))
}
