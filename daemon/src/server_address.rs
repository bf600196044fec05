//! The address of a schema of a MariaDB server, with who logs in there.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use photoprism_protocol::secret::Secret;

/// The port of MariaDB.
pub const PORT: u16 = 3306;

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// By a name or an address, the latter without brackets.
    Tcp {
        /// Resolved anew for each connection.
        name: String,
        /// Its port.
        port: u16,
    },
    /// By a Unix socket.
    Socket(PathBuf),
}

/// The address of a schema. `Debug` and `Display` hide the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// How the server is reached.
    pub host: Host,
    /// Who logs in.
    pub user: String,
    /// With which password; `None` without one.
    pub password: Option<Secret>,
    /// The database of the server.
    pub schema: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
}

/// What need not be escaped in a part of a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in the path of a socket.
const PLAIN_PATH: &AsciiSet = &PLAIN.remove(b'/');

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mysql://{}@", utf8_percent_encode(&self.user, PLAIN))?;
        let schema = utf8_percent_encode(&self.schema, PLAIN);
        match &self.host {
            Host::Tcp { name, port } if name.contains(':') => write!(f, "[{name}]:{port}/{schema}"),
            Host::Tcp { name, port } => write!(f, "{name}:{port}/{schema}"),
            Host::Socket(path) => {
                let path = path.to_string_lossy();
                write!(f, "/{schema}?socket={}", utf8_percent_encode(&path, PLAIN_PATH))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: Host) -> ServerAddress {
        ServerAddress {
            host,
            user: "photo prism".into(),
            password: Some(Secret::new("canary".into())),
            schema: "photos/all".into(),
            connect_timeout: Duration::from_secs(15),
        }
    }

    #[test]
    fn an_address_is_shown_as_a_url_without_its_password() {
        let tcp = |name: &str| Host::Tcp { name: name.into(), port: 3307 };
        for (host, shown) in [
            (tcp("mariadb"), "mysql://photo%20prism@mariadb:3307/photos%2Fall"),
            (tcp("::1"), "mysql://photo%20prism@[::1]:3307/photos%2Fall"),
            (
                Host::Socket("/run/my sql/s.sock".into()),
                "mysql://photo%20prism@/photos%2Fall?socket=/run/my%20sql/s.sock",
            ),
        ] {
            let address = address(host);
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address} {address:?}").contains("canary"));
        }
    }
}
