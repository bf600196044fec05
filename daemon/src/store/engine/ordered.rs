//! A value that a list is sorted by, as it is stored: a place in the list is compared with every
//! row as the database itself compares them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::stored::Stored;
use super::value::Value;

/// The storage classes in their order, each with its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::store) enum Ordered {
    #[default]
    Null,
    Integer(i64),
    Real(f64),
    /// Bytes that need not be UTF-8.
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

impl Ordered {
    /// The value as a text; NULL is `""`.
    pub(in crate::store) fn text(&self) -> Cow<'_, str> {
        self.stored().as_text()
    }

    /// The latest second that is not above it, for values that count seconds: all are below a text.
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    pub(in crate::store) fn second(&self) -> i64 {
        match self {
            Self::Null => i64::MIN,
            Self::Integer(second) => *second,
            Self::Real(second) => second.floor() as i64,
            Self::Text(_) | Self::Bytes(_) => i64::MAX,
        }
    }

    pub(super) fn stored(&self) -> Stored<'_> {
        match self {
            Self::Null => Stored::Null,
            Self::Integer(number) => Stored::Integer(*number),
            Self::Real(number) => Stored::Real(*number),
            Self::Text(bytes) => Stored::Text(bytes),
            Self::Bytes(bytes) => Stored::Bytes(bytes),
        }
    }

    const fn class(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Bytes(_) => 3,
        }
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => one.cmp(two),
            (Self::Real(one), Self::Real(two)) => one.partial_cmp(two).unwrap_or(Ordering::Equal),
            (Self::Integer(one), Self::Real(two)) => with_real(*one, *two),
            (Self::Real(one), Self::Integer(two)) => with_real(*two, *one).reverse(),
            (Self::Text(one), Self::Text(two)) | (Self::Bytes(one), Self::Bytes(two)) => {
                one.cmp(two)
            }
            _ => self.class().cmp(&other.class()),
        }
    }
}

/// A fraction decides between a number and the whole one below it.
#[expect(clippy::cast_possible_truncation, reason = "it is in the range of whole numbers")]
fn with_real(whole: i64, real: f64) -> Ordering {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if real >= BOUND {
        return Ordering::Less;
    }
    if real < -BOUND {
        return Ordering::Greater;
    }
    let below = real.floor();
    whole.cmp(&(below as i64)).then(if real > below { Ordering::Less } else { Ordering::Equal })
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl From<Stored<'_>> for Ordered {
    fn from(stored: Stored<'_>) -> Self {
        match stored {
            Stored::Null => Self::Null,
            Stored::Integer(number) => Self::Integer(number),
            Stored::Real(number) => Self::Real(number),
            Stored::Text(bytes) => Self::Text(bytes.to_vec()),
            Stored::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl From<&str> for Ordered {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl<'a> From<&'a Ordered> for Value<'a> {
    fn from(ordered: &'a Ordered) -> Self {
        match ordered {
            Ordered::Null => Self::Null,
            Ordered::Integer(number) => Self::Integer(*number),
            Ordered::Real(number) => Self::Real(*number),
            Ordered::Text(bytes) => Self::TextBytes(bytes),
            Ordered::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Connection;
    use super::*;
    use crate::store::testing::own;

    fn any_value() -> impl Strategy<Value = Ordered> {
        let whole = prop_oneof![-2..3_i64, any::<i64>(), Just(i64::MAX), Just(i64::MIN)];
        let bytes = proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..3);
        prop_oneof![
            Just(Ordered::Null),
            whole.clone().prop_map(Ordered::Integer),
            #[expect(clippy::cast_precision_loss, reason = "a number near a whole one")]
            whole.prop_map(|number| Ordered::Real(number as f64 / 2.0)),
            prop_oneof![Just(9_223_372_036_854_775_808.0), Just(f64::NEG_INFINITY), -1e19..1e19]
                .prop_map(Ordered::Real),
            bytes.clone().prop_map(Ordered::Text),
            bytes.prop_map(Ordered::Bytes),
        ]
    }

    fn as_sqlite_has_it(engine: &Connection, one: &Ordered, two: &Ordered) -> (bool, bool) {
        let text = "SELECT ifnull(?1 < ?2, (?1 IS NULL) > (?2 IS NULL)), ?1 IS ?2";
        let mut statement = engine.prepare_once(text).unwrap();
        let found =
            statement.one(&[one.into(), two.into()], |row| Ok((row.flag(0)?, row.flag(1)?)));
        found.unwrap().unwrap()
    }

    proptest! {
        #[test]
        fn values_are_compared_as_the_database_compares_them(
            pairs in proptest::collection::vec((any_value(), any_value()), 40)
        ) {
            let (_directory, db) = own();
            for (one, two) in pairs {
                let expected = as_sqlite_has_it(&db.conn, &one, &two);
                prop_assert_eq!((one < two, one == two), expected, "{:?} {:?}", one, two);
                let bytes = postcard::to_allocvec(&one).unwrap();
                prop_assert_eq!(&postcard::from_bytes::<Ordered>(&bytes).unwrap(), &one);
            }
        }
    }
}
