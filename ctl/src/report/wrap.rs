//! Text broken into lines.

use unicode_width::UnicodeWidthStr;

/// Breaks a text at blanks, and a word that is longer than a line where the line ends.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut lines, mut used) = (String::new(), 0);
    for mut word in text.split(' ') {
        let mut gap = usize::from(!lines.is_empty());
        if used + gap + word.width() > width && used > 0 {
            lines.push('\n');
            (used, gap) = (0, 0);
        }
        while used == 0 && word.width() > width {
            let (line, rest) = word.split_at(end(word, width));
            lines.extend([line, "\n"]);
            (word, gap) = (rest, 0);
        }
        if gap > 0 && used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += word.width();
    }
    lines
}

/// Where the part that fits ends; one character at least.
fn end(word: &str, width: usize) -> usize {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut fits = 0;
    for end in ends {
        if fits > 0 && word[..end].width() > width {
            break;
        }
        fits = end;
    }
    fits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("one two", 7), "one two");
        assert_eq!(wrapped("abcdefgh ij", 3), "abc\ndef\ngh\nij");
        assert_eq!(wrapped("ab cdefgh", 3), "ab\ncde\nfgh");
        assert_eq!(wrapped("東京東京", 5), "東京\n東京");
        assert_eq!(wrapped("", 3), "");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_and_nothing_but_blanks_is_lost(text in "[a東 é]{0,60}", width in 2_usize..20) {
            let lines = wrapped(&text, width);
            prop_assert!(lines.lines().all(|line| line.width() <= width), "{:?}", lines);
            let letters = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(letters(&lines), letters(&text));
        }
    }
}
