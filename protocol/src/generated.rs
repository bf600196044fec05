//! Random identifiers and short secrets.

use crate::numeric_text::looks_numeric;
use crate::random::{self, BASE36, Random};
use crate::secret::Secret;
use crate::uid::is_base36;

/// Random characters of a reference id, a preview token and a download token.
const SHORT_CHARS: usize = 8;

const RECOVERY_CODE_CHARS: usize = 12;

/// A new reference id of a user: `user` and 8 random characters.
pub fn user_ref_id(random: &mut Random<'_>) -> String {
    format!("user{}", random::text(BASE36, SHORT_CHARS, random))
}

/// A new reference id of a session: `sess` and 8 random characters.
pub fn session_ref_id(random: &mut Random<'_>) -> String {
    format!("sess{}", random::text(BASE36, SHORT_CHARS, random))
}

/// Whether the text has the form of a session's reference id.
pub fn is_session_ref_id(text: &str) -> bool {
    text.strip_prefix("sess").is_some_and(|rest| rest.len() == SHORT_CHARS && is_base36(rest))
}

/// A new preview or download token: 8 random characters that SQLite does not take for a number.
pub fn short_token(random: &mut Random<'_>) -> Secret {
    no_number(SHORT_CHARS, random)
}

/// A new recovery code: 12 random characters that SQLite does not take for a number.
pub fn recovery_code(random: &mut Random<'_>) -> Secret {
    no_number(RECOVERY_CODE_CHARS, random)
}

/// Draws again what a column with numeric affinity would change. A source that always gives the
/// same bytes may never end this.
fn no_number(length: usize, random: &mut Random<'_>) -> Secret {
    loop {
        let token = Secret::new(random::text(BASE36, length, random));
        if !looks_numeric(token.expose()) {
            return token;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::tests::{beginning, counting};

    #[test]
    fn reference_ids_say_whose_they_are() {
        assert_eq!(user_ref_id(&mut counting()), "user01234567");
        assert_eq!(session_ref_id(&mut counting()), "sess01234567");
        assert!(is_session_ref_id("sess01234567"));
        for text in ["sess0123456", "sess012345678", "user01234567", "sess0123456A", "sess0123-567"]
        {
            assert!(!is_session_ref_id(text), "{text}");
        }
    }

    #[test]
    fn a_token_that_looks_like_a_number_is_drawn_again() {
        // A draw takes 32 bytes: 77777777, then 01234567, then one that is not a number.
        assert_eq!(short_token(&mut beginning(&[7; 32])).expose(), "wxyz0123");
        let exponent = [1, 2, 3, 14, 4, 5, 6, 7].repeat(4);
        assert_eq!(short_token(&mut beginning(&exponent)).expose(), "wxyz0123");
        // 0123456789ab is not a number.
        assert_eq!(recovery_code(&mut beginning(&[9; 32])).expose(), "0123456789ab");
    }

    #[test]
    fn lengths_are_kept() {
        let mut random = beginning(&[35; 64]);
        assert_eq!(short_token(&mut random).expose(), "zzzzzzzz");
        assert_eq!(recovery_code(&mut random).expose(), "zzzzzzzzzzzz");
    }
}
