//! Makes a stranger's text safe for a log line. Everything that is logged passes through here.

use std::borrow::Cow;
use std::fmt::Write;

use photoprism_protocol::text::{is_joiner, is_misleading};

/// Most characters of a stranger's text in a record.
pub(super) const EXCERPT_CHARS: usize = 200;

/// The mark in place of what was cut off.
pub(super) const CUT: &str = "…";

/// The text with every character escaped, as in Rust (`\n`, `\u{202e}`), that would end a line,
/// move the cursor or change the direction of what follows.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        push_escaped(&mut safe, character);
    }
    safe
}

/// At most `chars` characters of a text; where it had more, the last one is a mark. Cut before
/// anything is escaped.
pub(super) fn excerpt(text: &str, chars: usize) -> Cow<'_, str> {
    let mut ends = text.char_indices().map(|(at, _)| at).skip(chars.saturating_sub(1));
    match (ends.next(), ends.next()) {
        (Some(end), Some(_)) => Cow::Owned(format!("{}{CUT}", &text[..end])),
        _ => Cow::Borrowed(text),
    }
}

/// One character as [`escape`] writes it.
pub(super) fn push_escaped(to: &mut String, character: char) {
    if is_escaped(character) {
        to.extend(character.escape_default());
    } else {
        to.push(character);
    }
}

/// One character of a text in double quotes, as Rust writes it.
pub(super) fn push_quoted(to: &mut String, character: char) {
    match character {
        '\'' => to.push('\''),
        _ if is_escaped(character) && character != '\0' => to.extend(character.escape_default()),
        _ => to.extend(character.escape_debug()),
    }
}

/// One character of a text in JSON.
pub(super) fn push_json(to: &mut String, character: char) {
    match character {
        '"' | '\\' => to.extend(['\\', character]),
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        // All of them have four hexadecimal digits.
        _ if is_escaped(character) => {
            // Writing to a string cannot fail.
            let _ = write!(to, "\\u{:04x}", u32::from(character));
        }
        _ => to.push(character),
    }
}

/// What is escaped in the log: what misleads, and joiners too, since names that look the same must
/// not be taken for each other.
pub(super) fn is_escaped(character: char) -> bool {
    is_misleading(character) || is_joiner(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harm_is_escaped_and_the_rest_is_not() {
        for (text, safe) in [
            ("", ""),
            ("Grüße, \"you\" \\ 🙂", "Grüße, \"you\" \\ 🙂"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\u{7f}\u{9b}", "\\u{1b}[31m\\u{7f}\\u{9b}"),
            ("a\u{ad}\u{200d}\u{fff9}", "a\\u{ad}\\u{200d}\\u{fff9}"),
            ("\u{202e}a\u{2066}\u{2028}\u{85}", "\\u{202e}a\\u{2066}\\u{2028}\\u{85}"),
        ] {
            assert_eq!(escape(text), safe, "{text:?}");
        }
    }

    #[test]
    fn an_excerpt_is_cut_between_characters_and_says_so() {
        assert_eq!(excerpt("grün", 4), "grün");
        assert_eq!(excerpt("grün", 3), "gr…");
        assert_eq!(excerpt("", 1), "");
        assert_eq!(excerpt(&"🙂".repeat(500), EXCERPT_CHARS).chars().count(), EXCERPT_CHARS);
    }

    /// What is quoted can be parsed again by the rules of Rust and of JSON.
    #[test]
    fn every_character_is_quoted_as_rust_and_json_do() {
        for character in ('\0'..='\u{ffff}').chain(['🙂', '\u{e0001}', '\u{10ffff}']) {
            let mut quoted = String::new();
            push_quoted(&mut quoted, character);
            assert_eq!(format!("\"{quoted}\""), format!("{:?}", character.to_string()));
            let mut json = String::from("\"");
            push_json(&mut json, character);
            json.push('"');
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), character.to_string());
            assert!(!quoted.chars().chain(json.chars()).any(is_escaped));
        }
    }
}
