//! UIDs of users and clients.

use crate::random::{self, BASE36, Random};

/// Characters of a UID.
pub const UID_CHARS: usize = 16;

const TIME_CHARS: usize = 6;
const RANDOM_CHARS: usize = 9;

/// The UID of a new user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uid(String);

impl Uid {
    /// A new UID of a user: `u`, the Unix time in 6 characters of base 36, 9 random ones. The time
    /// starts over after 36^6 seconds, at the end of 2038.
    pub fn generate(unix_seconds: i64, random: &mut Random<'_>) -> Self {
        let random = random::text(BASE36, RANDOM_CHARS, random);
        Self(format!("u{}{random}", time_characters(unix_seconds)))
    }

    /// The UID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text has the form of a UID of a user or a client.
pub fn looks_like_uid(text: &str) -> bool {
    text.len() == UID_CHARS && text.starts_with(['u', 'c']) && is_base36(text)
}

/// Whether the text has the form of a UID of a user.
pub fn is_user_uid_shape(text: &str) -> bool {
    looks_like_uid(text) && text.starts_with('u')
}

pub(crate) fn is_base36(text: &str) -> bool {
    text.bytes().all(|byte| BASE36.contains(&byte))
}

fn time_characters(unix_seconds: i64) -> String {
    let mut rest = unix_seconds.rem_euclid(36_i64.pow(6)).unsigned_abs();
    let mut characters = ['0'; TIME_CHARS];
    for character in characters.iter_mut().rev() {
        *character = char::from_digit((rest % 36) as u32, 36).unwrap_or('0');
        rest /= 36;
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::tests::counting;

    #[test]
    fn form_decides() {
        for text in ["usxyz0abc1defgh2", "u000000000000001", "uncharacteristic"] {
            assert!(looks_like_uid(text) && is_user_uid_shape(text), "{text}");
        }
        assert!(looks_like_uid("csxyz0abc1defgh2"));
        assert!(!is_user_uid_shape("csxyz0abc1defgh2"));
        for text in [
            "",
            "u",
            "usxyz0abc1defgh",
            "usxyz0abc1defgh23",
            "asxyz0abc1defgh2",
            "USXYZ0ABC1DEFGH2",
            "usxyz0abc1defgH2",
            "usxyz0abc1defg-2",
            "usxyz0abc1defgä",
            "usxyz0abc1defg\0a",
        ] {
            assert!(!looks_like_uid(text), "{text:?}");
        }
    }

    #[test]
    fn a_new_uid_holds_the_time_and_nine_random_characters() {
        // A real PhotoPrism began a UID with utoykpb at 2026-11-23 14:10:23 UTC.
        assert_eq!(Uid::generate(1_795_443_023, &mut counting()).as_str(), "utoykpb012345678");
        assert_eq!(Uid::generate(0, &mut counting()).as_str(), "u000000012345678");
        assert_eq!(Uid::generate(36_i64.pow(6) - 1, &mut counting()).as_str(), "uzzzzzz012345678");
        for seconds in [36_i64.pow(6), -1, i64::MIN, i64::MAX] {
            assert!(is_user_uid_shape(Uid::generate(seconds, &mut counting()).as_str()));
        }
    }
}
