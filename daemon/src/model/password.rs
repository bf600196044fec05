//! What a password may be.

use photoprism_protocol::password::check_form;
use photoprism_protocol::rule::{RuleError, require};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::text::same_without_case;

use super::common;

/// Most bytes that bcrypt takes in; a password is never cut short.
pub(crate) const MAX_BCRYPT_BYTES: usize = 72;

/// The rules for new passwords. Their messages never repeat a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasswordRules {
    /// Fewest characters; a setting, 8 by default.
    pub min_chars: usize,
    /// New hashes are computed with bcrypt.
    pub bcrypt: bool,
}

impl PasswordRules {
    /// Checks a new password by every rule that does not need the account; see [`is_own_name`].
    pub(crate) fn check(&self, secret: &Secret) -> Result<(), RuleError> {
        self.check_form(secret)?;
        require(!is_common(secret), "this password is one of the most common ones; choose another")
    }

    /// As [`Self::check`], but accepts common ones: the first password of a start only warns.
    pub(crate) fn check_form(&self, secret: &Secret) -> Result<(), RuleError> {
        check_form(secret, self.min_chars)?;
        require(
            !self.bcrypt || secret.expose().len() <= MAX_BCRYPT_BYTES,
            "a password has at most 72 bytes here, and some characters take several; \
             choose a shorter one",
        )
    }
}

/// Whether the password is on the list of common ones, in whatever case.
pub(crate) fn is_common(secret: &Secret) -> bool {
    common::is_common(secret.expose())
}

/// Whether the password is the account's own name, in whatever case.
pub(crate) fn is_own_name(secret: &Secret, name: &str) -> bool {
    same_without_case(secret.expose(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON2: PasswordRules = PasswordRules { min_chars: 8, bcrypt: false };
    const BCRYPT: PasswordRules = PasswordRules { min_chars: 8, bcrypt: true };

    fn check(rules: PasswordRules, text: &str) -> Result<(), RuleError> {
        rules.check(&Secret::new(text.to_owned()))
    }

    fn broken(rules: PasswordRules, text: &str, part: &str) {
        let error = check(rules, text).expect_err(part);
        assert!(error.as_str().contains(part), "{part}: {error}");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        for rules in [ARGON2, BCRYPT] {
            for length in [8, 71, 72] {
                assert_eq!(check(rules, &"x7".repeat(36)[..length]), Ok(()));
            }
            broken(rules, "", "is empty");
            broken(rules, "", "at least 8");
            broken(rules, "x7x7x7x", "at least 8");
            broken(rules, "äöüäöüä", "at least 8");
            broken(rules, &"x".repeat(73), "72 characters");
        }
        broken(PasswordRules { min_chars: 12, bcrypt: false }, "x7x7x7x7x7x", "at least 12");
        assert_eq!(check(PasswordRules { min_chars: 4, bcrypt: false }, "x7x7"), Ok(()));
    }

    #[test]
    fn bcrypt_takes_72_bytes() {
        for (text, bytes) in [("😀".repeat(18), 72), (format!("a{}", "ä".repeat(35)), 71)] {
            assert_eq!(text.len(), bytes);
            assert_eq!(check(BCRYPT, &text), Ok(()));
        }
        let long = format!("a{}", "ä".repeat(36));
        assert_eq!(long.len(), 73);
        broken(BCRYPT, &long, "72 bytes");
        broken(BCRYPT, &"😀".repeat(19), "72 bytes");
        assert_eq!(check(ARGON2, &long), Ok(()));
        assert_eq!(check(ARGON2, &"😀".repeat(72)), Ok(()));
        broken(ARGON2, &"😀".repeat(73), "72 characters");
    }

    #[test]
    fn ends_and_nul_are_checked() {
        for rules in [ARGON2, BCRYPT] {
            for text in
                [" mysecret", "mysecret ", "mysecret\n", "\u{a0}mysecret", "mysecret\u{3000}"]
            {
                broken(rules, text, "white space");
            }
            broken(rules, "        ", "white space");
            for text in ["mysecret\0", "\0mysecret", "my\0secret"] {
                broken(rules, text, "NUL");
            }
            assert_eq!(check(rules, "correct horse battery"), Ok(()));
            assert_eq!(check(rules, "my\tsecret"), Ok(()));
        }
    }

    #[test]
    fn common_ones_are_refused_in_any_case() {
        for text in ["password", "PASSWORD", "12345678", "QwertyUiop", "11111111"] {
            broken(ARGON2, text, "most common");
            let secret = Secret::new(text.to_owned());
            assert!(is_common(&secret));
            assert_eq!(ARGON2.check_form(&secret), Ok(()));
        }
        for text in ["mysecret", "insecure", "photoprism"] {
            assert_eq!(check(BCRYPT, text), Ok(()));
        }
    }

    #[test]
    fn no_message_repeats_the_password() {
        for text in [" canary77", "canary77\0", "canary", &"canary77".repeat(10)] {
            let error = check(BCRYPT, text).expect_err("a rule is broken");
            assert!(!format!("{error} {error:?} {ARGON2:?}").contains("canary"));
        }
    }

    #[test]
    fn the_own_name_is_recognised_in_any_case() {
        let is_own = |text: &str, name| is_own_name(&Secret::new(text.to_owned()), name);
        assert!(is_own("Mixed.Case", "mixed.case"));
        assert!(is_own("JOSE\u{301}JOSE\u{301}", "joséjosé"));
        assert!(is_own("we irdname", "we irdname"));
        assert!(!is_own("mixed.case1", "mixed.case"));
        assert!(!is_own("mysecret", "bob"));
    }
}
