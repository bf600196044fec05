//! Access tokens, app passwords, and what else may name a session.

use zeroize::Zeroizing;

use crate::generated::is_session_ref_id;
use crate::random::{self, BASE62, Random};
use crate::rule::RuleError;
use crate::secret::Secret;

const ACCESS_TOKEN_BYTES: usize = 24;
const SESSION_ID_CHARS: usize = 64;
const APP_PASSWORD_CHARS: usize = 27;
const GROUP_CHARS: usize = 6;

/// What a `session` argument names a session by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionRef {
    /// `sess` and 8 characters of base 36.
    RefId(String),
    /// The SHA-256 of its secret, 64 digits of lower-case hex.
    SessionId(String),
    /// The secret itself: 48 digits of lower-case hex.
    AccessToken(Secret),
    /// The secret itself: an app password whose check character is right.
    AppPassword(Secret),
}

impl SessionRef {
    /// Classifies the text by its form.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::classify(text).ok_or_else(|| {
            RuleError::new(
                "the session must be a reference id (sess and 8 characters), a session id \
                 (64 hexadecimal digits), an access token or an app password",
            )
        })
    }

    /// Classifies the text by its form; `None` where it has none of the forms.
    pub fn classify(text: &str) -> Option<Self> {
        if is_session_ref_id(text) {
            Some(Self::RefId(text.to_owned()))
        } else if is_session_id(text) {
            Some(Self::SessionId(text.to_owned()))
        } else if is_access_token(text) {
            Some(Self::AccessToken(Secret::new(text.to_owned())))
        } else if is_app_password(text) {
            Some(Self::AppPassword(Secret::new(text.to_owned())))
        } else {
            None
        }
    }
}

/// Whether the text has the form of a session id.
pub fn is_session_id(text: &str) -> bool {
    text.len() == SESSION_ID_CHARS && is_lower_hex(text)
}

/// Whether the text has the form of an access token.
pub fn is_access_token(text: &str) -> bool {
    text.len() == 2 * ACCESS_TOKEN_BYTES && is_lower_hex(text)
}

/// Whether the text is an app password: its form and its check character.
pub fn is_app_password(text: &str) -> bool {
    let Some((body, check)) = text.split_at_checked(APP_PASSWORD_CHARS - 1) else { return false };
    let grouped = body.bytes().enumerate().all(|(place, byte)| {
        if place % (GROUP_CHARS + 1) == GROUP_CHARS {
            byte == b'-'
        } else {
            byte.is_ascii_alphanumeric()
        }
    });
    grouped && check.bytes().eq([check_character(body)])
}

/// A new access token: 24 random bytes.
pub fn new_access_token(random: &mut Random<'_>) -> Secret {
    let mut bytes = Zeroizing::new([0_u8; ACCESS_TOKEN_BYTES]);
    random(bytes.as_mut_slice());
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut token = String::with_capacity(2 * ACCESS_TOKEN_BYTES);
    token.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    Secret::new(token)
}

/// A new app password: 23 random characters in groups, then the check character.
pub fn new_app_password(random: &mut Random<'_>) -> Secret {
    let drawn = Zeroizing::new(random::text(BASE62, APP_PASSWORD_CHARS - 4, random));
    let mut password = String::with_capacity(APP_PASSWORD_CHARS);
    for (place, c) in drawn.chars().enumerate() {
        if place > 0 && place % GROUP_CHARS == 0 {
            password.push('-');
        }
        password.push(c);
    }
    password.push(char::from(check_character(&password)));
    Secret::new(password)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn check_character(body: &str) -> u8 {
    BASE62[crc32(body.as_bytes()) as usize % BASE62.len()]
}

/// CRC-32 as in zlib: reflected, polynomial 0x04c11db7 (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    const REFLECTED: u32 = 0xedb8_8320;
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (REFLECTED & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::tests::counting;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn app_passwords_of_a_real_photoprism_are_taken() {
        for text in [
            "HY8fxO-8hvNqB-43UV4q-1AZ0vu",
            "kgMjhk-3rsJtX-rEamyg-aWDYtO",
            "lOXLXj-NDS0NN-Hi5BkQ-8pv2zZ",
            "XTqKZL-TlJ6gN-bBjy16-oLKqIs",
            "QuVdUG-tX7vjT-2Rbc2N-NEbCpA",
            "X2PniU-C1fjAU-gWXAnY-0nUwZi",
        ] {
            assert_eq!(
                SessionRef::parse(text),
                Ok(SessionRef::AppPassword(Secret::new(text.into())))
            );
        }
    }

    #[test]
    fn other_texts_are_not_taken_for_app_passwords() {
        for text in [
            "",
            "HY8fxO-8hvNqB-43UV4q-1AZ0vv",
            "HY8fxP-8hvNqB-43UV4q-1AZ0vu",
            "HY8fxO-8hvNqB-43UV4q-1AZ0v",
            "HY8fxO-8hvNqB-43UV4q-1AZ0vuu",
            "HY8fxO_8hvNqB-43UV4q-1AZ0vu",
            "HY8fx-O8hvNqB-43UV4q-1AZ0vu",
            "HY8fxO-8hvNqB-43UV4q-1AZ0é",
            "hy8fxo-8hvnqb-43uv4q-1az0vu",
        ] {
            assert!(!is_app_password(text), "{text}");
        }
    }

    #[test]
    fn each_form_is_distinguished_from_the_others() {
        let id = "0123456789abcdef".repeat(4);
        let token = "0123456789abcdef".repeat(3);
        assert_eq!(
            SessionRef::parse("sessabcd0123"),
            Ok(SessionRef::RefId("sessabcd0123".to_owned()))
        );
        assert_eq!(SessionRef::parse(&id), Ok(SessionRef::SessionId(id.clone())));
        assert_eq!(
            SessionRef::parse(&token),
            Ok(SessionRef::AccessToken(Secret::new(token.clone())))
        );
        for text in [
            "",
            "nope",
            &id[1..],
            &token[1..],
            &token.to_uppercase(),
            "sessABCD0123",
            "u000000000000001",
        ] {
            let error = SessionRef::parse(text).expect_err(text);
            assert!(error.as_str().contains("reference id"));
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let shown = format!("{:?}", SessionRef::parse("HY8fxO-8hvNqB-43UV4q-1AZ0vu"));
        assert!(!shown.contains("HY8fxO"), "{shown}");
    }

    #[test]
    fn new_secrets_have_their_form() {
        let mut random = counting();
        let token = new_access_token(&mut random);
        assert_eq!(token.expose(), "000102030405060708090a0b0c0d0e0f1011121314151617");
        assert!(is_access_token(token.expose()));
        for _ in 0..100 {
            let password = new_app_password(&mut random);
            assert!(is_app_password(password.expose()));
        }
        let password = new_app_password(&mut counting());
        assert!(password.expose().starts_with("abcdef-ghijkl-mnopqr-stuvw"));
    }
}
