//! One level of a JSON value, whatever it is.
//!
//! For the control binary, which has to be small. Where a type of serde meets a value of another
//! kind, `serde_json` describes that value, and the code for all that it could describe, floating
//! point numbers included, takes over 20 KB. Here every kind is accepted; the reader decides.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value, and what is in it as text.
#[derive(Debug)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A whole number below zero.
    Negative(i64),
    /// Any other number.
    Fraction(f64),
    Text(String),
    List(Vec<&'a RawValue>),
    /// Keys in their order; one may be there twice.
    Object(Vec<(String, &'a RawValue)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text; `None` where it is not JSON.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = deserializer.deserialize_any(JsonVisitor).ok()?;
        deserializer.end().ok()?;
        Some(value)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Negative(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        format!("{:?}", Json::read(text))
    }

    #[test]
    fn every_kind_is_read_and_what_is_in_it_stays_text() {
        for (text, expected) in [
            ("null", "Some(Null)"),
            (" true ", "Some(Bool(true))"),
            ("18446744073709551615", "Some(Unsigned(18446744073709551615))"),
            ("-1", "Some(Negative(-1))"),
            ("1.0", "Some(Fraction(1.0))"),
            ("1e3", "Some(Fraction(1000.0))"),
            ("18446744073709551616", "Some(Fraction(1.8446744073709552e19))"),
            (r#""a\u00e4\n""#, r#"Some(Text("aä\n"))"#),
            ("[1, {} ]", "Some(List([RawValue(1), RawValue({})]))"),
            (
                r#"{"a":[1.50],"a":{ }}"#,
                r#"Some(Object([("a", RawValue([1.50])), ("a", RawValue({ }))]))"#,
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for text in ["", "x", "1 2", "[1", "[1,]", "{\"a\" 1}", "{\"a\":x}", "\"\u{1}\"", "01"] {
            assert_eq!(shown(text), "None", "{text}");
        }
    }
}
