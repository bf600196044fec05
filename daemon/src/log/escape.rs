//! Text from strangers, made fit for a line.

/// The text with everything escaped, as in Rust (`\n`, `\u{202e}`), that would end a line, move
/// the cursor or turn the direction of what follows.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Control characters, line and paragraph separators, and those that set a direction (UAX #9) or
/// are not seen at all.
pub(super) const fn is_harmful(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
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
            ("\u{202e}a\u{2066}\u{2028}\u{85}", "\\u{202e}a\\u{2066}\\u{2028}\\u{85}"),
        ] {
            assert_eq!(escape(text), safe, "{text:?}");
        }
    }
}
