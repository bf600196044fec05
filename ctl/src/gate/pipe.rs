//! `photoprism-gate pipe`: one name and password, for Apache (`mod_authnz_external`) and PAM
//! (`pam_exec`).

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;

use super::address;
use super::ask::{self, Outcome, Question};
use super::cli::PipeFlags;
use super::daemon::{ANSWER_TIMEOUT, Daemon};
use super::error::GateError;
use super::input;
use super::settings::{Common, Settings};
use crate::clock::Deadline;
use crate::escape;

/// Let in.
const PASSED: u8 = 0;
/// Not let in, the rate limit included.
const REFUSED: u8 = 1;
/// No answer: try again.
const NO_ANSWER: u8 = 75;

pub(crate) fn run(flags: PipeFlags) -> Result<ExitCode, GateError> {
    let mut settings = Settings::default();
    let common = Common::read(&mut settings, flags.common, None)?;
    let fallback = settings.read("client-ip", flags.client_ip, Some("127.0.0.1"))?.ip()?;
    let text = input::read()
        .map_err(|error| GateError::Failed(format!("cannot read standard input: {error}")))?;
    let pam_user = std::env::var_os("PAM_USER");
    let rhost = std::env::var(if pam_user.is_some() { "PAM_RHOST" } else { "IP" }).ok();
    let given = text.as_deref().and_then(|text| match &pam_user {
        // Nobody's name is anything but UTF-8.
        Some(name) => name.to_str().map(|name| (name, of_pam(text))),
        None => of_lines(text),
    });
    let Some((name, password)) = given else {
        return Ok(exit(&Outcome::Nobody));
    };
    let question = Question {
        client_ip: client_ip(rhost.as_deref(), fallback),
        scope: common.scope.as_ref().map(Scope::as_str),
        realm: &common.realm,
        user_agent: None,
    };
    let daemon = Daemon::new(common.auth_socket);
    let password = Secret::new(password.to_owned());
    let deadline = Deadline::after(ANSWER_TIMEOUT);
    Ok(exit(&ask::password(&daemon, name, &password, &question, deadline)))
}

/// The exit code of an outcome; what went wrong goes to standard error.
pub(super) fn exit(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Passed(_) => PASSED,
        Outcome::NotAllowed | Outcome::Nobody | Outcome::Limited { .. } => REFUSED,
        Outcome::NoAnswer(why) => {
            let text = format!("error: no answer from the daemon: {}\n", escape::line(why));
            // Where standard error is gone nobody is left to read it.
            let _ = io::stderr().write_all(text.as_bytes());
            NO_ANSWER
        }
    })
}

/// Name and password as two lines; what follows them is ignored.
fn of_lines(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    Some((lines.next()?, lines.next()?))
}

/// The password as `pam_exec` hands it over, with a NUL at its end.
fn of_pam(text: &str) -> &str {
    text.strip_suffix(['\n', '\0']).unwrap_or(text)
}

/// The address that the other program names; a host name is not one.
fn client_ip(named: Option<&str>, fallback: IpAddr) -> IpAddr {
    named.and_then(address::parse).unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_are_a_name_and_a_password() {
        for (text, expected) in [
            ("bob\nsecret\n", Some(("bob", "secret"))),
            ("bob\nsecret", Some(("bob", "secret"))),
            ("bob\r\n secret \r\n", Some(("bob", " secret "))),
            ("bob\nse:cret\nmore\n", Some(("bob", "se:cret"))),
            ("bob\n\n", Some(("bob", ""))),
            ("bob\nse\rcret\n", Some(("bob", "se\rcret"))),
            ("bob\n", Some(("bob", ""))),
            ("bob", None),
            ("", None),
        ] {
            assert_eq!(of_lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn one_end_is_taken_off_a_password_of_pam() {
        for (text, expected) in [
            ("secret\0", "secret"),
            ("secret\n", "secret"),
            ("secret", "secret"),
            (" secret \0", " secret "),
            ("secret\n\0", "secret\n"),
            ("secret\0\0", "secret\0"),
            ("\0", ""),
        ] {
            assert_eq!(of_pam(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_address_is_the_one_that_is_named_or_the_fallback() {
        let fallback = "192.0.2.9".parse().unwrap();
        for (named, expected) in [
            (Some("192.0.2.1"), "192.0.2.1"),
            (Some("fe80::1%eth0"), "fe80::1"),
            (Some("::ffff:192.0.2.1"), "192.0.2.1"),
            (Some("mail.example.com"), "192.0.2.9"),
            (Some(""), "192.0.2.9"),
            (None, "192.0.2.9"),
        ] {
            assert_eq!(client_ip(named, fallback).to_string(), expected, "{named:?}");
        }
    }
}
