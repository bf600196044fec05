//! `args` of a request into the argument struct of its command, strictly.
//!
//! serde's derive does the work; what it finds wrong comes back as an [`ArgError`], not as prose
//! to take apart again. `null` is of the wrong type everywhere.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use crate::error::{ErrorBody, ErrorCode};
use crate::suggest;

/// A whole number of 64 bits, signed or not. Its range is the command's to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Int(pub i128);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(IntVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Int {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Int".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": i64::MIN, "maximum": u64::MAX})
    }
}

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = Int;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Int, E> {
        Ok(Int(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Int, E> {
        Ok(Int(number.into()))
    }
}

/// What is wrong with the names or types inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgError {
    /// A key that the command does not know, with those that it does.
    Unknown(String, Vec<&'static str>),
    /// A required key is missing.
    Missing(&'static str),
    /// A key is given twice.
    Duplicate(String),
    /// The key's value is of the wrong type.
    Type(String),
}

impl From<ArgError> for ErrorBody {
    fn from(fault: ArgError) -> Self {
        let error = |message| Self::new(ErrorCode::BadRequest, message);
        match fault {
            ArgError::Unknown(key, known) => unknown_key("unknown argument", &key, &known),
            ArgError::Missing(field) => error("a required argument is missing").at(field),
            ArgError::Duplicate(key) => error("an argument is given twice").at(shorten(&key)),
            ArgError::Type(key) => {
                error("an argument has a value of the wrong type").at(shorten(&key))
            }
        }
    }
}

/// The error for an unknown key: `field` has it, `hint` the nearest known one, or where none is near
/// all of them.
pub(crate) fn unknown_key(what: &'static str, key: &str, known: &[&'static str]) -> ErrorBody {
    let error = ErrorBody::new(ErrorCode::BadRequest, what).at(shorten(key));
    match suggest::nearest(key, known.iter().copied()) {
        Some(name) => error.hint(name),
        None if known.is_empty() => error,
        None => error.hint(["known are ", &known.join(", ")].concat()),
    }
}

/// At most 40 characters of a key that a stranger chose.
pub(crate) fn shorten(key: &str) -> String {
    key.chars().take(40).collect()
}

/// The entries of `args`, in their order, values untouched.
#[derive(Debug)]
pub struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Entries<'a> {
    /// Takes the text of `args`, already known to be JSON; left out means `{}`.
    ///
    /// # Errors
    /// [`ArgError::Type`] of `args` where it is not an object.
    pub fn read(args: Option<&'a RawValue>) -> Result<Self, ArgError> {
        match args {
            None => Ok(Self(Vec::new())),
            Some(raw) => read_object(raw.get()).ok_or_else(|| ArgError::Type("args".into())),
        }
    }

    /// The JSON of the first value with that key.
    pub(crate) fn get(&self, wanted: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(key, _)| key == wanted);
        found.map(|(_, value)| value.get())
    }

    /// Those whose key and JSON are wanted.
    pub(crate) fn filter(mut self, is_wanted: impl Fn(&str, &str) -> bool) -> Self {
        self.0.retain(|(key, value)| is_wanted(key, value.get()));
        self
    }

    pub(crate) fn into_inner(self) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        self.0
    }
}

/// The entries of a JSON object; `None` for any other value.
pub(crate) fn read_object(text: &str) -> Option<Entries<'_>> {
    serde_json::Deserializer::from_str(text).deserialize_map(ObjectVisitor).ok()
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Entries(entries))
    }
}

/// A key, borrowed from the line where it holds no escape.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Decodes `args` into the struct of a command.
///
/// # Errors
/// The first [`ArgError`]: in the order of the line, what is missing last.
pub fn decode<'a, T: Deserialize<'a>>(entries: Entries<'a>) -> Result<T, ArgError> {
    T::deserialize(ArgsDeserializer(entries))
}

/// Decodes `args` that two structs share between them, each key belonging to one.
pub fn decode_pair<'a, A, B>(entries: Entries<'a>) -> Result<(A, B), ArgError>
where
    A: Deserialize<'a>,
    B: Deserialize<'a>,
{
    let first = field_names::<A>();
    let (own, others) = entries.0.into_iter().partition(|(key, _)| first.contains(&&**key));
    let second =
        B::deserialize(ArgsDeserializer(Entries(others))).map_err(|fault| match fault {
            ArgError::Unknown(key, known) => ArgError::Unknown(key, [first, &known].concat()),
            other => other,
        })?;
    Ok((A::deserialize(ArgsDeserializer(Entries(own)))?, second))
}

