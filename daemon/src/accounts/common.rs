//! The passwords that are tried first.

/// Words in lower case, sorted, blanks between them. Shorter ones than any password may be are
/// left out.
const LIST: &str = include_str!("common.txt");

/// Whether the text is a common password, in whatever case. No copy of it is made; the list is
/// short beside the hash that follows.
pub(super) fn is_common(password: &str) -> bool {
    LIST.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_short_sorted_and_in_lower_case() {
        let words: Vec<&str> = LIST.split_ascii_whitespace().collect();
        assert!((500..=1000).contains(&words.len()), "{}", words.len());
        assert!(words.is_sorted_by(|a, b| a < b), "sorted, each once");
        for word in words {
            assert!((8..=72).contains(&word.len()), "{word}");
            assert!(word.is_ascii() && word.to_lowercase() == word, "{word}");
        }
    }

    #[test]
    fn common_passwords_are_known_in_any_case() {
        for word in ["password", "12345678", "qwertyuiop", "11111111", "PassWord", "QWERTYUIOP"] {
            assert!(is_common(word), "{word}");
        }
    }

    #[test]
    fn those_of_the_documentation_are_not_common() {
        for word in ["mysecret", "insecure", "photoprism", "", "pass word", "password 12345678"] {
            assert!(!is_common(word), "{word}");
        }
    }
}
