//! Text that must not be seen: passwords, tokens, passcodes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

/// A secret: no `Display`, a `Debug` that shows nothing, zeroed when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret that a file or a pipe contains: its text without the byte order mark that an
    /// editor may put before it, and without one newline at its end.
    pub fn from_file_text(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        Self::new(line.unwrap_or(text).to_owned())
    }

    /// The composed form (NFC), where that is another text: some keyboards send `ä` as one
    /// character and some as two.
    pub fn composed(&self) -> Option<Self> {
        (!is_nfc(self.expose())).then(|| Self::new(self.expose().nfc().collect()))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Written only into a request line, or into the one reply that hands a new secret over.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    /// The format says that it is not to be shown while it is typed.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "password"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_secret_and_what_an_editor_adds() {
        for (text, secret) in [
            ("a b", "a b"),
            ("ab\n", "ab"),
            ("ab\r\n", "ab"),
            ("ab\n\n", "ab\n"),
            (" ab \r", " ab \r"),
            ("\u{feff}ab\r\n", "ab"),
            ("\u{feff}\u{feff}ab", "\u{feff}ab"),
            ("a\u{feff}b\n", "a\u{feff}b"),
            ("\u{feff}\n", ""),
            ("", ""),
        ] {
            assert_eq!(Secret::from_file_text(text).expose(), secret, "{text:?}");
        }
    }

    #[test]
    fn only_what_is_not_composed_has_another_form() {
        let composed = |text: &str| Secret::new(text.into()).composed();
        assert_eq!(composed("a\u{308}bc").unwrap().expose(), "\u{e4}bc");
        assert_eq!(composed("\u{212b}").unwrap().expose(), "\u{c5}");
        for text in ["", "abc", "\u{e4}bc", "\u{1f600}"] {
            assert_eq!(composed(text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter22".into())), "Secret(…)");
    }
}