struct ArgsDeserializer<'a>(Entries<'a>);

impl<'de> Deserializer<'de> for ArgsDeserializer<'de> {
    type Error = ArgError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_map(ArgsAccess { rest: self.0.0.into_iter(), current: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

struct ArgsAccess<'a> {
    rest: std::vec::IntoIter<(Cow<'a, str>, &'a RawValue)>,
    current: Option<(Cow<'a, str>, &'a RawValue)>,
}

impl<'de> MapAccess<'de> for ArgsAccess<'de> {
    type Error = ArgError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ArgError> {
        self.current = self.rest.next();
        match &self.current {
            Some((key, _)) => seed.deserialize(StrDeserializer::new(key)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ArgError> {
        let Some((key, raw)) = self.current.take() else {
            return Err(ArgError::Type(String::new()));
        };
        let wrong = || ArgError::Type(key.to_string());
        if raw.get() == "null" {
            return Err(wrong());
        }
        // The parser reads -0 as a fraction, but it is a whole number.
        let text = if raw.get() == "-0" { "0" } else { raw.get() };
        seed.deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|_| wrong())
    }
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ErrorBody::from(self.clone()).message)
    }
}

impl std::error::Error for ArgError {}

impl de::Error for ArgError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Type(String::new())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::Unknown(field.into(), expected.to_vec())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Duplicate(field.into())
    }
}

/// The names that a derived struct asks its deserializer for.
fn field_names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Always an error: it only records which fields it is asked for.
    let _ = T::deserialize(NamesOf(&mut names));
    names
}

struct NamesOf<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for NamesOf<'_> {
    type Error = ArgError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ArgError> {
        Err(ArgError::Type(String::new()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ArgError> {
        *self.0 = fields;
        Err(ArgError::Type(String::new()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{AddTarget, Fields, Ls};

    fn ls(text: &str) -> Result<Ls, ArgError> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        decode(Entries::read(Some(raw))?)
    }

    fn add(text: &str) -> Result<(AddTarget, Fields), ArgError> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        decode_pair(Entries::read(Some(raw))?)
    }

    #[test]
    fn names_and_types_are_strict() {
        let kind = |key: &str| Err(ArgError::Type(key.into()));
        assert_eq!(ls(r#"{"limit":"x"}"#), kind("limit"));
        assert_eq!(ls(r#"{"limit":1.0}"#), kind("limit"));
        assert_eq!(ls(r#"{"limit":18446744073709551616}"#), kind("limit"));
        assert_eq!(ls(r#"{"limit":null}"#), kind("limit"));
        assert_eq!(ls(r#"{"deleted":1}"#), kind("deleted"));
        assert_eq!(ls("[]"), kind("args"));
        assert_eq!(ls("null"), kind("args"));
        assert_eq!(ls(r#"{"limit":1,"limit":1}"#), Err(ArgError::Duplicate("limit".into())));
        assert!(
            matches!(ls(r#"{"serach":"x"}"#), Err(ArgError::Unknown(key, _)) if key == "serach")
        );
        assert_eq!(ls(r#"{"l\u0069mit":5}"#).unwrap().limit, Some(Int(5)));
    }

    #[test]
    fn a_pair_shares_the_keys() {
        let (target, fields) = add(r#"{"role":"user","name":"bob"}"#).unwrap();
        assert_eq!((target.name.as_str(), fields.role.as_deref()), ("bob", Some("user")));
        assert_eq!(add(r#"{"role":"user"}"#), Err(ArgError::Missing("name")));
        let Err(ArgError::Unknown(_, known)) = add(r#"{"name":"x","rol":"user"}"#) else {
            panic!()
        };
        assert!(known.contains(&"role") && known.contains(&"restore"));
        assert_eq!(add(r#"{"name":"x","name":"y"}"#), Err(ArgError::Duplicate("name".into())));
    }

    #[test]
    fn an_unknown_key_is_named_and_cut() {
        let error = ErrorBody::from(ls(r#"{"serach":"x"}"#).unwrap_err());
        assert_eq!(error.field.as_deref(), Some("serach"));
        assert_eq!(error.hint.as_deref(), Some("search"));
        let long = format!(r#"{{"{}":1}}"#, "ä".repeat(100));
        assert_eq!(ErrorBody::from(ls(&long).unwrap_err()).field.unwrap().chars().count(), 40);
    }
}
