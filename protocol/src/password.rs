//! The form of a new password: what neither an account nor a scheme of hashes decides.

use crate::rule::{RuleError, require};
use crate::secret::Secret;
use crate::text::is_white_space;

/// Fewest characters, unless the daemon is set otherwise.
pub const MIN_CHARS: usize = 8;

/// Most characters.
pub const MAX_CHARS: usize = 72;

/// Checks a new password that has at least `least` characters, counted as they are composed. The
/// messages never repeat it.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_form(secret: &Secret, least: usize) -> Result<(), RuleError> {
    let composed = secret.composed();
    let chars = composed.as_ref().unwrap_or(secret).expose().chars().count();
    check_counted(secret.expose(), chars, least)
}

/// The same for a client, which leaves to the daemon what is not ASCII: the tables by which characters
/// are composed have 130 KB.
///
/// # Errors
/// As [`check_form`].
pub fn check_ascii_form(secret: &Secret, least: usize) -> Result<(), RuleError> {
    let password = secret.expose();
    if password.is_ascii() { check_counted(password, password.len(), least) } else { Ok(()) }
}

fn check_counted(password: &str, chars: usize, least: usize) -> Result<(), RuleError> {
    // bcrypt would end there; a rule that depends on the scheme would surprise.
    require(!password.contains('\0'), "a password may not contain a NUL; leave it out")?;
    require(
        !password.starts_with(is_white_space) && !password.ends_with(is_white_space),
        "a password may not begin or end with white space; leave it out",
    )?;
    if password.is_empty() {
        return Err(RuleError::new(format!(
            "the password is empty; give one that has at least {least} characters"
        )));
    }
    if chars < least {
        return Err(RuleError::new(format!(
            "a password has at least {least} characters; choose a longer one"
        )));
    }
    require(chars <= MAX_CHARS, "a password has at most 72 characters; choose a shorter one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_lengths_and_ends() {
        let check = |text: &str, least| check_form(&Secret::new(text.to_owned()), least);
        for (text, part) in [
            ("", "at least 8"),
            ("x7x7x7x", "at least 8"),
            ("a\u{308}b\u{308}c\u{308}d\u{308}", "at least 8"),
            (" mysecret", "white space"),
            ("my\0secret", "NUL"),
            (&"x".repeat(MAX_CHARS + 1), "at most 72"),
        ] {
            let error = check(text, MIN_CHARS).expect_err(part);
            assert!(error.as_str().contains(part), "{part}: {error}");
        }
        let ascii = |text: &str| check_ascii_form(&Secret::new(text.to_owned()), MIN_CHARS);
        for text in ["", "x7x7x7x", " mysecret", "my\0secret", "mysecret", &"x".repeat(73)] {
            assert_eq!(ascii(text), check(text, MIN_CHARS));
        }
        assert_eq!(ascii("äöü"), Ok(()), "it is for the daemon to count");
        assert_eq!(check("mysecret", MIN_CHARS), Ok(()));
        assert_eq!(check(&"ä".repeat(MAX_CHARS), MIN_CHARS), Ok(()));
        assert_eq!(check("x7x7", 4), Ok(()));
    }
}
