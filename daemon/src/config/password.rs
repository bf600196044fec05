//! Where the first account's password comes from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use photoprism_protocol::secret::Secret;

use super::error::{ConfigError, Source};
use super::file::{self, When};
use super::table::Id;
use super::values::Values;

/// Far more than a password or a hash needs.
const MOST_BYTES: u64 = 4096;

/// Where the password is; it is read only by a start that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdminPassword {
    /// No password is configured.
    None,
    /// In the variable of the environment.
    Environment,
    /// In this file, the one of `--config`.
    ConfigFile(PathBuf, Source),
    /// It was in a `--config` file that came through a pipe, and cannot be read again.
    Fixed(Secret, Source),
    /// In a file that contains nothing else.
    File(PathBuf, Source),
}

impl AdminPassword {
    /// From the values; `config` is the file of `--config`, `piped` the password that was in it
    /// where it came through a pipe.
    pub(crate) fn choose(
        values: &Values,
        config: Option<&Path>,
        piped: Option<&Secret>,
    ) -> Result<Self, ConfigError> {
        if let Some(path) = values.raw(Id::AdminPasswordFile) {
            let path = std::path::absolute(path)
                .map_err(|error| values.refuse(Id::AdminPasswordFile, error.to_string()))?;
            return Ok(Self::File(path, values.source(Id::AdminPasswordFile).clone()));
        }
        Ok(match (values.source(Id::AdminPassword), config) {
            (Source::Environment(_), _) => Self::Environment,
            (source @ Source::File { .. }, Some(path)) => match piped {
                Some(password) => Self::Fixed(password.clone(), source.clone()),
                None => Self::ConfigFile(path.to_owned(), source.clone()),
            },
            (Source::Default | Source::Flag(_) | Source::File { .. }, _) => Self::None,
        })
    }

    /// The setting that provides it, for messages about its value.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::None => Source::Default,
            Self::Environment => Source::Environment(Id::AdminPassword.setting().env),
            Self::ConfigFile(_, source) | Self::Fixed(_, source) | Self::File(_, source) => {
                source.clone()
            }
        }
    }

    /// The error for a password that breaks a rule; `why` never contains the password.
    pub(crate) fn refuse(&self, why: impl Into<String>) -> ConfigError {
        let id = match self {
            Self::File(..) => Id::AdminPasswordFile,
            Self::None | Self::Environment | Self::ConfigFile(..) | Self::Fixed(..) => {
                Id::AdminPassword
            }
        };
        ConfigError::Setting { name: id.setting().name, why: why.into(), from: self.source() }
    }

    /// Reads it; `None` where none is configured. A file is read as [`Secret::from_file_text`].
    ///
    /// # Errors
    /// The file or the variable cannot be read.
    pub(crate) fn read(
        &self,
        env: &dyn Fn(&str) -> Option<OsString>,
        when: When,
    ) -> Result<Option<Secret>, ConfigError> {
        let name = Id::AdminPassword.setting().env;
        match self {
            Self::None => Ok(None),
            Self::Environment => match env(name).map(OsString::into_string) {
                None => Ok(None),
                Some(Ok(text)) => Ok(Some(Secret::new(text))),
                Some(Err(_)) => Err(self.refuse("is not valid UTF-8 text")),
            },
            Self::ConfigFile(path, _) => {
                let file = file::read(path, when).map_err(|why| self.refuse(why))?;
                file::admin_password(path, &file.text)
            }
            Self::Fixed(password, _) => Ok(Some(password.clone())),
            Self::File(path, _) => {
                let file = file::read_at_most(path, MOST_BYTES, when);
                let text = file.map_err(|why| self.refuse(why))?.text;
                Ok(Some(Secret::from_file_text(&text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::Machine;

    const PASSWORD: &str = "PHOTOPRISM_ADMIN_PASSWORD";
    const FILE: &str = "PHOTOPRISM_ADMIN_PASSWORD_FILE";

    fn read(machine: &Machine, args: &[&str]) -> Result<Option<String>, ConfigError> {
        let settings = machine.run(args).unwrap().settings;
        let secret = settings.admin_password.read(&machine.lookup(), When::Start)?;
        Ok(secret.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn without_one_there_is_none() {
        assert_eq!(read(&Machine::new(), &[]), Ok(None));
        assert_eq!(read(&Machine::new().env(PASSWORD, "").env(FILE, ""), &[]), Ok(None));
    }

    #[test]
    fn the_file_wins_over_the_variable_wherever_it_is_named() {
        let machine = Machine::new().env(PASSWORD, "from-env");
        assert_eq!(read(&machine, &[]), Ok(Some("from-env".into())));
        let file = machine.file("password", "from-file\n");
        assert_eq!(read(&machine, &["--admin-password-file", &file]), Ok(Some("from-file".into())));
        let config = machine.file("settings", &format!("{FILE}={file}\n"));
        assert_eq!(read(&machine, &["--config", &config]), Ok(Some("from-file".into())));
        assert_eq!(read(&machine.env(FILE, &file), &[]), Ok(Some("from-file".into())));
    }

    #[test]
    fn a_newline_and_a_byte_order_mark_are_stripped() {
        let machine = Machine::new();
        for (text, password) in [
            ("a b", "a b"),
            ("ab\n", "ab"),
            ("ab\r\n", "ab"),
            ("ab\n\n", "ab\n"),
            (" ab \n", " ab "),
            ("\u{feff}ab\r\n", "ab"),
            ("", ""),
            ("\n", ""),
        ] {
            let file = machine.file("password", text);
            let given = read(&machine, &["--admin-password-file", &file]);
            assert_eq!(given, Ok(Some(password.into())), "{text:?}");
        }
    }

    #[test]
    fn in_the_config_file_it_is_taken_literally() {
        let machine = Machine::new();
        let config = machine.file("settings", &format!("{PASSWORD}= \"a=b#\" \r\n"));
        assert_eq!(read(&machine, &["--config", &config]), Ok(Some(" \"a=b#\" ".into())));
        let machine = machine.env(PASSWORD, "from-env");
        assert_eq!(read(&machine, &["--config", &config]), Ok(Some("from-env".into())));
    }

    #[test]
    fn a_file_that_cannot_be_read_stops_only_the_start_that_needs_it() {
        let machine = Machine::new();
        let error = read(&machine, &["--admin-password-file", "/nowhere/at/all"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let message = error.to_string();
        assert!(message.starts_with("admin-password-file: \"/nowhere/at/all\" cannot be read"));
        assert!(message.ends_with("(from --admin-password-file)"), "{message}");
        let file = machine.file("password", &"x".repeat(4097));
        let error = read(&machine, &["--admin-password-file", &file]).unwrap_err().to_string();
        assert!(error.contains("larger than 4096") && !error.contains("xxx"), "{error}");
    }
}
