//! Values of the server, as the engine has them.

use jiff::tz::Offset;

use crate::store::engine::ordered::Ordered;
use crate::store::engine::value::Value;

/// A parameter. A text is bound as one, never as a number, which a column of bytes would be compared
/// with as such.
pub(super) fn parameter(value: Value<'_>) -> mysql::Value {
    match value {
        Value::Null => mysql::Value::NULL,
        Value::Integer(number) => mysql::Value::Int(number),
        Value::Real(number) => mysql::Value::Double(number),
        Value::Text(text) => mysql::Value::Bytes(text.into()),
        Value::TextBytes(bytes) | Value::Bytes(bytes) => mysql::Value::Bytes(bytes.into()),
        Value::Time(instant) => time(instant),
        Value::Flag(flag) => mysql::Value::Int(flag.into()),
    }
}

/// In UTC and whole seconds, as PhotoPrism stores it.
fn time(instant: jiff::Timestamp) -> mysql::Value {
    let at = Offset::UTC.to_datetime(instant);
    // Years before 0 are not stored by anybody.
    let year = u16::try_from(at.year()).unwrap_or(0);
    let of = |number: i8| u8::try_from(number).unwrap_or(0);
    let (month, day) = (of(at.month()), of(at.day()));
    mysql::Value::Date(year, month, day, of(at.hour()), of(at.minute()), of(at.second()), 0)
}

/// A value of a row. A time is a text without an offset, in which the server compares it again.
pub(super) fn found(value: mysql::Value, is_bytes: bool) -> Ordered {
    match value {
        // No column that is read has the type of a time of day.
        mysql::Value::NULL | mysql::Value::Time(..) => Ordered::Null,
        mysql::Value::Bytes(bytes) if is_bytes => Ordered::Bytes(bytes),
        mysql::Value::Bytes(bytes) => Ordered::Text(bytes),
        mysql::Value::Int(number) => Ordered::Integer(number),
        mysql::Value::UInt(number) => Ordered::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
        mysql::Value::Float(number) => Ordered::Real(number.into()),
        mysql::Value::Double(number) => Ordered::Real(number),
        mysql::Value::Date(year, month, day, hour, minute, second, micros) => {
            let fraction = match micros {
                0 => String::new(),
                micros => format!(".{micros:06}"),
            };
            let text = format!(
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}"
            );
            Ordered::Text(text.into_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::stored::Stored;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["2026-11-29T18:45:01Z", "0900-01-02T03:04:05Z", "1969-12-31T23:59:59Z"] {
            let instant: jiff::Timestamp = text.parse().unwrap();
            let Ordered::Text(stored) = found(parameter(instant.into()), false) else { panic!() };
            assert_eq!(Stored::Text(&stored).time(), Some(instant));
        }
        for (zero, read) in [
            (mysql::Value::Date(0, 0, 0, 0, 0, 0, 0), "0000-00-00 00:00:00"),
            (mysql::Value::Date(1, 1, 1, 0, 0, 0, 0), "0001-01-01 00:00:00"),
            (mysql::Value::Date(2026, 11, 29, 1, 2, 3, 45), "2026-11-29 01:02:03.000045"),
        ] {
            let Ordered::Text(stored) = found(zero, false) else { panic!() };
            assert_eq!(String::from_utf8(stored).unwrap(), read);
        }
        assert_eq!(Stored::Text(b"0000-00-00 00:00:00").time(), None);
    }
}
