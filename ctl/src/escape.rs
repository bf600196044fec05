//! Makes untrusted text safe to print, whatever misleads a terminal or a reader.

use std::borrow::Cow;

use photoprism_protocol::text::is_misleading;

/// One line: `\n`, `\t`, `\r` and `\u{1b}` in place of the characters.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replace(text, is_misleading, |c| c.escape_default().to_string())
}

/// Several lines: as [`line()`], each line by itself.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\n' && is_misleading(c), |c| c.escape_default().to_string())
}

/// JSON text that means the same: those of the characters that JSON allows in a string become
/// `\u` escapes. All of them are in the basic plane, and none can occur outside strings.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    replace(text, |c| c > ' ' && is_misleading(c), |c| format!("\\u{:04x}", u32::from(c)))
}

/// A cell of a Markdown table: as [`line()`], and no `|` that ends it. A backslash before one is
/// doubled, or it would take the escape for itself.
pub(crate) fn markdown(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    let mut backslashes = 0;
    for c in line(text).chars() {
        if c == '|' {
            cell.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        cell.push(c);
    }
    cell
}

/// A cell of a CSV or TSV file: no spreadsheet takes it for a formula.
pub(crate) fn formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn replace(
    text: &str,
    bad: impl Fn(char) -> bool,
    escaped: impl Fn(char) -> String,
) -> Cow<'_, str> {
    if !text.contains(&bad) {
        return Cow::Borrowed(text);
    }
    let parts = text.chars().map(|c| if bad(c) { escaped(c) } else { c.to_string() });
    Cow::Owned(parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misleads_becomes_visible() {
        assert_eq!(line("a\u{1b}[31m\n\t\r\0"), "a\\u{1b}[31m\\n\\t\\r\\u{0}");
        assert_eq!(line("\u{202e}x\u{2069}\u{9b}\u{7f}"), "\\u{202e}x\\u{2069}\\u{9b}\\u{7f}");
        assert_eq!(line("Käthe 東京 e\u{301} 👩\u{200d}💻"), "Käthe 東京 e\u{301} 👩\u{200d}💻");
        assert_eq!(line("a\u{ad}b\u{180e}\u{2065}"), "a\\u{ad}b\\u{180e}\\u{2065}");
        assert_eq!(lines("a\nb\r\n"), "a\nb\\r\n");
    }

    #[test]
    fn json_still_means_the_same() {
        let text = "{\"a\":\"\u{9b}31m \u{202e}x \\n\"}";
        let safe = json(text);
        assert_eq!(safe, "{\"a\":\"\\u009b31m \\u202ex \\n\"}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&safe), value(text));
    }

    #[test]
    fn a_pipe_does_not_end_a_cell() {
        assert_eq!(markdown("a|b"), "a\\|b");
        assert_eq!(markdown("a\\|b"), "a\\\\\\|b");
        assert_eq!(markdown("dom\\user"), "dom\\user");
    }

    #[test]
    fn formulas_are_texts() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(formula(text), format!("'{text}"));
        }
        for text in ["", "a=1", "1-1", " =1", "'=1"] {
            assert_eq!(formula(text), text);
        }
    }
}
