//! Decodes what the daemon wrote into the types of the protocol.
//!
//! Stricter than `serde_json`: every key of a type must be there unless the type has a default for
//! it, a list is not taken for an object, and a key comes once. Keys that a type does not have are
//! those of a newer daemon and are ignored. No message repeats a value: it may be a secret.
//!
//! The values of an object are handed to a type in the order of its fields, as formats without
//! keys do it (`visit_seq`). That takes the least code for each type, and there are some forty in
//! a binary that may have 1.4 MB.

use std::cell::{Cell, OnceCell};
use std::fmt;

use photoprism_protocol::envelope::Reply;
use photoprism_protocol::json::Json;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::error::CliError;

/// Decodes a line of the daemon.
///
/// # Errors
/// [`CliError::BadReply`] where it is not a reply.
pub(crate) fn reply(line: &str) -> Result<Reply, CliError> {
    decode("reply", line)
}

/// Decodes the result of a command, or a part of one.
///
/// # Errors
/// [`CliError::BadReply`] where it does not fit the type.
pub(crate) fn result<T: DeserializeOwned>(text: &str) -> Result<T, CliError> {
    decode("result", text)
}

fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, CliError> {
    let (node, key) = (Node::new(text), Cell::new(""));
    let value = Value { node: &node, key: &key };
    T::deserialize(value).map_err(|Mismatch| bad_reply(what, key.get()))
}

fn bad_reply(what: &str, key: &str) -> CliError {
    let place = match key {
        "" => String::new(),
        key => format!(": {key:?} is missing or of another type"),
    };
    CliError::BadReply(format!("unexpected {what} from the daemon{place}"))
}

/// A value does not fit its type. [`Value::key`] says which: an error without content takes the
/// least code at each field.
#[derive(Debug)]
struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value does not fit its type")
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value that is decoded. It borrows all that it is decoded from: what needs no drop needs less
/// code at each field.
#[derive(Clone, Copy)]
struct Value<'a, 'de> {
    node: &'a Node<'de>,
    /// The key that was decoded last.
    key: &'a Cell<&'static str>,
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Plain(Json::Null) => visitor.visit_unit(),
            Content::Plain(Json::Bool(value)) => visitor.visit_bool(*value),
            Content::Plain(Json::Text(text)) => visitor.visit_str(text),
            Content::Plain(Json::Fraction(number)) => visitor.visit_f64(*number),
            Content::Plain(_) => self.deserialize_i64(visitor),
            Content::List(_) => self.deserialize_seq(visitor),
            Content::Object(_) => self.deserialize_map(visitor),
            Content::Broken => Err(Mismatch),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Object(entries) => visitor.visit_map(Map { entries, key: self.key }),
            _ => Err(Mismatch),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Plain(Json::Bool(value)) => visitor.visit_bool(*value),
            _ => Err(Mismatch),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Plain(Json::Unsigned(number)) => visitor.visit_u64(*number),
            Content::Plain(Json::Negative(number)) => visitor.visit_i64(*number),
            _ => Err(Mismatch),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Plain(Json::Text(text)) => visitor.visit_str(text),
            _ => Err(Mismatch),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.node.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// A `RawValue`: `serde_json` alone knows how it is decoded.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let mut deserializer = serde_json::Deserializer::from_str(self.node.text);
        deserializer.deserialize_newtype_struct(name, visitor).map_err(|_| Mismatch)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::List(items) => visitor.visit_seq(Items { items, key: self.key }),
            _ => Err(Mismatch),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.node.content() {
            Content::Object(entries) => visitor.visit_seq(Fields { names, entries, key: self.key }),
            _ => Err(Mismatch),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 f64 char str bytes byte_buf unit unit_struct tuple
        tuple_struct enum identifier ignored_any
    }
}

/// The items of a list.
struct Items<'a, 'de> {
    items: &'a [Node<'de>],
    key: &'a Cell<&'static str>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let Some((node, rest)) = self.items.split_first() else { return Ok(None) };
        self.items = rest;
        seed.deserialize(Value { node, key: self.key }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of an object, for a type that is flattened: it leaves out what it does not have.
struct Map<'a, 'de> {
    entries: &'a [(String, Node<'de>)],
    key: &'a Cell<&'static str>,
}

impl<'de> MapAccess<'de> for Map<'_, 'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let Some((key, _)) = self.entries.first() else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        let Some(((_, node), rest)) = self.entries.split_first() else { return Err(Mismatch) };
        self.entries = rest;
        seed.deserialize(Value { node, key: self.key })
    }
}

/// The values of an object in the order of a type's fields. One that is not there is reported as
/// the end of the values: a field takes its default then, or is refused.
struct Fields<'a, 'de> {
    /// Those that are still to come.
    names: &'static [&'static str],
    entries: &'a [(String, Node<'de>)],
    key: &'a Cell<&'static str>,
}

