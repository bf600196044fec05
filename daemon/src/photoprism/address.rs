//! Where a running PhotoPrism answers.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use photoprism_protocol::setting_path::check_path;

/// Bytes of the longest path of a Unix socket.
const LONGEST_SOCKET: usize = 107;

/// The port of `http://` where none is given.
const PORT: u16 = 80;

/// The forms of an address, for messages.
const FORMS: &str = "http://HOST[:PORT][/BASE] or unix:/PATH";

/// How it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name or an address, the latter without brackets.
    Tcp { name: String, port: u16 },
    /// A Unix socket.
    Unix(PathBuf),
}

/// The address of a running PhotoPrism.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(super) host: Host,
    /// What comes before `/api`, without a slash at its end.
    pub(super) base: String,
}

impl Address {
    /// Parses the setting `photoprism-url`. A message never repeats what may be a password.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(if text.starts_with("https://") {
                "https:// is not supported: let PhotoPrism answer without TLS on its own port \
                 (PHOTOPRISM_DISABLE_TLS=\"true\"), with a proxy for TLS before it, and give that as \
                 http://HOST:PORT"
                    .into()
            } else {
                format!("is not of the form {FORMS}")
            });
        };
        let (authority, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains('@') {
            return Err(
                "must not contain a user or a password: the daemon makes a session of its own"
                    .into(),
            );
        }
        let (name, port) = host_and_port(authority)?;
        Ok(Self { host: Host::Tcp { name, port }, base: checked_base(base)? })
    }

    /// Whether what is sent there stays on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.host {
            Host::Unix(_) => true,
            Host::Tcp { name, .. } => match name.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => name == "localhost",
            },
        }
    }

    /// The value of the header `Host`.
    pub(super) fn host_header(&self) -> String {
        match &self.host {
            Host::Unix(_) => "localhost".into(),
            Host::Tcp { name, port } if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp { name, port } => format!("{name}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Unix(path) => write!(f, "unix:{}", path.display()),
            Host::Tcp { .. } => write!(f, "http://{}{}", self.host_header(), self.base),
        }
    }
}

fn unix(path: &str) -> Result<Address, String> {
    if !path.starts_with('/') {
        return Err("the path behind unix: must be absolute".into());
    }
    check_path(path.as_ref()).map_err(|rule| rule.as_str().to_owned())?;
    if path.len() > LONGEST_SOCKET {
        return Err(format!("the path of a socket has at most {LONGEST_SOCKET} bytes"));
    }
    Ok(Address { host: Host::Unix(path.into()), base: String::new() })
}

fn host_and_port(authority: &str) -> Result<(String, u16), String> {
    let form = || format!("is not of the form {FORMS}");
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (name, port) = rest.split_once(']').ok_or_else(form)?;
            if name.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(form());
            }
            (name, port.strip_prefix(':').or((port.is_empty()).then_some("80")).ok_or_else(form)?)
        }
        None => match authority.split_once(':') {
            Some((name, port)) => (name, port),
            None => (authority, "80"),
        },
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    let bracketed = authority.starts_with('[');
    if name.is_empty() || !name.chars().all(plain) || (name.contains(':') && !bracketed) {
        return Err(form());
    }
    let port = if port == "80" { Some(PORT) } else { digits(port) };
    let port = port.filter(|port| *port > 0).ok_or_else(|| "the port is 1 to 65535".to_owned())?;
    Ok((name.to_owned(), port))
}

fn digits(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A path as it may be sent: without a query, a fragment, blanks or control characters.
fn checked_base(path: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\');
    if !path.bytes().all(plain) {
        return Err(
            "the path must not contain ? # \" \\, blanks or other than ASCII characters".into()
        );
    }
    Ok(path.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_taken_and_shown() {
        for (given, shown, local) in [
            ("http://127.0.0.1:2342", "http://127.0.0.1:2342", true),
            ("http://localhost:2342/", "http://localhost:2342", true),
            ("http://[::1]:2342/photos/", "http://[::1]:2342/photos", true),
            ("http://photoprism:2342", "http://photoprism:2342", false),
            ("http://photo_prism.lan/base/two", "http://photo_prism.lan:80/base/two", false),
            ("http://192.0.2.7", "http://192.0.2.7:80", false),
            ("http://[2001:db8::1]", "http://[2001:db8::1]:80", false),
            ("unix:/run/photoprism/http.sock", "unix:/run/photoprism/http.sock", true),
        ] {
            let address = Address::parse(given).unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.is_local()),
                (shown, local),
                "{given}"
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_a_password() {
        for (given, why) in [
            ("", "is not of the form"),
            ("photoprism:2342", "is not of the form"),
            ("ftp://photoprism", "is not of the form"),
            ("HTTP://photoprism", "is not of the form"),
            ("https://photoprism:2342", "PHOTOPRISM_DISABLE_TLS"),
            ("http://", "is not of the form"),
            ("http://:2342", "is not of the form"),
            ("http://::1:2342", "is not of the form"),
            ("http://[::1", "is not of the form"),
            ("http://[photoprism]:1", "is not of the form"),
            ("http://photo prism", "is not of the form"),
            ("http://photoprism:0", "the port is"),
            ("http://photoprism:65536", "the port is"),
            ("http://photoprism:+80", "the port is"),
            ("http://admin:canary@photoprism", "user or a password"),
            ("http://canary@photoprism/x", "user or a password"),
            ("http://photoprism/x?token=canary", "must not contain ?"),
            ("http://photoprism/a b", "must not contain"),
            ("http://photoprism/\r\nX-Auth-Token:canary", "must not contain"),
            ("unix:run/sock", "absolute"),
            ("unix:/run/sock ", "blank"),
        ] {
            let found = Address::parse(given).unwrap_err();
            assert!(found.contains(why), "{given}: {found}");
            assert!(!found.contains("canary"), "{found}");
        }
        assert!(Address::parse(&format!("unix:/{}", "x".repeat(107))).is_err());
    }
}
