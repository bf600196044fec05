//! Who somebody is, by what they sent: which requests the daemon gets, and what its replies mean.

use std::net::IpAddr;

use photoprism_protocol::auth::{Active, Login, LoginResult, Verify};
use photoprism_protocol::error::{ErrorCode, ReplyError};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::is_app_password;

use super::daemon::{CallError, Daemon};
use crate::clock::Deadline;

/// Most bytes of a name or a secret. What is longer is nobody's: a password has 72 characters.
const MOST_BYTES: usize = 1024;

/// What else a check needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub client_ip: IpAddr,
    /// What an app password or a token must allow.
    pub scope: Option<&'a str>,
    pub realm: &'a str,
    pub user_agent: Option<&'a str>,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed(Identity),
    /// An account or a token that is good, but not for what was asked.
    NotAllowed,
    Nobody,
    /// Too many failures.
    Limited {
        retry_after_s: Option<u64>,
    },
    /// The daemon did not answer: why.
    NoAnswer(String),
}

/// Who passed; a token of nobody has empty texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub name: String,
    pub email: String,
    pub role: String,
    /// Of a password `*`.
    pub scope: String,
}

/// Checks an app password or an access token.
pub(crate) fn token(
    daemon: &Daemon,
    token: &Secret,
    question: &Question<'_>,
    deadline: Deadline,
) -> Outcome {
    if !is_plausible(token.expose()) {
        return Outcome::Nobody;
    }
    let ask = |scope| verify(daemon, token, None, scope, question, deadline);
    let found = match ask(question.scope) {
        // What is active for nothing in particular belongs to somebody without the scope.
        Ok(None) if question.scope.is_some() => {
            ask(None).map(|found| found.map_or(Outcome::Nobody, |_| Outcome::NotAllowed))
        }
        Ok(found) => Ok(found.map_or(Outcome::Nobody, Outcome::Passed)),
        Err(error) => Err(error),
    };
    found.unwrap_or_else(refusal)
}

/// Checks a name with a password or an app password.
pub(crate) fn password(
    daemon: &Daemon,
    name: &str,
    password: &Secret,
    question: &Question<'_>,
    deadline: Deadline,
) -> Outcome {
    if !is_plausible(name) || name.trim().is_empty() || !is_plausible(password.expose()) {
        return Outcome::Nobody;
    }
    if !is_app_password(password.expose()) {
        return match login(daemon, name, password, question, deadline) {
            Ok(found) => Outcome::Passed(found.into()),
            Err(error) => refusal(error),
        };
    }
    app_password(daemon, name, password, question, deadline).unwrap_or_else(refusal)
}

/// Checks what has the form of an app password. A password may have it too, so that one which is
/// not active is tried as a login, which is recorded and counted.
fn app_password(
    daemon: &Daemon,
    name: &str,
    password: &Secret,
    question: &Question<'_>,
    deadline: Deadline,
) -> Result<Outcome, CallError> {
    let ask = |scope| verify(daemon, password, Some(name), scope, question, deadline);
    if let Some(found) = ask(question.scope)? {
        return Ok(Outcome::Passed(found));
    }
    match login(daemon, name, password, question, deadline) {
        // It became active meanwhile, or it is the password itself.
        Ok(login) => Ok(Outcome::Passed(ask(question.scope)?.unwrap_or_else(|| login.into()))),
        Err(error) => match refusal(error) {
            Outcome::Nobody if question.scope.is_some() && ask(None)?.is_some() => {
                Ok(Outcome::NotAllowed)
            }
            other => Ok(other),
        },
    }
}

fn verify(
    daemon: &Daemon,
    token: &Secret,
    name: Option<&str>,
    scope: Option<&str>,
    question: &Question<'_>,
    deadline: Deadline,
) -> Result<Option<Identity>, CallError> {
    let args = Verify {
        token: token.clone(),
        scope: scope.map(str::to_owned),
        name: name.map(str::to_owned),
        client_ip: Some(question.client_ip.to_string()),
    };
    Ok(daemon.verify(&args, deadline)?.map(|found| found.active.into()))
}

/// Checks a password by `auth.login`, without creating a session.
pub(crate) fn login(
    daemon: &Daemon,
    name: &str,
    password: &Secret,
    question: &Question<'_>,
    deadline: Deadline,
) -> Result<LoginResult, CallError> {
    let args = Login {
        name: name.to_owned(),
        password: password.clone(),
        client_ip: question.client_ip.to_string(),
        passcode: None,
        realm: Some(question.realm.to_owned()),
        user_agent: question.user_agent.map(str::to_owned),
        client_name: None,
        session: Some(false),
        scope: question.scope.map(str::to_owned),
    };
    daemon.login(&args, question.client_ip, deadline)
}

/// What a refusal means, or that there was no answer.
pub(crate) fn refusal(error: CallError) -> Outcome {
    use ErrorCode as C;
    let error = match error {
        CallError::Refused(error) => error,
        CallError::Crowded => return Outcome::Limited { retry_after_s: Some(1) },
        CallError::NoAnswer(why) => return Outcome::NoAnswer(why),
    };
    match ErrorCode::parse(&error.code) {
        Some(C::InvalidCredentials | C::PasscodeRequired) => Outcome::Nobody,
        Some(C::RateLimited) => Outcome::Limited { retry_after_s: error.retry_after_s },
        Some(
            C::BadRequest
            | C::InvalidArgument
            | C::ConfirmRequired
            | C::NotFound
            | C::Exists
            | C::Conflict
            | C::Forbidden
            | C::Busy
            | C::TooLarge
            | C::StorageFull
            | C::Unavailable
            | C::OutcomeUnknown
            | C::Internal,
        )
        | None => Outcome::NoAnswer(shown(&error)),
    }
}

fn shown(error: &ReplyError) -> String {
    format!("{}: {}", error.code, error.message)
}

/// Whether it can be somebody's name or secret: the daemon has no text with a NUL.
pub(crate) fn is_plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= MOST_BYTES && !text.contains('\0')
}

impl From<Active> for Identity {
    fn from(active: Active) -> Self {
        Self {
            name: active.username.unwrap_or_default(),
            email: active.email.unwrap_or_default(),
            role: active.role.unwrap_or_default(),
            scope: active.scope,
        }
    }
}

impl From<LoginResult> for Identity {
    fn from(login: LoginResult) -> Self {
        let user = login.user;
        Self { name: user.name, email: user.email, role: user.role, scope: "*".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_the_credentials_are_wrong_means_nobody() {
        for code in ErrorCode::ALL {
            let error = ReplyError {
                code: code.name().into(),
                message: "why".into(),
                field: None,
                retry_after_s: Some(7),
                hint: None,
            };
            let expected = match code {
                ErrorCode::InvalidCredentials | ErrorCode::PasscodeRequired => Outcome::Nobody,
                ErrorCode::RateLimited => Outcome::Limited { retry_after_s: Some(7) },
                _ => Outcome::NoAnswer(format!("{}: why", code.name())),
            };
            assert_eq!(refusal(CallError::Refused(error)), expected);
        }
        let error = CallError::NoAnswer("gone".into());
        assert_eq!(refusal(error), Outcome::NoAnswer("gone".into()));
    }

    #[test]
    fn what_cannot_be_anybodys_is_not_asked_about() {
        assert!(is_plausible("x") && is_plausible(&"x".repeat(1024)) && is_plausible("ä\n"));
        assert!(!is_plausible("") && !is_plausible(&"x".repeat(1025)) && !is_plausible("a\0b"));
    }
}
