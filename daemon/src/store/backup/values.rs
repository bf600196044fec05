//! Values as they are stored: a text of PhotoPrism's need not be UTF-8, since it comes from the
//! head of a request as it is.

use rusqlite::types::ValueRef;

/// A value with its storage class, to the bit.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stored {
    Null,
    Integer(i64),
    Real(u64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Stored {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number.to_bits()),
            ValueRef::Text(bytes) => Self::Text(bytes.into()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.into()),
        }
    }
}
