//! The credentials of a request.

use data_encoding::BASE64_NOPAD;
use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use super::head::{BadHead, Head};

/// What somebody sent to say who they are.
pub(super) enum Credentials {
    /// Nothing, or nothing that is understood.
    None,
    Password {
        name: String,
        password: Secret,
    },
    Token(Secret),
}

impl Credentials {
    /// Reads `Authorization` alone.
    ///
    /// # Errors
    /// It comes twice.
    pub(super) fn of_authorization(head: &Head<'_>) -> Result<Self, BadHead> {
        let value = head.one("authorization")?.map(str::from_utf8);
        Ok(value.and_then(Result::ok).map_or(Self::None, Self::parse))
    }

    /// Reads `Authorization`, and without it `X-Auth-Token`.
    ///
    /// # Errors
    /// One of them comes twice.
    pub(super) fn of(head: &Head<'_>) -> Result<Self, BadHead> {
        let (authorization, token) = (head.one("authorization")?, head.one("x-auth-token")?);
        let text = |value: &[u8]| str::from_utf8(value).map(str::to_owned).map(Zeroizing::new);
        Ok(match (authorization.map(text), token.map(text)) {
            (Some(Ok(value)), _) => Self::parse(&value),
            (None, Some(Ok(value))) => Self::token(&value),
            _ => Self::None,
        })
    }

    /// The value of an `Authorization` header (RFC 7617, RFC 6750).
    fn parse(value: &str) -> Self {
        let Some((scheme, rest)) = value.trim().split_once(' ') else { return Self::None };
        if scheme.eq_ignore_ascii_case("bearer") {
            Self::token(rest)
        } else if scheme.eq_ignore_ascii_case("basic") {
            Self::basic(rest.trim()).unwrap_or(Self::None)
        } else {
            Self::None
        }
    }

    fn token(text: &str) -> Self {
        match text.trim() {
            "" => Self::None,
            token => Self::Token(Secret::new(token.to_owned())),
        }
    }

    fn basic(encoded: &str) -> Option<Self> {
        // Some leave the padding out.
        let digits =
            encoded.strip_suffix("==").or_else(|| encoded.strip_suffix('=')).unwrap_or(encoded);
        let mut decoded = Zeroizing::new(vec![0; BASE64_NOPAD.decode_len(digits.len()).ok()?]);
        let length = BASE64_NOPAD.decode_mut(digits.as_bytes(), &mut decoded).ok()?;
        let text = str::from_utf8(&decoded[..length]).ok()?;
        let (name, password) = text.split_once(':')?;
        Some(Self::Password { name: name.to_owned(), password: Secret::new(password.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, name and secret.
    fn read(value: &str) -> Option<(Option<String>, String)> {
        match Credentials::parse(value) {
            Credentials::None => None,
            Credentials::Password { name, password } => {
                Some((Some(name), password.expose().to_owned()))
            }
            Credentials::Token(token) => Some((None, token.expose().to_owned())),
        }
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", data_encoding::BASE64.encode(text.as_bytes()))
    }

    #[test]
    fn passwords_and_tokens_are_read() {
        let password = |name: &str, text: &str| Some((Some(name.to_owned()), text.to_owned()));
        assert_eq!(read(&basic("bob:secret")), password("bob", "secret"));
        assert_eq!(read(&basic("bob:a:b: ")), password("bob", "a:b: "));
        assert_eq!(read(&basic("zoë:pässword")), password("zoë", "pässword"));
        assert_eq!(read(&basic(":")), password("", ""));
        assert_eq!(read("bASIC   Ym9iOg"), password("bob", ""));
        assert_eq!(read("Basic Ym9iOg=="), password("bob", ""));
        assert_eq!(read("BEARER  x "), Some((None, "x".into())));
    }

    #[test]
    fn everything_else_is_nobody() {
        for value in [
            "",
            "Basic",
            "Basic ",
            "Bearer ",
            "Basic bob:secret",
            "Basic Ym9i",
            "Basic Ym9iOg===",
            "Basic Ym9iOh==",
            "Basic Ym9i Og==",
            "Basic /zo6",
            "Digest username=\"bob\"",
            "Negotiate Ym9iOg==",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
