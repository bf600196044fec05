//! The name of this machine, or of the container: which of several daemons has written.

use std::sync::OnceLock;

/// `HOST_NAME_MAX` of Linux.
const LONGEST: usize = 64;

/// One word of at most 64 characters.
pub(super) fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let name = nix::unistd::gethostname().unwrap_or_default();
        word(&name.to_string_lossy())
    })
}

fn word(name: &str) -> String {
    let visible = |c: char| if c.is_whitespace() || c.is_control() { '?' } else { c };
    let name: String = name.chars().take(LONGEST).map(visible).collect();
    if name.is_empty() { "?".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word() {
        for (name, expected) in [("nas", "nas"), ("", "?"), ("a b\nc", "a?b?c"), ("zoë", "zoë")] {
            assert_eq!(word(name), expected);
        }
        assert_eq!(word(&"x".repeat(1000)).len(), LONGEST);
        assert!(!host().is_empty());
    }
}
