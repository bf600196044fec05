//! The passwords that are tried first.

/// Passwords in lower case, sorted, separated by white space. Those that are too short for any
/// setting are left out.
const LIST: &str = include_str!("common.txt");

/// Whether the text is a common password, in whatever case. Compares without a copy of the
/// password; reading the list takes little time compared with the hash that follows.
pub(super) fn is_common(password: &str) -> bool {
    LIST.split_ascii_whitespace().any(|common| common.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_short_sorted_and_in_lower_case() {
        let passwords: Vec<&str> = LIST.split_ascii_whitespace().collect();
        assert!((500..=1000).contains(&passwords.len()), "{}", passwords.len());
        assert!(passwords.is_sorted_by(|a, b| a < b), "sorted, each once");
        for text in passwords {
            assert!((8..=72).contains(&text.len()), "{text}");
            assert!(text.is_ascii() && text.to_lowercase() == text, "{text}");
        }
    }

    #[test]
    fn common_passwords_are_known_in_any_case() {
        for text in ["password", "12345678", "qwertyuiop", "11111111", "PassWord", "QWERTYUIOP"] {
            assert!(is_common(text), "{text}");
        }
    }

    #[test]
    fn those_of_the_documentation_are_not_common() {
        for text in ["mysecret", "insecure", "photoprism", "", "pass word", "password 12345678"] {
            assert!(!is_common(text), "{text}");
        }
    }
}
