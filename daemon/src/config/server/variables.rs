//! PhotoPrism's own variables about its database.

use std::ffi::OsString;
use std::path::Path;

use photoprism_protocol::secret::Secret;

use super::dsn;
use super::parts::{Parts, host_and_port};
use super::password_of_file;

const SERVER: &str = "PHOTOPRISM_DATABASE_SERVER";
const NAME: &str = "PHOTOPRISM_DATABASE_NAME";
const USER: &str = "PHOTOPRISM_DATABASE_USER";
const PASSWORD: &str = "PHOTOPRISM_DATABASE_PASSWORD";
const PASSWORD_FILE: &str = "PHOTOPRISM_DATABASE_PASSWORD_FILE";
const DSN: &str = "PHOTOPRISM_DATABASE_DSN";
const TIMEOUT: &str = "PHOTOPRISM_DATABASE_TIMEOUT";

const ALL: [&str; 7] = [SERVER, NAME, USER, PASSWORD, PASSWORD_FILE, DSN, TIMEOUT];

/// What they were at the start. Each may have a password in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(Vec<(&'static str, Secret)>);

impl Variables {
    /// Those that are set; one that is not UTF-8 counts as empty.
    pub(crate) fn gather(env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let given = |name| Some((name, Secret::new(env(name)?.into_string().unwrap_or_default())));
        Self(ALL.into_iter().filter_map(given).collect())
    }

    /// The parts that they give.
    ///
    /// # Errors
    /// As [`read`].
    pub(super) fn read(&self) -> Result<Parts, String> {
        read(&|name| {
            let found = self.0.iter().find(|variable| variable.0 == name)?;
            Some(found.1.expose().to_owned())
        })
    }
}

/// The parts that PhotoPrism's variables give, trimmed as it trims them.
///
/// # Errors
/// One of them is not usable, or they contradict each other; no message has a password in it.
fn read(variables: &dyn Fn(&str) -> Option<String>) -> Result<Parts, String> {
    let given = |name: &str| {
        let text = variables(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let mut parts = Parts { schema: given(NAME), user: given(USER), ..Parts::default() };
    if let Some(server) = given(SERVER) {
        if server.starts_with('/') {
            parts.socket = Some(server.into());
        } else {
            let found =
                host_and_port(&server).map_err(|why| format!("the variable {SERVER} {why}"));
            (parts.name, parts.port) = found?;
        }
    }
    parts.password = password(&given)?;
    let timeout = given(TIMEOUT).map(|text| text.parse());
    let timeout =
        timeout.transpose().map_err(|_| format!("the variable {TIMEOUT} is not a number"));
    parts.timeout = timeout?;
    match given(DSN) {
        None => Ok(parts),
        Some(text) => {
            let dsn = dsn::parse(&text).map_err(|why| format!("the variable {DSN} {why}"))?;
            merged(dsn, &parts)
        }
    }
}

fn password(given: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, String> {
    if let Some(password) = given(PASSWORD) {
        return Ok(Some(Secret::new(password)));
    }
    let Some(path) = given(PASSWORD_FILE) else { return Ok(None) };
    let password = password_of_file(Path::new(&path))
        .map_err(|why| format!("the file of the variable {PASSWORD_FILE} cannot be used: {why}"))?;
    Ok(Some(Secret::new(password.expose().trim().to_owned())))
}

/// PhotoPrism uses the data source name alone where there is one.
fn merged(dsn: Parts, others: &Parts) -> Result<Parts, String> {
    let is_other = |parts: &Parts| {
        let place = |parts: &Parts| parts.clone().or(Parts::default()).address().host;
        (parts.name.is_some() || parts.socket.is_some()) && place(parts) != place(&dsn)
    };
    if is_other(others) {
        return Err(format!(
            "the variables {SERVER} and {DSN} name different servers: remove the one that is wrong"
        ));
    }
    let timeout = others.timeout;
    Ok(Parts { timeout, ..dsn })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<(String, Option<String>), String> {
        let of = |name: &str| {
            variables.iter().find(|known| known.0 == name).map(|known| known.1.to_owned())
        };
        let address = read(&of)?.address();
        let password = address.password.as_ref().map(|password| password.expose().to_owned());
        Ok((address.to_string(), password))
    }

    #[test]
    fn they_are_read_as_photoprism_reads_them() {
        let server =
            [(SERVER, " mariadb:3307 "), (NAME, "photos"), (USER, "pp"), (PASSWORD, " a b ")];
        let expected = ("mysql://pp@mariadb:3307/photos".to_owned(), Some("a b".to_owned()));
        assert_eq!(found(&server), Ok(expected.clone()));
        assert_eq!(
            found(&[(SERVER, "/run/s.sock")]).unwrap().0.split_once('?').unwrap().1,
            "socket=/run/s.sock"
        );
        let dsn = [(DSN, "pp:a b@tcp(mariadb:3307)/photos"), (USER, "somebody"), (TIMEOUT, "30")];
        assert_eq!(found(&dsn), Ok(expected.clone()));
        let both = [(DSN, "pp:a b@tcp(mariadb:3307)/photos"), (SERVER, "mariadb:3307")];
        assert_eq!(found(&both), Ok(expected));
        assert_eq!(
            found(&[]).unwrap(),
            ("mysql://photoprism@localhost:3306/photoprism".into(), None)
        );
    }

    #[test]
    fn a_password_comes_from_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        std::fs::write(&path, "canary\n").unwrap();
        let file = [(PASSWORD_FILE, path.to_str().unwrap())];
        assert_eq!(found(&file).unwrap().1.as_deref(), Some("canary"));
        let missing = directory.path().join("nothing");
        let why = found(&[(PASSWORD_FILE, missing.to_str().unwrap())]).unwrap_err();
        assert!(why.contains(PASSWORD_FILE), "{why}");
    }

    #[test]
    fn what_contradicts_is_refused() {
        let both = [(DSN, "pp:canary@tcp(mariadb)/x"), (SERVER, "other")];
        for (variables, why) in [
            (&both[..], "different servers"),
            (&[(DSN, "pp:canary@tcp(mariadb)/x?tls=true")], "TLS"),
            (&[(SERVER, "a:b")], "port"),
            (&[(TIMEOUT, "soon")], "not a number"),
        ] {
            let error = found(variables).unwrap_err();
            assert!(error.contains(why) && !error.contains("canary"), "{error}");
        }
    }
}
