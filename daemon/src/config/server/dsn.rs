//! PhotoPrism's data source names: `user:password@protocol(address)/schema?parameters`, as its
//! database driver for Go takes them.

use percent_encoding::percent_decode_str;
use photoprism_protocol::secret::Secret;

use super::parts::{Parts, host_and_port};
use super::url::{NO_TLS, is_tls};

/// The values of `tls` that ask for none.
const PLAIN: [&str; 4] = ["", "false", "0", "preferred"];

/// The parts of a data source name. No message repeats any of it.
pub(super) fn parse(text: &str) -> Result<Parts, String> {
    let (front, parameters) = match text.rfind('/') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => return Err("has no `/` before the name of the schema".into()),
    };
    let (schema, parameters) = parameters.split_once('?').unwrap_or((parameters, ""));
    for parameter in parameters.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if is_tls(name) && !PLAIN.contains(&&*value.to_ascii_lowercase()) {
            return Err(NO_TLS.into());
        }
    }
    let (login, place) = front.rsplit_once('@').unwrap_or(("", front));
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(password.to_owned()))),
        None => (login, None),
    };
    let schema = percent_decode_str(schema).decode_utf8().map_err(|_| "is not UTF-8")?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let parts = Parts { user: some(user), password, schema: some(&schema), ..Parts::default() };
    at(place, parts)
}

/// Adds `protocol(address)` to the parts.
fn at(place: &str, parts: Parts) -> Result<Parts, String> {
    let (protocol, address) = match place.split_once('(') {
        Some((protocol, rest)) => {
            (protocol, rest.strip_suffix(')').ok_or("has a `(` without its `)`")?)
        }
        None => (place, ""),
    };
    match protocol {
        "unix" if address.starts_with('/') => Ok(Parts { socket: Some(address.into()), ..parts }),
        "unix" => Err("has a socket that is not an absolute path".into()),
        "" | "tcp" => {
            let (name, port) = host_and_port(address)?;
            Ok(Parts { name, port, ..parts })
        }
        _ => Err("has a protocol that is neither tcp nor unix".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, shown, password) in [
            (
                "photoprism:insecure@tcp(mariadb:3306)/photoprism?charset=utf8mb4,utf8&parseTime=true",
                "mysql://photoprism@mariadb:3306/photoprism",
                Some("insecure"),
            ),
            ("bob:a:b@c/d@tcp([::1])/x", "mysql://bob@[::1]:3306/x", Some("a:b@c/d")),
            ("bob@unix(/run/s.sock)/x?tls=false", "mysql://bob@/x?socket=/run/s.sock", None),
            ("bob@/x", "mysql://bob@localhost:3306/x", None),
            ("/x", "mysql://photoprism@localhost:3306/x", None),
            ("bob@(db:1)/", "mysql://bob@db:1/photoprism", None),
        ] {
            let address = parse(text).map(Parts::address).unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(address.password.as_ref().map(Secret::expose), password, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_repeating_it() {
        for (text, why) in [
            ("bob:canary@tcp(db)", "no `/`"),
            ("bob:canary@tcp(db/x", "without its"),
            ("bob:canary@udp(db)/x", "neither"),
            ("bob:canary@unix(s)/x", "absolute"),
            ("bob:canary@tcp(db)/x?tls=skip-verify", "TLS"),
            ("bob:canary@tcp(db:port)/x", "port"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("canary"), "{text}: {error}");
        }
    }
}
