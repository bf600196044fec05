//! Data to standard output.

use std::io::{self, Write};

use photoprism_protocol::secret::Secret;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::escape;

/// Writes data, whole.
///
/// # Errors
/// [`CliError::ClosedPipe`] where nobody reads any more, [`CliError::System`] for anything else.
pub(crate) fn data(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::output)
}

/// Writes one line of data.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    data(&format!("{text}\n"))
}

/// Prints a result whole, on one line. A password that was generated here is added to the object as
/// `password`.
///
/// # Errors
/// As [`data`], and [`CliError::BadReply`] where the result is not an object.
pub(crate) fn json(result: &RawValue, generated: Option<&Secret>) -> Result<(), CliError> {
    let text = escape::json(result.get());
    match generated {
        None => line(&text),
        Some(secret) => line(&with_password(&text, secret)?),
    }
}

/// A secret that the daemon shows this once.
///
/// # Errors
/// [`CliError::BadReply`] where it did not.
pub(crate) fn shown(secret: Option<&Secret>) -> Result<&Secret, CliError> {
    secret
        .filter(|secret| !secret.expose().is_empty())
        .ok_or_else(|| CliError::BadReply("the daemon did not show the secret".into()))
}

fn with_password(object: &str, secret: &Secret) -> Result<Zeroizing<String>, CliError> {
    let not_an_object =
        || CliError::BadReply("unexpected result from the daemon: not an object".into());
    let body = object.trim().strip_suffix('}').ok_or_else(not_an_object)?.trim_end();
    let comma = if body.ends_with('{') { "" } else { "," };
    // A generated password holds nothing that JSON escapes.
    Ok(Zeroizing::new(format!("{body}{comma}\"password\":\"{}\"}}", secret.expose())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_joins_the_object() {
        let secret = Secret::new("abc-d".into());
        let joined = |object| with_password(object, &secret).map(|text| text.to_string());
        assert_eq!(joined("{}").unwrap(), r#"{"password":"abc-d"}"#);
        assert_eq!(joined(r#"{"a":{} }"#).unwrap(), r#"{"a":{},"password":"abc-d"}"#);
        assert!(joined("[]").is_err());
    }
}
