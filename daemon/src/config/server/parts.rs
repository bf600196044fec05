//! What of an address was given.

use std::path::PathBuf;
use std::time::Duration;

use photoprism_protocol::secret::Secret;

use crate::server_address::{Host, PORT, ServerAddress};

/// PhotoPrism's name of the schema and of its user, where it is given none.
const PHOTOPRISM: &str = "photoprism";

/// PhotoPrism's time-out, in seconds.
const TIMEOUT: u64 = 15;

/// The longest time-out that PhotoPrism takes, in seconds.
const LONGEST_TIMEOUT: u64 = 60;

/// The parts of an address that one source gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// A name or an address, without brackets.
    pub(super) name: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) socket: Option<PathBuf>,
    pub(super) schema: Option<String>,
    pub(super) timeout: Option<u64>,
}

impl Parts {
    /// What is left out is taken from another source. Where the server is, is taken from one of
    /// them as a whole, and so is who logs in.
    pub(super) fn or(self, other: Self) -> Self {
        let elsewhere = self.name.is_some() || self.socket.is_some();
        let (name, port, socket) = if elsewhere {
            (self.name, self.port, self.socket)
        } else {
            (other.name, self.port.or(other.port), other.socket)
        };
        let somebody = self.user.as_ref().is_some_and(|user| other.user.as_ref() != Some(user));
        let password = self.password.or(other.password.filter(|_| !somebody));
        Self {
            user: self.user.or(other.user),
            password,
            name,
            port,
            socket,
            schema: self.schema.or(other.schema),
            timeout: self.timeout.or(other.timeout),
        }
    }

    /// The address, with PhotoPrism's defaults.
    pub(super) fn address(self) -> ServerAddress {
        let host = match self.socket {
            Some(path) => Host::Socket(path),
            None => Host::Tcp {
                name: self.name.unwrap_or_else(|| "localhost".into()),
                port: self.port.unwrap_or(PORT),
            },
        };
        let timeout = self.timeout.unwrap_or(TIMEOUT).clamp(1, LONGEST_TIMEOUT);
        ServerAddress {
            host,
            user: self.user.unwrap_or_else(|| PHOTOPRISM.into()),
            password: self.password.filter(|password| !password.expose().is_empty()),
            schema: self.schema.unwrap_or_else(|| PHOTOPRISM.into()),
            connect_timeout: Duration::from_secs(timeout),
        }
    }
}

/// The host and the port of `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; both may be empty.
pub(super) fn host_and_port(text: &str) -> Result<(Option<String>, Option<u16>), String> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or("has a `[` without its `]`")?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some("") => None,
        Some(digits) => {
            let port = digits.parse().ok().filter(|port| *port != 0);
            Some(port.ok_or("has a port that is not a number from 1 to 65535; an IPv6 address is written in brackets: [::1]")?)
        }
        None if rest.is_empty() => None,
        None => return Err("has something other than a port behind the `]`".into()),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
    if !host.chars().all(is_plain) {
        return Err("has a host that is neither a name nor an address".into());
    }
    Ok(((!host.is_empty()).then(|| host.to_owned()), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn hosts_have_the_forms_of_a_url() {
        let found = |text| host_and_port(text).map(|(host, port)| (host.unwrap_or_default(), port));
        for (text, host, port) in [
            ("", "", None),
            ("mariadb", "mariadb", None),
            ("mariadb:", "mariadb", None),
            ("mariadb:3307", "mariadb", Some(3307)),
            (":3307", "", Some(3307)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]", "::1", None),
            ("[fe80::1%eth0]:65535", "fe80::1%eth0", Some(65_535)),
        ] {
            assert_eq!(found(text), Ok((host.into(), port)), "{text}");
        }
        for text in ["::1", "a:0", "a:65536", "a:b", "[::1", "[::1]x", "a b", "a(b)"] {
            assert!(found(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_left_out_is_photoprism_s() {
        let photoprism = Parts {
            user: Some("pp".into()),
            password: Some(secret("secret")),
            name: Some("mariadb".into()),
            port: Some(3310),
            schema: Some("photos".into()),
            timeout: Some(600),
            ..Parts::default()
        };
        let address = Parts::default().or(photoprism.clone()).address();
        assert_eq!(address.to_string(), "mysql://pp@mariadb:3310/photos");
        assert_eq!(address.password, Some(secret("secret")));
        assert_eq!(address.connect_timeout, Duration::from_mins(1));
        let there = Parts { socket: Some("/s".into()), ..Parts::default() };
        assert_eq!(
            there.or(photoprism.clone()).address().to_string(),
            "mysql://pp@/photos?socket=/s"
        );
        let there = Parts { name: Some("db".into()), ..Parts::default() };
        let address = there.or(photoprism.clone()).address();
        assert_eq!(
            address.to_string(),
            "mysql://pp@db:3306/photos",
            "its port is another server's"
        );
        // The password of somebody else is not tried, and not sent anywhere.
        let other = Parts { user: Some("admin".into()), ..Parts::default() };
        assert_eq!(other.or(photoprism).address().password, None);
    }

    #[test]
    fn where_nothing_is_given_there_are_photoprism_s_defaults() {
        let address = Parts::default().address();
        assert_eq!(address.to_string(), "mysql://photoprism@localhost:3306/photoprism");
        assert_eq!((address.password, address.connect_timeout), (None, Duration::from_secs(15)));
        let empty =
            Parts { password: Some(secret("")), timeout: Some(0), ..Parts::default() }.address();
        assert_eq!((empty.password, empty.connect_timeout), (None, Duration::from_secs(1)));
    }
}
