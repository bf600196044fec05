//! `photoprism-gate rclone`: what rclone's `--auth-proxy` asks.

use std::io::{self, Write};
use std::process::ExitCode;

use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::address;
use super::ask::{self, Outcome, Question};
use super::cli::RcloneFlags;
use super::daemon::{ANSWER_TIMEOUT, Daemon};
use super::error::GateError;
use super::input;
use super::pipe::exit;
use super::settings::{Common, Settings};
use crate::clock::Deadline;
use crate::escape;

/// What the account's base path takes the place of.
const PLACEHOLDER: &str = "{base_path}";

/// What rclone writes. Keys of a newer one are ignored.
#[derive(Deserialize)]
struct Asked {
    user: String,
    #[serde(default)]
    pass: Option<Secret>,
    #[serde(default)]
    public_key: Option<IgnoredAny>,
    #[serde(default)]
    client_ip: Option<String>,
}

/// What rclone reads: the backend's configuration.
#[derive(Serialize)]
struct Backend<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "_root")]
    root: &'a str,
}

pub(crate) fn run(flags: RcloneFlags) -> Result<ExitCode, GateError> {
    let mut settings = Settings::default();
    let common = Common::read(&mut settings, flags.common, Some("webdav"))?;
    let root = settings.read("root", flags.root, None)?;
    let kind = settings.read("type", flags.backend, Some("local"))?;
    let fallback = settings.read("client-ip", flags.client_ip, Some("127.0.0.1"))?.ip()?;
    if root.text().matches(PLACEHOLDER).count() != 1 {
        return Err(root.fault("needs {base_path} once, as in /photos/{base_path}"));
    }
    if kind.text().is_empty() {
        return Err(kind.fault("is empty; give a backend of rclone, local for one"));
    }
    let text = input::read()
        .map_err(|error| GateError::Failed(format!("cannot read standard input: {error}")))?;
    let Some(asked) = text.and_then(|text| serde_json::from_str::<Asked>(&text).ok()) else {
        return Ok(refused("standard input is not the JSON of rclone's --auth-proxy"));
    };
    let Some(password) = asked.pass.filter(|_| asked.public_key.is_none()) else {
        return Ok(refused("a public key is not accepted; log in with a password"));
    };
    let question = Question {
        client_ip: asked.client_ip.as_deref().and_then(address::parse).unwrap_or(fallback),
        scope: common.scope.as_ref().map(Scope::as_str),
        realm: &common.realm,
        user_agent: None,
    };
    if !ask::is_plausible(&asked.user) || !ask::is_plausible(password.expose()) {
        return Ok(exit(&Outcome::Nobody));
    }
    let daemon = Daemon::new(common.auth_socket);
    let deadline = Deadline::after(ANSWER_TIMEOUT);
    let user = match ask::login(&daemon, &asked.user, &password, &question, deadline) {
        Ok(login) => login.user,
        Err(error) => return Ok(exit(&ask::refusal(error))),
    };
    let Some(root) = root_of(root.text(), &user.base_path) else {
        return Ok(refused(
            "the account's base path leaves the root; change it with: photoprism \
                           users mod --base-path",
        ));
    };
    print(&Backend { kind: kind.text(), root: &root })
}

fn print(backend: &Backend<'_>) -> Result<ExitCode, GateError> {
    let failed = |error| GateError::Failed(format!("cannot write to standard output: {error}"));
    let mut line = serde_json::to_string(backend).map_err(|error| failed(error.into()))?;
    line.push('\n');
    io::stdout().write_all(line.as_bytes()).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// Not let in, with the reason on standard error.
fn refused(why: &str) -> ExitCode {
    let text = format!("error: {}\n", escape::line(why));
    // Where standard error is gone nobody is left to read it.
    let _ = io::stderr().write_all(text.as_bytes());
    exit(&Outcome::Nobody)
}

/// The directory of an account; `None` where its base path would leave the root.
fn root_of(root: &str, base_path: &str) -> Option<String> {
    let is_inside = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_odd = |c: char| c == '\\' || c.is_control();
    if base_path.starts_with('/') {
        return None;
    }
    let base_path = base_path.strip_suffix('/').unwrap_or(base_path);
    if !base_path.is_empty() && (!base_path.split('/').all(is_inside) || base_path.contains(is_odd))
    {
        return None;
    }
    let whole = root.replace(PLACEHOLDER, base_path);
    // Without a base path: the directory that it would be in.
    let is_end = base_path.is_empty() && root.ends_with(PLACEHOLDER) && whole.len() > 1;
    let cut = if is_end { whole.strip_suffix('/') } else { None };
    Some(cut.unwrap_or(&whole).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_stays_below_the_root() {
        for (root, base_path, expected) in [
            ("/photos/{base_path}", "users/bob", "/photos/users/bob"),
            ("/photos/{base_path}", "users/bob/", "/photos/users/bob"),
            ("/photos/{base_path}", "", "/photos"),
            ("/{base_path}", "", "/"),
            ("/a/{base_path}/b", "x", "/a/x/b"),
            ("remote:{base_path}", "x y/ä", "remote:x y/ä"),
            ("/photos/{base_path}", "...", "/photos/..."),
            ("/photos/{base_path}", "{base_path}", "/photos/{base_path}"),
        ] {
            assert_eq!(root_of(root, base_path).as_deref(), Some(expected), "{root} {base_path}");
        }
        for bad in [
            "..",
            "../x",
            "a/..",
            "a/../../b",
            "/etc",
            "/",
            "//",
            "a//b",
            ".",
            "./a",
            "a/.",
            "..\\x",
            "a\\..\\b",
            "a\0b",
            "a\nb",
            "a/../",
            "x//",
        ] {
            assert_eq!(root_of("/photos/{base_path}", bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_rclone_writes_is_read() {
        let asked = |text: &str| serde_json::from_str::<Asked>(text);
        let password = asked(r#"{"user":"bob","pass":"secret","client_ip":"192.0.2.1"}"#).unwrap();
        assert_eq!((password.user.as_str(), password.pass.unwrap().expose()), ("bob", "secret"));
        let key = asked(r#"{"user":"bob","public_key":"AAAA"}"#).unwrap();
        assert!(key.pass.is_none() && key.public_key.is_some());
        assert!(asked("bob").is_err() && asked(r#"{"pass":"secret"}"#).is_err());
    }
}