impl<'a, 'de> Fields<'a, 'de> {
    /// The value of the next field.
    fn take(&mut self) -> Result<Option<Value<'a, 'de>>, Mismatch> {
        let Some((&name, rest)) = self.names.split_first() else { return Ok(None) };
        self.names = rest;
        self.key.set(name);
        let mut values = self.entries.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, node)), None) => Ok(Some(Value { node, key: self.key })),
            (Some(_), Some(_)) => Err(Mismatch),
        }
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let Some(value) = self.take()? else { return Ok(None) };
        seed.deserialize(value).map(Some)
    }
}

/// A value of the text, read when it is asked for.
struct Node<'de> {
    text: &'de str,
    content: OnceCell<Content<'de>>,
}

enum Content<'de> {
    /// Neither a list nor an object.
    Plain(Json<'de>),
    List(Vec<Node<'de>>),
    Object(Vec<(String, Node<'de>)>),
    /// It is not JSON.
    Broken,
}

impl<'de> Node<'de> {
    fn new(text: &'de str) -> Self {
        Self { text, content: OnceCell::new() }
    }

    fn content(&self) -> &Content<'de> {
        self.content.get_or_init(|| match Json::read(self.text) {
            None => Content::Broken,
            Some(Json::List(items)) => {
                Content::List(items.into_iter().map(|item| Self::new(item.get())).collect())
            }
            Some(Json::Object(entries)) => {
                let nodes = entries.into_iter().map(|(key, value)| (key, Self::new(value.get())));
                Content::Object(nodes.collect())
            }
            Some(plain) => Content::Plain(plain),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        inner: Vec<Inner>,
        must_be_there: Option<i64>,
        #[serde(default)]
        may_be_missing: Option<String>,
        raw: Box<RawValue>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        small: u32,
        flag: bool,
    }

    fn message(text: &str) -> String {
        result::<Outer>(text).unwrap_err().message()
    }

    #[test]
    fn a_value_that_fits_is_decoded() {
        let text = r#" {"new":[{}],"raw":{"a": 1.50},"must_be_there":-7,
            "inner":[{"flag":true,"small":4294967295,"new":1e9}],"may_be_missing":"\u00e4\n"} "#;
        let outer: Outer = result(text).unwrap();
        assert_eq!((outer.inner[0].small, outer.inner[0].flag), (u32::MAX, true));
        assert_eq!(outer.must_be_there, Some(-7));
        assert_eq!(outer.may_be_missing.as_deref(), Some("ä\n"));
        assert_eq!(outer.raw.get(), r#"{"a": 1.50}"#);
        let text = r#"{"inner":[],"must_be_there":null,"raw":null}"#;
        let outer: Outer = result(text).unwrap();
        assert_eq!((outer.inner.len(), outer.must_be_there, outer.raw.get()), (0, None, "null"));
        assert!(outer.may_be_missing.is_none());
    }

    #[test]
    fn the_key_of_one_that_does_not_is_named() {
        let inner = |inner: &str| format!(r#"{{"inner":{inner},"must_be_there":1,"raw":1}}"#);
        for (text, key) in [
            (inner("7"), "inner"),
            (inner("[7]"), "inner"),
            (inner("[[1,true]]"), "inner"),
            (inner(r#"[{"flag":true}]"#), "small"),
            (inner(r#"[{"small":-1,"flag":true}]"#), "small"),
            (inner(r#"[{"small":4294967296,"flag":true}]"#), "small"),
            (inner(r#"[{"small":1.0,"flag":true}]"#), "small"),
            (inner(r#"[{"small":1,"flag":null}]"#), "flag"),
            (inner(r#"[{"small":1,"small":1,"flag":true}]"#), "small"),
            (r#"{"inner":[],"raw":1}"#.into(), "must_be_there"),
            (r#"{"inner":[],"raw":1,"must_be_there":9223372036854775808}"#.into(), "must_be_there"),
            (
                r#"{"inner":[],"must_be_there":1,"may_be_missing":5,"raw":1}"#.into(),
                "may_be_missing",
            ),
            (r#"{"inner":[],"must_be_there":1}"#.into(), "raw"),
        ] {
            let expected =
                format!("unexpected result from the daemon: {key:?} is missing or of another type");
            assert_eq!(message(&text), expected, "{text}");
        }
        for text in ["", "x", "{", "{}}", "[]", "null", "\"mysecret\""] {
            assert!(message(text).starts_with("unexpected result from the daemon"), "{text}");
            assert!(!message(text).contains("secret"));
        }
    }

    #[test]
    fn a_line_is_a_reply_or_unexpected() {
        assert!(reply("{\"ok\":true,\"result\":[ ],\"new\":1}\r").unwrap().ok);
        let error = reply(r#"{"ok":1}"#).unwrap_err().message();
        assert_eq!(error, "unexpected reply from the daemon: \"ok\" is missing or of another type");
    }
}
