//! Values as a row contains them: any storage class, NULL, fractions, zero times, as PhotoPrism's
//! drivers write them.

use std::borrow::Cow;

use jiff::Timestamp;

use super::value::Value;
use crate::store::times::parse_stored;

/// A value in a row. A text need not be UTF-8. It has no `Debug`: it may be a hash or a token.
#[derive(Clone, Copy)]
pub(in crate::store) enum Stored<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Stored<'a> {
    pub(super) fn as_text(self) -> Cow<'a, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Integer(number) => number.to_string().into(),
            Self::Real(number) => number.to_string().into(),
            Self::Text(bytes) | Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }

    /// A text of any storage class; NULL reads as `""`. `VARBINARY` columns contain `7` for `007`.
    pub(in crate::store) fn text(self) -> String {
        self.as_text().into_owned()
    }

    /// A flag: any number but zero, or a text that PhotoPrism's driver takes for true.
    pub(super) fn flag(self) -> bool {
        match self {
            Self::Null => false,
            Self::Integer(number) => number != 0,
            Self::Real(number) => number != 0.0,
            Self::Text(bytes) | Self::Bytes(bytes) => matches!(bytes, b"1" | b"true" | b"TRUE"),
        }
    }

    /// A whole number of any storage class; anything else reads as 0.
    pub(super) fn integer(self) -> i64 {
        match self {
            Self::Integer(number) => number,
            Self::Null | Self::Real(_) => 0,
            Self::Text(_) | Self::Bytes(_) => self.as_text().parse().unwrap_or(0),
        }
    }

    /// A time in any form that a driver wrote; `None` for one that never was, and for one that
    /// cannot be read.
    pub(super) fn time(self) -> Option<Timestamp> {
        parse_stored(&self.as_text())
    }

    /// What it is, for an error.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a real number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// A value of a row that is kept, to be stored elsewhere as it is.
pub(in crate::store) enum Kept {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Stored<'_>> for Kept {
    fn from(stored: Stored<'_>) -> Self {
        match stored {
            Stored::Null => Self::Null,
            Stored::Integer(number) => Self::Integer(number),
            Stored::Real(number) => Self::Real(number),
            Stored::Text(_) => Self::Text(stored.text()),
            Stored::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl<'a> From<&'a Kept> for Value<'a> {
    fn from(kept: &'a Kept) -> Self {
        match kept {
            Kept::Null => Self::Null,
            Kept::Integer(number) => Self::Integer(*number),
            Kept::Real(number) => Self::Real(*number),
            Kept::Text(text) => Self::Text(text),
            Kept::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}
