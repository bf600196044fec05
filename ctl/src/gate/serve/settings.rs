//! The settings of `serve`, checked.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use photoprism_protocol::secret::Secret;

use crate::gate::address::Trust;
use crate::gate::cli::ServeFlags;
use crate::gate::error::GateError;
use crate::gate::settings::{Common, Given, Settings};

/// Most connections that may be asked for.
const MOST_CONNECTIONS: usize = 10_000;

/// Longest secret for introspection, in bytes.
const LONGEST_SECRET: u64 = 4096;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
    /// All sockets that systemd passed.
    Passed,
}

#[derive(Debug)]
pub(super) struct ServeSettings {
    pub common: Common,
    pub places: Vec<Place>,
    /// Of Unix sockets.
    pub mode: u32,
    /// Of Unix sockets, a name or a number.
    pub group: Option<String>,
    pub trust: Trust,
    pub ok: u16,
    pub limited_status: u16,
    pub max_connections: usize,
    pub introspect_secret: Option<Secret>,
}

/// The settings, and a line for each.
pub(super) fn read(flags: ServeFlags) -> Result<(ServeSettings, String), GateError> {
    let mut settings = Settings::default();
    let common = Common::read(&mut settings, flags.common, None)?;
    let listen = (!flags.listen.is_empty()).then(|| flags.listen.join(","));
    let listen = settings.read("listen", listen, Some("127.0.0.1:8081"))?;
    let mode = settings.read("mode", flags.mode, Some("0660"))?;
    let group = settings.read("group", flags.group, None)?;
    let trust = settings.read("trust", flags.trust, Some("127.0.0.0/8,::1/128,unix"))?;
    let ok = settings.read("ok", flags.ok, Some("204"))?;
    let limited = settings.read("limited-status", flags.limited_status, Some("429"))?;
    let most = settings.read("max-connections", flags.max_connections, Some("256"))?;
    let secret = settings.read("introspect-secret-file", flags.introspect_secret_file, None)?;
    let found = ServeSettings {
        common,
        places: listen
            .text()
            .split(',')
            .map(|text| place(&listen, text))
            .collect::<Result<_, _>>()?,
        mode: mode_of(&mode)?,
        group: group.text,
        trust: Trust::parse(trust.text()).map_err(|entry| {
            trust.fault(&format!(
                "has {entry:?}, which is not a network; give networks such as 10.0.0.0/8, the \
                 word unix, or none"
            ))
        })?,
        ok: one_of(&ok, [204, 200])?,
        limited_status: one_of(&limited, [429, 401])?,
        max_connections: most.number(1, MOST_CONNECTIONS).ok_or_else(|| {
            most.fault(&format!(
                "is not a number of connections; give one of 1 to {MOST_CONNECTIONS}"
            ))
        })?,
        introspect_secret: introspect_secret(&secret)?,
    };
    Ok((found, settings.report().to_owned()))
}

fn place(listen: &Given, text: &str) -> Result<Place, GateError> {
    let text = text.trim_matches(' ');
    if text == "systemd" {
        return Ok(Place::Passed);
    }
    if let Some(path) = text.strip_prefix("unix:") {
        let given = Given { name: "listen", text: Some(path.to_owned()) };
        let path = given.path()?.filter(|path| path.is_absolute());
        return path.map(Place::Unix).ok_or_else(|| {
            listen.fault(&format!("has {text:?}; the path behind unix: begins with a /"))
        });
    }
    text.parse().map(Place::Tcp).map_err(|_| {
        listen.fault(&format!(
            "has {text:?}; give ADDRESS:PORT with a number as address (127.0.0.1:8081, \
             [::1]:8081), unix:PATH or systemd"
        ))
    })
}

/// The mode of a Unix socket: who may connect needs the right to write.
fn mode_of(mode: &Given) -> Result<u32, GateError> {
    let text = mode.text();
    let found = u32::from_str_radix(text, 8).ok();
    let is_plain = (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    found.filter(|found| is_plain && *found <= 0o777 && found & 0o222 != 0).ok_or_else(|| {
        mode.fault("is not an octal mode that lets somebody write; give one like 0660")
    })
}

fn one_of(given: &Given, statuses: [u16; 2]) -> Result<u16, GateError> {
    let found = given.number(0, u16::MAX).filter(|status| statuses.contains(status));
    let [one, other] = statuses;
    found.ok_or_else(|| given.fault(&format!("is not a status for this; give {one} or {other}")))
}

/// The secret in a file that not everybody may read.
fn introspect_secret(file: &Given) -> Result<Option<Secret>, GateError> {
    let Some(path) = file.path()? else { return Ok(None) };
    let failed = |error| file.fault(&format!("cannot be read: {error}"));
    let found = std::fs::metadata(&path).map_err(failed)?;
    if !found.is_file() || found.len() > LONGEST_SECRET {
        return Err(file.fault("is not a file of at most 4096 bytes; put the secret into one"));
    }
    if found.mode() & 0o007 != 0 {
        let what = format!("may be used by everybody; run: chmod o= {}", path.display());
        return Err(file.fault(&what));
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(&path).map_err(failed)?);
    let secret = Secret::from_file_text(&text);
    let is_plain = secret.expose().bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if secret.expose().is_empty() || !is_plain {
        return Err(file.fault("has no secret; write one line of ASCII without blanks"));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Given {
        Given { name: "listen", text: Some(text.into()) }
    }

    #[test]
    fn places_are_addresses_paths_and_what_systemd_passed() {
        let found = |text: &str| place(&given(text), text).ok();
        for text in ["127.0.0.1:8081", "[::1]:0", "0.0.0.0:80"] {
            assert_eq!(found(text), Some(Place::Tcp(text.parse().unwrap())));
        }
        assert_eq!(found("unix:/run/x.sock"), Some(Place::Unix("/run/x.sock".into())));
        assert_eq!(found(" systemd "), Some(Place::Passed));
        for bad in [
            "",
            "8081",
            ":8081",
            "localhost:8081",
            "::1:80",
            "unix:",
            "unix:x",
            "unix:/x\r",
            "127.0.0.1",
        ] {
            assert_eq!(found(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn modes_are_octal_and_let_somebody_connect() {
        for (text, mode) in [("0660", 0o660), ("600", 0o600), ("0666", 0o666), ("0020", 0o020)] {
            assert_eq!(mode_of(&given(text)).unwrap(), mode);
        }
        for bad in ["", "0", "0888", "rw-", "4755", "0444", "06600", "+660", "0x1b"] {
            mode_of(&given(bad)).unwrap_err();
        }
    }
}
