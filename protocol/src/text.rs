//! Classes of characters, and texts compared without regard to case.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Unicode's `White_Space`.
pub fn is_white_space(c: char) -> bool {
    c.is_whitespace()
}

/// General category Cc: C0, DEL and C1.
pub fn is_control(c: char) -> bool {
    c.is_control()
}

/// General category Cf: zero-width characters, soft hyphen, tags, the byte order mark.
pub fn is_format(c: char) -> bool {
    c.general_category() == GeneralCategory::Format
}

/// Invisible, so that two texts look the same: Unicode's `Default_Ignorable_Code_Point`, all
/// format characters, the blank braille pattern, the musical null notehead, and code points that
/// are not characters.
pub fn is_invisible(c: char) -> bool {
    let ignorable = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    let no_character = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    ignorable || no_character || matches!(c, '\u{2800}' | '\u{1d159}') || is_format(c)
}

/// What changes the direction in which text is shown (UAX #9, section 2).
pub fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// What misleads a terminal, or the reader of a line: anybody who prints or logs a text that is not the
/// program's own escapes it. Of the Unicode Standard's general categories all of Cc, Zl and Zp (they
/// end lines, move the cursor, begin escape sequences), and of Cf the bidirectional controls
/// (UAX #9, section 2; CVE-2021-42574), the deprecated format characters, interlinear annotations,
/// and what is shown as nothing at all (chapter 23 of the standard: soft hyphen, Mongolian vowel
/// separator, zero-width space, word joiner, invisible operators, byte order mark). All are in the
/// basic plane. Joiners are not among them: see [`is_joiner`].
pub fn is_misleading(c: char) -> bool {
    is_control(c)
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// The zero-width joiner and non-joiner: parts of words in many scripts and of emoji, yet two texts
/// that differ in them alone may look the same.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether both are the same name when composed, trimmed and in lower case. Neither is copied,
/// so that one of them may be a secret.
pub fn same_without_case(a: &str, b: &str) -> bool {
    folded(a).eq(folded(b))
}

/// The same form as a key: texts that are [`same_without_case`] have the same one.
pub fn without_case(text: &str) -> String {
    folded(text).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.trim().nfc().flat_map(char::to_lowercase).nfc().map(|c| {
        // Lower case of a whole word ends in the final sigma, that of a character does not.
        if c == 'ς' { 'σ' } else { c }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_their_names_say() {
        for c in [' ', '\t', '\n', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}'] {
            assert!(is_white_space(c), "{c:?}");
        }
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{9b}'] {
            assert!(is_control(c) && !is_format(c), "{c:?}");
        }
        for c in ['\u{ad}', '\u{200b}', '\u{200d}', '\u{feff}', '\u{e0041}', '\u{202e}'] {
            assert!(is_format(c) && !is_control(c), "{c:?}");
        }
        for c in ['a', 'ß', '\u{301}', '😀', '\u{e000}', '\u{378}', '\u{fffe}'] {
            assert!(!is_white_space(c) && !is_control(c) && !is_format(c), "{c:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_invisible() {
        for c in [
            '\u{ad}',
            '\u{34f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180f}',
            '\u{200b}',
            '\u{200d}',
            '\u{2065}',
            '\u{2800}',
            '\u{3164}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff8}',
            '\u{fffe}',
            '\u{1d159}',
            '\u{1ffff}',
            '\u{e0041}',
            '\u{10ffff}',
        ] {
            assert!(is_invisible(c), "{c:?}");
        }
        for c in ['a', ' ', 'ß', '\u{301}', '😀', 'ᄀ', '⠁', '田', '\u{e000}', '\u{378}'] {
            assert!(!is_invisible(c), "{c:?}");
        }
        assert!(('\0'..=char::MAX).filter(|c| is_format(*c)).all(is_invisible));
        // Unicode has 66 of them.
        let no_characters = ('\0'..=char::MAX).filter(|c| {
            matches!(u32::from(*c) & 0xffff, 0xfffe | 0xffff)
                || ('\u{fdd0}'..='\u{fdef}').contains(c)
        });
        assert_eq!(no_characters.filter(|c| is_invisible(*c)).count(), 66);
    }

    #[test]
    fn there_are_twelve_bidirectional_controls() {
        let all: Vec<char> = ('\0'..=char::MAX).filter(|c| is_bidi_control(*c)).collect();
        assert_eq!(all.len(), 12);
        assert!(all.iter().all(|c| is_format(*c)));
    }

    #[test]
    fn these_and_no_others_mislead() {
        let mut expected: Vec<char> = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
        expected.extend(['\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200e}', '\u{200f}']);
        expected.extend('\u{2028}'..='\u{202e}');
        expected.extend('\u{2060}'..='\u{206f}');
        expected.extend(['\u{feff}', '\u{fff9}', '\u{fffa}', '\u{fffb}']);
        let all = || '\0'..=char::MAX;
        assert_eq!(all().filter(|c| is_misleading(*c)).collect::<Vec<_>>(), expected);
        assert!(all().filter(|c| is_bidi_control(*c)).all(is_misleading));
        assert_eq!(all().filter(|c| is_joiner(*c)).collect::<String>(), "\u{200c}\u{200d}");
    }

    #[test]
    fn case_and_composition_do_not_matter() {
        for (a, b) in [
            ("Bob", "bOB"),
            ("José", "JOSE\u{301}"),
            (" bob ", "bob"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "οδος"),
            ("\u{130}x", "i\u{307}X"),
        ] {
            assert!(same_without_case(a, b), "{a:?} {b:?}");
        }
        for (a, b) in [("bob", "bobb"), ("bob", "bo"), ("", "a"), ("jose", "josé")] {
            assert!(!same_without_case(a, b), "{a:?} {b:?}");
        }
    }
}
