//! Times as the protocol has them.

use jiff::Timestamp;
use photoprism_protocol::rule::RuleError;

use super::datetime_parser::{DateTimeParts, Instant, Parser, ZERO_SECONDS};

/// The instant as the protocol shows it: `2006-01-02T15:04:05Z`, a fraction dropped.
pub(crate) fn to_rfc3339(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An instant as part of a file name, whose order is that of time: `20261123T141618.250Z`.
pub(crate) fn to_file_name(instant: Timestamp) -> String {
    format!("{}", instant.strftime("%Y%m%dT%H%M%S%.3fZ"))
}

/// Reads `expires_at`: an instant of RFC 3339 in UTC and whole seconds (a fraction is dropped), or
/// `None` for `never`. Past ones are taken.
///
/// # Errors
/// It is neither, or an instant that cannot be stored: the zero time and what is before it, and
/// the last day of the year 9999.
pub(crate) fn parse_expires_at(text: &str) -> Result<Option<Timestamp>, RuleError> {
    if text == "never" {
        return Ok(None);
    }
    let instant = read(text).and_then(|parts| DateTimeParts { nanosecond: 0, ..parts }.instant());
    match instant {
        Some(Instant::At(instant)) if instant.as_second() > ZERO_SECONDS => Ok(Some(instant)),
        Some(Instant::At(_)) => {
            Err(RuleError::new("the expiry lies before the year 1; give a later time, or never"))
        }
        Some(Instant::OutOfRange) => Err(RuleError::new(
            "the expiry lies after 9999-12-30T22:00:00Z; give an earlier time, or never",
        )),
        None => Err(RuleError::new(
            "the expiry must be a time of RFC 3339, like 2027-01-31T00:00:00Z, or never",
        )),
    }
}

fn read(text: &str) -> Option<DateTimeParts> {
    let mut parser = Parser(text);
    let mut parts = parser.date()?;
    parser.one_of(&['T', 't'])?;
    parser.hour_and_minute(&mut parts)?;
    parser.second(&mut parts)?;
    parser.offset(&mut parts, true)?;
    parser.is_done().then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fraction_is_dropped_where_a_time_is_shown() {
        let instant: Timestamp = "2026-11-23T14:16:18.999Z".parse().unwrap();
        assert_eq!(to_rfc3339(instant), "2026-11-23T14:16:18Z");
        assert_eq!(to_file_name(instant), "20261123T141618.999Z");
    }

    #[test]
    fn instants_come_out_in_utc_and_whole_seconds() {
        for (text, expected) in [
            ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31t12:30:59.999999999z", "2027-01-31T12:30:59Z"),
            ("2027-01-31T00:00:00+02:00", "2027-01-30T22:00:00Z"),
            ("2027-01-31T00:00:00.1-00:00", "2027-01-31T00:00:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:01Z", "0001-01-01T00:00:01Z"),
            ("9999-12-30T22:00:00.9999999999Z", "9999-12-30T22:00:00Z"),
        ] {
            let instant = parse_expires_at(text).unwrap().unwrap();
            assert_eq!(to_rfc3339(instant), expected, "{text}");
        }
        assert_eq!(parse_expires_at("never"), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "Never",
            "never ",
            "now",
            "2027-01-31",
            "2027-01-31T00:00Z",
            "2027-01-31T00:00:00",
            "2027-01-31 00:00:00Z",
            "2027-01-31T00:00:00+0200",
            "2027-01-31T00:00:00+02",
            "2027-01-31T00:00:00 Z",
            "2027-01-31T00:00:00Z ",
            "2027-01-31T00:00:00Z[UTC]",
            "20270131T000000Z",
            "2027-02-29T00:00:00Z",
            "2027-01-31T24:00:00Z",
            "2027-01-31T00:00:00,5Z",
            "+002027-01-31T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "1801353600",
            "90d",
            "2027-01-31T00:00:00Z\0",
        ] {
            let error = parse_expires_at(text).expect_err(text);
            assert!(error.as_str().contains("RFC 3339"), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        for text in [
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00.9Z",
            "0001-01-01T01:00:00+01:00",
            "0000-12-31T23:59:59Z",
        ] {
            let error = parse_expires_at(text).expect_err(text);
            assert!(error.as_str().contains("before the year 1"), "{text}: {error}");
        }
        for text in ["9999-12-31T23:59:59Z", "9999-12-30T22:00:01Z"] {
            let error = parse_expires_at(text).expect_err(text);
            assert!(error.as_str().contains("9999-12-30"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9TtZz:.+ -]{0,30}") {
            let _ = parse_expires_at(&text);
        }

        #[test]
        fn what_is_shown_is_read(seconds in ZERO_SECONDS + 1..=253_402_207_200_i64) {
            let instant = Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(parse_expires_at(&to_rfc3339(instant)), Ok(Some(instant)));
        }
    }
}
