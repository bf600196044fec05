//! An object of the protocol, read by its keys.
//!
//! Results of commands that do not use the types of the protocol yet. What is only printed may be missing; what a command depends on is read with
//! [`Object::count`], [`Object::object`] and
//! [`Object::rows`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::CliError;

/// The entries of an object, values as the daemon wrote them.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(String, &'a RawValue)>);

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
    pub(crate) fn raw(&self, key: &str) -> &'a str {
        self.0.iter().find(|(name, _)| name == key).map_or("null", |(_, value)| value.get())
    }

    /// A text; empty where it is not one.
    pub(crate) fn text(&self, key: &str) -> String {
        serde_json::from_str(self.raw(key)).unwrap_or_default()
    }

    /// A text; `None` where it is not one.
    pub(crate) fn some_text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.raw(key)).ok()
    }

    /// A number; 0 where it is not one.
    pub(crate) fn number(&self, key: &str) -> u64 {
        self.raw(key).parse().unwrap_or(0)
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// [`CliError::BadReply`] where it is not.
    pub(crate) fn count(&self, key: &str) -> Result<u64, CliError> {
        self.raw(key).parse().map_err(|_| bad_value())
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.raw(key) == "true"
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// [`CliError::BadReply`] where it is not.
    pub(crate) fn object(&self, key: &str) -> Result<Object<'a>, CliError> {
        serde_json::from_str(self.raw(key)).map_err(|_| bad_value())
    }

    /// A list that must be there.
    ///
    /// # Errors
    /// [`CliError::BadReply`] where it is not.
    pub(crate) fn rows(&self, key: &str) -> Result<Vec<Box<RawValue>>, CliError> {
        serde_json::from_str(self.raw(key)).map_err(|_| bad_value())
    }

    /// A list; empty where it is not one.
    pub(crate) fn list(&self, key: &str) -> Vec<Box<RawValue>> {
        serde_json::from_str(self.raw(key)).unwrap_or_default()
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let list = self.list(key);
        list.iter().filter_map(|text| serde_json::from_str(text.get()).ok()).collect()
    }
}

fn bad_value() -> CliError {
    CliError::BadReply("unexpected result from the daemon".into())
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
        assert_eq!(object.rows("d").unwrap().len(), 3);
        assert_eq!(object.count("b").unwrap(), 7);
        assert!(object.count("a").is_err() && object.count("none").is_err());
        assert!(object.rows("f").is_err() && object.rows("none").is_err());
        assert_eq!(object.object("f").unwrap().number("g"), 1);
        assert_eq!((object.some_text("e"), object.some_text("b")), (None, None));
        assert!(object.object("a").is_err() && object.object("none").is_err());
        assert!(serde_json::from_str::<Object<'_>>("[]").is_err());
    }
}
