//! What names a session. It may be the secret itself: never shown, never repeated.

use std::borrow::Cow;
use std::io;

use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::SessionRef;

use crate::context::Context;
use crate::error::CliError;
use crate::{password, prompt};

/// The identifier given, that of standard input for `-`, or the one that is typed now.
///
/// # Errors
/// [`CliError::Usage`] where there is none and nobody can be asked, or where standard input holds
/// no text.
pub(crate) fn take(context: &Context, given: Option<String>) -> Result<Secret, CliError> {
    match given {
        Some(text) if text == "-" && !context.person.interactive => {
            let secret = password::read(io::stdin().lock(), "standard input", "identifier")?;
            let text = secret.expose().trim();
            if text.is_empty() {
                return Err(CliError::Usage("there is no identifier in standard input".into()));
            }
            Ok(Secret::new(text.into()))
        }
        Some(text) if text != "-" => Ok(Secret::new(text)),
        Some(_) | None if context.person.interactive => {
            prompt::hidden_text(&context.person, "Session: ")
        }
        Some(_) | None => Err(CliError::Usage(
            "a session is needed: give its IDENTIFIER, or - to read it from standard input".into(),
        )),
    }
}

/// All that were given; asks for one where there are none.
pub(crate) fn take_all(context: &Context, given: Vec<String>) -> Result<Vec<Secret>, CliError> {
    if given.is_empty() {
        return Ok(vec![take(context, None)?]);
    }
    given.into_iter().map(|text| take(context, Some(text))).collect()
}

/// The reference id, which is not a secret, or a description of anything else.
pub(crate) fn name(session: &Secret) -> Cow<'static, str> {
    match SessionRef::classify(session.expose()) {
        Some(SessionRef::RefId(id)) => format!("session {id}").into(),
        Some(SessionRef::SessionId(_)) => "the session of that id".into(),
        Some(SessionRef::AccessToken(_)) => "the session of that token".into(),
        Some(SessionRef::AppPassword(_)) => "the app password".into(),
        None => "the session given".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reference_id_is_repeated() {
        let name = |text: &str| name(&Secret::new(text.into()));
        assert_eq!(name("sessabcd0123"), "session sessabcd0123");
        let id = "0123456789abcdef".repeat(4);
        for text in [&id, &id[..48], "HY8fxO-8hvNqB-43UV4q-1AZ0vu", "sess\u{1b}", "mysecret"] {
            assert!(!name(text).contains(&text[..4]) || text.starts_with("sess"), "{text}");
            assert!(!name(text).contains(text), "{text}");
        }
    }
}
