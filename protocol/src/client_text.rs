//! What clients say of themselves: the client's name, and the realm that is logged in to.

use crate::rule::RuleError;
use crate::text::{is_bidi_control, is_control};

/// Most characters of a client's name.
const NAME_CHARS: usize = 200;

/// The realm of a request that names none.
pub const DEFAULT_REALM: &str = "api";

/// Most characters of a realm: its column's.
const REALM_CHARS: usize = 64;

/// The rule of a client's name, which strangers choose and people read.
///
/// # Errors
/// It is empty, too long, or contains control or bidirectional characters.
pub fn check_client_name(name: &str) -> Result<(), RuleError> {
    let odd = |c: char| is_control(c) || is_bidi_control(c);
    if name.trim().is_empty() {
        Err(RuleError::new("the client needs a name, so that it can be distinguished from others"))
    } else if name.chars().count() > NAME_CHARS {
        Err(RuleError::new("the client's name has more than 200 characters"))
    } else if name.chars().any(odd) {
        Err(RuleError::new(
            "the client's name must not contain control or bidirectional characters",
        ))
    } else {
        Ok(())
    }
}

/// The rule of a realm.
///
/// # Errors
/// It is empty, too long, or contains control characters.
pub fn check_realm(realm: &str) -> Result<(), RuleError> {
    if realm.is_empty() || realm.chars().count() > REALM_CHARS || realm.chars().any(is_control) {
        return Err(RuleError::new(
            "the realm is 1 to 64 characters without control characters, webdav for one",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_realms_are_short_and_plain() {
        for good in ["x", "Bob's phone", &"ä".repeat(200)] {
            check_client_name(good).unwrap();
        }
        for bad in ["", " ", "a\nb", "a\u{202e}b", &"ä".repeat(201)] {
            check_client_name(bad).unwrap_err();
        }
        for good in ["api", "webdav", &"ä".repeat(64)] {
            check_realm(good).unwrap();
        }
        for bad in ["", "a\0b", &"ä".repeat(65)] {
            check_realm(bad).unwrap_err();
        }
    }
}
