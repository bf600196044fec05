//! Times as PhotoPrism's Go driver writes them: the only place that parses or formats one.

use jiff::Timestamp;

use crate::model::datetime_parser::{DateTimeParts, Instant, Parser, ZERO_SECONDS};

/// A stored text that is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored time has none of the known forms; check the row with sqlite3")]
pub(super) struct UnreadableTime;

/// The instant as it is stored: `2006-01-02 15:04:05+00:00`, a fraction dropped.
pub(super) fn format_stored(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}

/// What a stored time of these Unix seconds or later is not below, as a text: PhotoPrism's drivers
/// wrote times with a fraction or an offset and without.
pub(super) fn stored_since(seconds: i64) -> String {
    let bound = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let instant = Timestamp::from_second(seconds).unwrap_or(bound);
    instant.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a stored time with its fraction. Nothing, Go's zero time and MariaDB's `0000-00-00` are
/// `None`: never. What any version of the drivers wrote is read: a `T` or a blank after the date,
/// no seconds, no time of day, an offset or none (UTC). The last hours of the year 9999 read as
/// the latest [`Timestamp`].
///
/// # Errors
/// The text has another form, or there is no such time.
pub(super) fn from_stored(text: &str) -> Result<Option<Timestamp>, UnreadableTime> {
    if text.is_empty() || text.starts_with("0000-00-00") {
        return Ok(None);
    }
    match read(text).and_then(DateTimeParts::instant) {
        Some(Instant::At(instant)) => {
            Ok(Some(instant).filter(|instant| instant.as_second() > ZERO_SECONDS))
        }
        Some(Instant::OutOfRange) => Ok(Some(Timestamp::MAX)),
        None => Err(UnreadableTime),
    }
}

/// The instant of a stored time; `None` for a time that never was and for one that cannot be read,
/// which PhotoPrism's driver refuses as well.
pub(super) fn parse_stored(text: &str) -> Option<Timestamp> {
    from_stored(text).ok().flatten()
}

fn read(text: &str) -> Option<DateTimeParts> {
    let mut parser = Parser(text);
    let mut parts = parser.date()?;
    if parser.one_of(&[' ', 'T']).is_some() {
        parser.hour_and_minute(&mut parts)?;
        if parser.0.starts_with(':') {
            parser.second(&mut parts)?;
        }
        parser.one_of(&[' ']);
        if !parser.is_done() {
            parser.offset(&mut parts, false)?;
        }
    }
    parser.is_done().then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_as(text: &str) -> Option<String> {
        from_stored(text).expect(text).map(|instant| instant.to_string())
    }

    #[test]
    fn every_known_form_is_read() {
        for (text, expected) in [
            ("2026-11-23 14:16:18+00:00", "2026-11-23T14:16:18Z"),
            ("2026-11-23 14:10:23.934499535+00:00", "2026-11-23T14:10:23.934499535Z"),
            ("2026-11-23 14:10:23.9+00:00", "2026-11-23T14:10:23.9Z"),
            ("2026-11-23 14:16:18", "2026-11-23T14:16:18Z"),
            ("2026-11-23 14:16:18Z", "2026-11-23T14:16:18Z"),
            ("2026-11-23T14:16:18Z", "2026-11-23T14:16:18Z"),
            ("2026-11-23 14:16:18-05:30", "2026-11-23T19:46:18Z"),
            ("2026-11-23 14:16:18 +0100", "2026-11-23T13:16:18Z"),
            ("2026-11-23 14:16", "2026-11-23T14:16:00Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z"),
            ("0001-01-01 00:00:01+00:00", "0001-01-01T00:00:01Z"),
            ("9999-12-31 23:59:59+00:00", "9999-12-30T22:00:00.999999999Z"),
        ] {
            assert_eq!(read_as(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn never_reads_as_nothing() {
        for text in [
            "",
            "0001-01-01 00:00:00+00:00",
            "0001-01-01 00:00:00",
            "0001-01-01T00:00:00Z",
            "0001-01-01 01:00:00+01:00",
            "0000-00-00 00:00:00+00:00",
            "0000-00-00",
        ] {
            assert_eq!(from_stored(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "yesterday",
            "1795529778",
            "2026-11",
            "2026-11-23 ",
            "2026-11-23 14",
            "2026-11-23 14:16:18 UTC",
            "2026-11-23 14:16:18+00:00 ",
            "2026-02-30 00:00:00+00:00",
            "2026-11-23 14:16:18.+00:00",
        ] {
            assert_eq!(from_stored(text), Err(UnreadableTime), "{text}");
        }
    }

    #[test]
    fn times_are_written_in_whole_seconds() {
        let instant: Timestamp = "2026-11-23T14:16:18.999Z".parse().unwrap();
        assert_eq!(format_stored(instant), "2026-11-23 14:16:18+00:00");
        let old: Timestamp = "0900-01-02T03:04:05.5Z".parse().unwrap();
        assert_eq!(format_stored(old), "0900-01-02 03:04:05+00:00");
    }

    #[test]
    fn every_form_of_a_time_is_not_below_its_second() {
        let noon = 1_795_521_600;
        let since = stored_since(noon);
        assert_eq!(since, "2026-11-24 12:00:00");
        for stored in ["12:00:00", "12:00:00+00:00", "12:00:00.5+00:00", "12:00:00Z", "12:00:01"] {
            assert!(format!("2026-11-24 {stored}") >= since, "{stored}");
        }
        for stored in ["11:59:59", "11:59:59+00:00", "11:59:59.999+00:00"] {
            assert!(format!("2026-11-24 {stored}") < since, "{stored}");
        }
        assert!(stored_since(i64::MAX).starts_with("9999-12-30 "));
        assert!(stored_since(i64::MIN) < stored_since(0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            seconds in ZERO_SECONDS + 1..253_402_207_200_i64,
            nanoseconds in 0..1_000_000_000_i32,
        ) {
            let whole = Timestamp::from_second(seconds).unwrap();
            let instant = Timestamp::new(seconds, nanoseconds).unwrap();
            prop_assert_eq!(from_stored(&format_stored(instant)), Ok(Some(whole)));
            let fraction = format!("{}.{nanoseconds:09}+00:00", &format_stored(whole)[..19]);
            prop_assert_eq!(from_stored(&fraction), Ok(Some(instant)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9TZ:.+ -]{0,30}|\\PC*") {
            let _ = from_stored(&text);
        }
    }
}
