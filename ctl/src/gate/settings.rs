//! Settings from flags, then from the environment, then defaults: each with where it came from.

use std::fmt::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use photoprism_protocol::client_text::check_realm;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::setting_path::check_path;

use super::address;
use super::cli::CommonFlags;
use super::error::GateError;
use crate::escape;

/// Reads settings by name, and remembers them for `--check`.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    report: String,
}

/// A setting as text.
#[derive(Debug)]
pub(crate) struct Given {
    pub name: &'static str,
    /// `None`: neither given nor by default.
    pub text: Option<String>,
}

impl Settings {
    /// The value of a flag, else of its variable, else the default.
    ///
    /// # Errors
    /// A variable that is not UTF-8.
    pub(crate) fn read(
        &mut self,
        name: &'static str,
        flag: Option<String>,
        default: Option<&str>,
    ) -> Result<Given, GateError> {
        let variable = variable(name);
        let (text, source) = match (flag, std::env::var_os(&variable)) {
            (Some(text), _) => (Some(text), "flag".to_owned()),
            (None, Some(value)) if !value.is_empty() => {
                let text = value.into_string().map_err(|_| {
                    GateError::Settings(format!("{variable} is not UTF-8; set it again"))
                })?;
                (Some(text), variable)
            }
            (None, _) => (default.map(str::to_owned), "default".to_owned()),
        };
        let shown = text.as_deref().map_or("none".into(), escape::line);
        // Writing to a String cannot fail.
        let _ = writeln!(self.report, "{name}: {shown} (from {source})");
        Ok(Given { name, text })
    }

    /// A line for each setting that was read, `name: value (from source)`.
    pub(crate) fn report(&self) -> &str {
        &self.report
    }
}

/// The variable of a flag.
fn variable(name: &str) -> String {
    match name {
        "auth-socket" => "PHOTOPRISM_AUTH_SOCKET".to_owned(),
        _ => format!("PHOTOPRISM_GATE_{}", name.to_uppercase().replace('-', "_")),
    }
}

impl Given {
    /// What is wrong with it, naming flag and variable.
    pub(crate) fn fault(&self, what: &str) -> GateError {
        GateError::Settings(format!("--{} (or {}) {what}", self.name, variable(self.name)))
    }

    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// One of these numbers.
    pub(crate) fn number<T: FromStr + PartialOrd>(&self, least: T, most: T) -> Option<T> {
        let plain = self.text().bytes().all(|byte| byte.is_ascii_digit());
        let number = self.text().parse().ok().filter(|_| plain);
        number.filter(|number| (least..=most).contains(number))
    }

    /// A path that can be meant as it is written.
    pub(crate) fn path(&self) -> Result<Option<PathBuf>, GateError> {
        let Some(text) = &self.text else { return Ok(None) };
        check_path(text.as_ref()).map_err(|rule| self.fault(&rule.to_string()))?;
        Ok(Some(PathBuf::from(text)))
    }

    /// An address, without a port.
    pub(crate) fn ip(&self) -> Result<IpAddr, GateError> {
        let found = address::parse(self.text());
        found.ok_or_else(|| self.fault("is not an IP address; give one like 192.0.2.1"))
    }
}

/// What every mode needs.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub auth_socket: PathBuf,
    pub realm: String,
    pub scope: Option<Scope>,
}

impl Common {
    pub(crate) fn read(
        settings: &mut Settings,
        flags: CommonFlags,
        scope: Option<&str>,
    ) -> Result<Self, GateError> {
        let socket = settings.read("auth-socket", flags.auth_socket, None)?;
        let realm = settings.read("realm", flags.realm, Some("gate"))?;
        let scope = settings.read("scope", flags.scope, scope)?;
        check_realm(realm.text()).map_err(|rule| realm.fault(&format!("is wrong: {rule}")))?;
        let parse = |text: &str| {
            Scope::parse(text).map_err(|rule| scope.fault(&format!("is wrong: {rule}")))
        };
        Ok(Self {
            auth_socket: socket.path()?.filter(|path| !path.as_os_str().is_empty()).ok_or_else(
                || {
                    let what = "is missing; give the path that photoprismd has as --auth-socket";
                    socket.fault(what)
                },
            )?,
            realm: realm.text().to_owned(),
            scope: scope.text.as_deref().map(parse).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_the_names_of_flags() {
        assert_eq!(variable("max-connections"), "PHOTOPRISM_GATE_MAX_CONNECTIONS");
        assert_eq!(variable("auth-socket"), "PHOTOPRISM_AUTH_SOCKET");
    }

    #[test]
    fn numbers_are_plain_and_within_their_bounds() {
        let number =
            |text: &str| Given { name: "ok", text: Some(text.into()) }.number::<usize>(1, 300);
        assert_eq!([number("1"), number("300"), number("007")], [Some(1), Some(300), Some(7)]);
        for bad in ["", "0", "301", "+5", "-1", "1.0", " 1", "99999999999999999999999"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
