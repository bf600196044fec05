//! An object of the protocol, looked at by its keys.
//!
//! For results that are printed and not reckoned with: a struct of its own for each costs some
//! kilobytes of a binary that may have 1.2 MB.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::failure::Failure;

/// The entries of an object, values as the daemon wrote them.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Object(entries))
    }
}

impl<'a> Object<'a> {
    /// The value of a key, as it was written; `null` where there is none.
    #[must_use]
    pub fn raw(&self, key: &str) -> &'a str {
        self.0.iter().find(|(name, _)| name == key).map_or("null", |(_, value)| value.get())
    }

    /// A text; nothing where it is none.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        serde_json::from_str(self.raw(key)).unwrap_or_default()
    }

    /// A text; `None` where it is none.
    #[must_use]
    pub fn some_text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.raw(key)).ok()
    }

    /// A number; 0 where it is none.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        self.raw(key).parse().unwrap_or(0)
    }

    /// Whether it is `true`.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        self.raw(key) == "true"
    }

    /// An object.
    ///
    /// # Errors
    /// [`Failure::BadReply`] where it is none.
    pub fn object(&self, key: &str) -> Result<Object<'a>, Failure> {
        serde_json::from_str(self.raw(key))
            .map_err(|_| Failure::BadReply("the daemon's result makes no sense".into()))
    }

    /// An object; an empty one where it is none.
    #[must_use]
    pub fn within(&self, key: &str) -> Object<'a> {
        serde_json::from_str(self.raw(key)).unwrap_or_default()
    }

    /// A list; empty where it is none.
    #[must_use]
    pub fn list(&self, key: &str) -> Vec<Box<RawValue>> {
        serde_json::from_str(self.raw(key)).unwrap_or_default()
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, key: &str) -> Vec<String> {
        let list = self.list(key);
        list.iter().filter_map(|text| serde_json::from_str(text.get()).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_keys() {
        let text = r#"{"a":"x\"\u00e4","b":7,"c":true,"d":["p",1,"q"],"e":null,"f":{"g":1}}"#;
        let object: Object<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((object.text("a").as_str(), object.number("b")), ("x\"ä", 7));
        assert!(object.is_true("c") && !object.is_true("b"));
        assert_eq!(object.texts("d"), ["p", "q"]);
        assert_eq!(object.list("d").len(), 3);
        assert_eq!(
            (object.text("e"), object.text("b"), object.number("a")),
            (String::new(), String::new(), 0)
        );
        assert_eq!((object.raw("f"), object.raw("none")), (r#"{"g":1}"#, "null"));
        assert_eq!(object.object("f").unwrap().number("g"), 1);
        assert_eq!((object.within("f").number("g"), object.within("e").number("g")), (1, 0));
        assert_eq!((object.some_text("e"), object.some_text("b")), (None, None));
        assert!(object.object("a").is_err() && object.object("none").is_err());
        assert!(serde_json::from_str::<Object<'_>>("[]").is_err());
    }
}
