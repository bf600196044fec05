//! Texts that SQLite would take for numbers.
//!
//! PhotoPrism declares text columns as VARBINARY, which has numeric affinity: a well-formed
//! number is stored as one and comes back in another spelling (<https://sqlite.org/datatype3.html>,
//! section 3).

/// Most digits that are never rounded and never need a check of the integer range.
const SAFE_DIGITS: usize = 18;

/// Whether SQLite would store the text as a number: blanks around it, a sign, digits with a point
/// among, before or after them, an exponent.
pub fn looks_numeric(text: &str) -> bool {
    // SQLite 3.54 ends the number at a NUL, earlier versions take all of it as text.
    let text = text.split('\0').next().unwrap_or(text).trim_matches(is_blank);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    is_mantissa(mantissa) && exponent.is_none_or(is_exponent)
}

/// Whether a VARBINARY column gives back what was put in. Fractions and exponents are refused
/// whole, whole numbers from 19 digits on: some would survive, but nobody could predict which.
pub fn survives_numeric_affinity(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = is_digits(digits)
        && digits.len() <= SAFE_DIGITS
        && (!digits.starts_with('0') || text == "0");
    canonical || !looks_numeric(text)
}

/// What SQLite calls a space.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_mantissa(text: &str) -> bool {
    match text.split_once('.') {
        None => is_digits(text),
        Some(("", part) | (part, "")) => is_digits(part),
        Some((whole, part)) => is_digits(whole) && is_digits(part),
    }
}

fn is_exponent(text: &str) -> bool {
    is_digits(text.strip_prefix(['+', '-']).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen in SQLite: stored as integer or real in a VARBINARY column, read back as text in
    /// another spelling.
    const CHANGED: [&str; 42] = [
        "7\0",
        "1.5\0x",
        "007",
        "00",
        "-0",
        "+0",
        "+7",
        " 7",
        "7 ",
        " 7 ",
        "7\t",
        "\n7",
        "7\x0b",
        "7\x0c",
        "7\r",
        "7.0",
        ".5",
        "5.",
        "-.5",
        "1e3",
        "1E3",
        "1e400",
        "-1e400",
        "9223372036854775808",
        "12345678901234567890",
        "123456789012345678901",
        "0.10",
        "100e-2",
        "12345e67",
        "1e-5",
        "0e0",
        "5.e3",
        "-007",
        "0.30000000000000004",
        "3.0",
        "1.0e+15",
        "1e15",
        ".5 ",
        "+.5",
        "-1.50",
        "1e+3",
        "00000000",
    ];

    /// Seen in SQLite: stored as a number, read back the same.
    const KEPT_NUMBERS: [&str; 7] = [
        "0",
        "7",
        "-7",
        "1000000000000000",
        "123456789012345678",
        "999999999999999999",
        "-999999999999999999",
    ];

    /// Seen in SQLite: some of them come back the same; refused by kind.
    const REFUSED_BY_KIND: [&str; 5] =
        ["7.5", "0.1", "1234567.5", "1234567890123456789", "9223372036854775807"];

    /// Seen in SQLite: stored as text.
    const TEXTS: [&str; 34] = [
        "",
        ".",
        "-",
        "+",
        "e1",
        "1e",
        "1e+",
        "1.2.3",
        "1e5.",
        "0x1F",
        "0x10",
        "1_000",
        "inf",
        "Infinity",
        "nan",
        "NaN",
        "--7",
        "+-7",
        "7 7",
        "٧",
        "7a",
        "a7",
        "7\u{a0}",
        "00e",
        ".e3",
        "1.5e",
        "- 7",
        "5._",
        "\x1c7",
        "users/007",
        "1e3e3",
        "e",
        "1-",
        "abc",
    ];

    #[test]
    fn what_comes_back_changed_does_not_survive() {
        for text in CHANGED.iter().chain(&REFUSED_BY_KIND) {
            assert!(!survives_numeric_affinity(text), "{text:?}");
        }
        for text in KEPT_NUMBERS.iter().chain(&TEXTS) {
            assert!(survives_numeric_affinity(text), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_distinguished_from_texts() {
        for text in CHANGED.iter().chain(&REFUSED_BY_KIND).chain(&KEPT_NUMBERS) {
            assert!(looks_numeric(text), "{text:?}");
        }
        for text in TEXTS {
            assert!(!looks_numeric(text), "{text:?}");
        }
    }
}
