//! `mysql://[USER@]HOST[:PORT]/SCHEMA[?socket=PATH]`.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use photoprism_protocol::secret::Secret;

use super::parts::{Parts, host_and_port};

const SCHEMES: [&str; 2] = ["mysql://", "mariadb://"];

/// Whether a value of `--database` is such a URL.
pub(crate) fn is_url(text: &str) -> bool {
    rest_of(text).is_some()
}

fn rest_of(text: &str) -> Option<&str> {
    SCHEMES.iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Separates the password from a URL.
pub(crate) fn without_password(text: &str) -> (String, Option<Secret>) {
    let whole = || (text.to_owned(), None);
    let Some(rest) = rest_of(text) else { return whole() };
    let scheme = &text[..text.len() - rest.len()];
    let (authority, behind) = authority(rest);
    let Some((login, host)) = authority.rsplit_once('@') else { return whole() };
    let Some((user, password)) = login.split_once(':') else { return whole() };
    let password = Secret::new(percent_decode_str(password).decode_utf8_lossy().into_owned());
    (format!("{scheme}{user}@{host}{behind}"), Some(password))
}

/// What is before the schema, and the rest. A password may contain a `/` where nobody escaped it:
/// the last `@` before the parameters ends it.
fn authority(rest: &str) -> (&str, &str) {
    let parameters = rest.find('?').unwrap_or(rest.len());
    let from = rest[..parameters].rfind('@').unwrap_or(0);
    rest.split_at(rest[from..parameters].find('/').map_or(parameters, |at| from + at))
}

/// The parts of a URL that has no password.
pub(super) fn parse(text: &str) -> Result<Parts, String> {
    let rest = rest_of(text).ok_or("does not begin with mysql:// or mariadb://")?;
    if rest.contains('#') {
        return Err("has a `#`, which begins nothing here: write it as %23".into());
    }
    let (authority, behind) = authority(rest);
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (user, host),
        None => ("", authority),
    };
    let (name, port) = host_and_port(host)?;
    let schema = path.strip_prefix('/').unwrap_or(path);
    if schema.contains('/') {
        return Err("has more than the name of the schema behind the host".into());
    }
    Ok(Parts {
        user: text_of(user)?,
        name,
        port,
        socket: socket(query)?,
        schema: text_of(schema)?,
        ..Parts::default()
    })
}

/// The socket, which is the one parameter that there is.
fn socket(query: &str) -> Result<Option<PathBuf>, String> {
    let mut socket = None;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "socket" if socket.is_none() => {
                let path = text_of(value)?.unwrap_or_default();
                if !path.starts_with('/') {
                    return Err("has a socket that is not an absolute path".into());
                }
                socket = Some(path.into());
            }
            "socket" => return Err("has two sockets".into()),
            name if is_tls(name) => return Err(NO_TLS.into()),
            _ => {
                return Err("has a parameter other than `socket`, which is the only one: \
                     mysql://USER@HOST:PORT/SCHEMA"
                    .into());
            }
        }
    }
    Ok(socket)
}

/// Whether a parameter asks for TLS, in the words of MariaDB's and other drivers.
pub(super) fn is_tls(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "tls" || name.starts_with("ssl") || name.starts_with("tls-") || name == "require-ssl"
}

/// Why TLS is refused, and what there is in its place.
pub(super) const NO_TLS: &str = "asks for TLS, which is not supported yet: reach the server by its \
     Unix socket, by loopback, or by a network of the containers' own; for a server elsewhere let a \
     tunnel (stunnel, WireGuard, ssh -L) end at this machine";

fn text_of(encoded: &str) -> Result<Option<String>, String> {
    let decoded = percent_decode_str(encoded).decode_utf8();
    let text = decoded.map_err(|_| "has an escape that is not UTF-8")?.into_owned();
    if text.contains(char::is_control) {
        return Err("has a control character in it".into());
    }
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        parse(text).map(|parts| parts.address().to_string())
    }

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("mysql://", "mysql://photoprism@localhost:3306/photoprism"),
            ("mysql:///", "mysql://photoprism@localhost:3306/photoprism"),
            ("mariadb://db", "mysql://photoprism@db:3306/photoprism"),
            ("MySQL://bob@db:3307/photos", "mysql://bob@db:3307/photos"),
            ("mysql://b%40b@[::1]/a%2Fb", "mysql://b%40b@[::1]:3306/a%2Fb"),
            (
                "mysql://bob@/photos?socket=/run/a%20b.sock",
                "mysql://bob@/photos?socket=/run/a%20b.sock",
            ),
            ("mysql://?socket=/s&", "mysql://photoprism@/photoprism?socket=/s"),
            ("mysql://db?socket=/s", "mysql://photoprism@/photoprism?socket=/s"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, why) in [
            ("mysql:/x", "begin with"),
            ("mysql://db/a/b", "more than the name"),
            ("mysql://db/a#b", "%23"),
            ("mysql://db:x/a", "port"),
            ("mysql://db/a?socket=s", "absolute"),
            ("mysql://db/a?socket=/s&socket=/t", "two sockets"),
            ("mysql://db/a?charset=utf8", "the only one"),
            ("mysql://db/a?ssl-mode=REQUIRED", "TLS"),
            ("mysql://db/a?SSL_MODE=required", "TLS"),
            ("mysql://db/a?tls=true", "TLS"),
            ("mysql://db/%ff", "UTF-8"),
            ("mysql://db/a%0ab", "control"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_taken_out_whatever_is_in_it() {
        for (text, rest, password) in [
            ("mysql://bob:secret@db/x", "mysql://bob@db/x", Some("secret")),
            ("mysql://bob:a%40b@db", "mysql://bob@db", Some("a@b")),
            ("mysql://bob:a@b/c:d@db/x", "mysql://bob@db/x", Some("a@b/c:d")),
            ("mysql://bob:@db/x?socket=/s", "mysql://bob@db/x?socket=/s", Some("")),
            ("mysql://bob@db:3306/x", "mysql://bob@db:3306/x", None),
            ("mysql://db:3306/x", "mysql://db:3306/x", None),
            ("/a:b@c", "/a:b@c", None),
        ] {
            let (found, secret) = without_password(text);
            assert_eq!((&*found, secret.as_ref().map(Secret::expose)), (rest, password), "{text}");
        }
    }
}
