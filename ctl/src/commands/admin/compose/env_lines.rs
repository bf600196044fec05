//! The lines of `.env`, as Compose reads them. What is not changed stays as it is, to the byte.

use std::ops::Range;

/// Around what is added.
pub(super) const BEGIN: &str =
    "# for photoprism-admin; taken back by: photoprism admin compose --undo";
pub(super) const END: &str = "# end of that";

/// The value that counts: the last one. Empty where there is none.
pub(super) fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let mut last = "";
    for line in assignments(text) {
        if let Some(at) = span(line, key) {
            last = &line[at];
        }
    }
    last
}

/// The lines with their ends; a value in quotes may have several.
pub(super) fn assignments(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = line_end(rest, end_of_value(rest).unwrap_or(0));
        let (line, more) = rest.split_at(end);
        rest = more;
        (!line.is_empty()).then_some(line)
    })
}

/// Behind the end of the line in which `at` is.
fn line_end(text: &str, at: usize) -> usize {
    position(&text[at..], "\n").map_or(text.len(), |end| at + end + 1)
}

/// The quote that ends the value of the first line.
fn end_of_value(text: &str) -> Option<usize> {
    let line = &text[..line_end(text, 0)];
    let begin = line.len() - line.split_once('=')?.1.trim_start().len();
    let quote = text.as_bytes().get(begin).copied()?;
    if line.trim_start().starts_with('#') || quote != b'"' && quote != b'\'' {
        return None;
    }
    let mut is_escaped = false;
    let ends = |byte: u8| {
        let ends = byte == quote && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    };
    text.bytes().skip(begin + 1).position(ends).map(|end| begin + 1 + end)
}

/// Adds a line to those of this program.
pub(super) fn add(text: &mut String, key: &str, value: &str) {
    // Windows line ends, where the file has them.
    let is_windows = text.as_bytes().iter().position(|byte| *byte == b'\n');
    let is_windows = is_windows.is_some_and(|at| at > 0 && text.as_bytes()[at - 1] == b'\r');
    let new = if is_windows { "\r\n" } else { "\n" };
    let mut at = text.len();
    if let Some(end) = position(text, END) {
        at = end;
    } else if text.is_empty() || text.ends_with('\n') {
        text.extend([BEGIN, new, END, new]);
        at += BEGIN.len() + new.len();
    } else {
        // Without a line end at the end of the file before, without one after.
        text.extend(["\n", BEGIN, new, END]);
        at += 1 + BEGIN.len() + new.len();
    }
    let rest = text.split_off(at);
    text.extend([key, "=", value, new, &rest]);
}

/// Where `words` are. One copy of this search is enough.
#[inline(never)]
pub(super) fn position(text: &str, words: &str) -> Option<usize> {
    text.find(words)
}

/// What is before `words`.
pub(super) fn before<'a>(text: &'a str, words: &str) -> &'a str {
    &text[..position(text, words).unwrap_or(text.len())]
}

/// Where the value is in a line that sets `key`, without its quotes and what follows it.
pub(super) fn span(line: &str, key: &str) -> Option<Range<usize>> {
    let rest = line.trim_start_matches('\u{feff}').trim_start();
    let rest = rest.strip_prefix("export ").unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    let mut value = rest.trim_start();
    let quote = value.as_bytes().first().copied().unwrap_or_default();
    if quote == b'"' || quote == b'\'' {
        value = &value[1..];
        let end = value.bytes().position(|byte| byte == quote);
        value = &value[..end.unwrap_or(value.len())];
    } else {
        value = before(rest, " #").trim();
    }
    let start = value.as_ptr().addr() - line.as_ptr().addr();
    Some(start..start + value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_as_compose_reads_them() {
        for (line, expected) in [
            ("KEY=a:b", "a:b"),
            ("  export KEY = \"a b\" # c", "a b"),
            ("KEY='a'\r", "a"),
            ("KEY=a\r", "a"),
            ("KEY=a#b # c", "a#b"),
            ("KEY=", ""),
            ("KEY= # nothing", ""),
            ("\u{feff}KEY=a", "a"),
            ("KEY=a\nKEY=b", "b"),
        ] {
            assert_eq!(value(line, "KEY"), expected, "{line:?}");
            assert!(span(line, "KEY").is_some(), "{line:?}");
        }
        for line in ["#KEY=a", "KEYS=a", "MY_KEY=a", "KEY", "KEY: a", ""] {
            assert_eq!(span(line, "KEY"), None, "{line:?}");
        }
    }

    #[test]
    fn a_value_in_quotes_may_have_several_lines() {
        let text = "A=\"x\nCOMPOSE_FILE=b\n\\\"\n\"\r\nCOMPOSE_FILE=a\n# B='\nC='\n";
        let lines: Vec<&str> = assignments(text).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(lines.concat(), text);
        assert_eq!(lines[1], "COMPOSE_FILE=a\n");
        assert_eq!(value(text, "COMPOSE_FILE"), "a");
        assert_eq!(value("C='a\nb' # c", "C"), "a\nb");
    }

    #[test]
    fn what_is_added_is_a_block_at_the_end() {
        for (old, end) in [("", "\n"), ("A=1", "\n"), ("A=1\n", "\n"), ("A=1\r\n", "\r\n")] {
            let mut text = old.to_owned();
            add(&mut text, "B", "2");
            add(&mut text, "C", "3");
            let added = [BEGIN, "B=2", "C=3", END].join(end);
            let before = if old == "A=1" { "A=1\n" } else { old };
            let after = if old == "A=1" { "" } else { end };
            assert_eq!(text, [before, &added, after].concat(), "{old:?}");
        }
    }
}
