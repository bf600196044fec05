//! Dates and times of day taken apart, to the letter.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Unix seconds of Go's zero time, 0001-01-01 00:00:00 UTC, which means never.
pub(crate) const ZERO_SECONDS: i64 = -62_135_596_800;

/// A date, a time of day and an offset as read; [`Self::instant`] checks their bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DateTimeParts {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: i8,
    pub(crate) nanosecond: i32,
    pub(crate) offset_seconds: i32,
}

/// The instant of a date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instant {
    /// Within the range of [`Timestamp`].
    At(Timestamp),
    /// In the last hours of the year 9999, which [`Timestamp`] leaves to the time zones.
    OutOfRange,
}

impl DateTimeParts {
    /// `None`: there is no such date or time of day.
    pub(crate) fn instant(self) -> Option<Instant> {
        // A leap second is the last one of its minute.
        let second = if self.second == 60 { 59 } else { self.second };
        let Self { year, month, day, hour, minute, nanosecond, .. } = self;
        let local = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
        let offset = Offset::from_seconds(self.offset_seconds).ok()?;
        Some(offset.to_timestamp(local).map_or(Instant::OutOfRange, Instant::At))
    }
}

/// Reads from the front of a text; what does not fit is left where it is.
pub(crate) struct Parser<'a>(pub(crate) &'a str);

impl Parser<'_> {
    /// One of these characters.
    pub(crate) fn one_of(&mut self, characters: &[char]) -> Option<char> {
        let c = self.0.chars().next().filter(|c| characters.contains(c))?;
        self.0 = &self.0[c.len_utf8()..];
        Some(c)
    }

    /// Exactly that many digits.
    pub(crate) fn number<T: TryFrom<u32>>(&mut self, digits: usize) -> Option<T> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        T::try_from(number.parse().ok()?).ok()
    }

    /// `2006-01-02`.
    pub(crate) fn date(&mut self) -> Option<DateTimeParts> {
        let year = self.number(4)?;
        self.one_of(&['-'])?;
        let month = self.number(2)?;
        self.one_of(&['-'])?;
        Some(DateTimeParts { year, month, day: self.number(2)?, ..DateTimeParts::default() })
    }

    /// `15:04`.
    pub(crate) fn hour_and_minute(&mut self, parts: &mut DateTimeParts) -> Option<()> {
        parts.hour = self.number(2)?;
        self.one_of(&[':'])?;
        parts.minute = self.number(2)?;
        Some(())
    }

    /// `:05` with as many digits of fraction as there are; beyond the ninth they are dropped.
    pub(crate) fn second(&mut self, parts: &mut DateTimeParts) -> Option<()> {
        self.one_of(&[':'])?;
        parts.second = self.number(2)?;
        if self.one_of(&['.']).is_some() {
            let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.0.split_at(length);
            self.0 = rest;
            let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
            parts.nanosecond = nine.parse().ok().filter(|_| length > 0)?;
        }
        Some(())
    }

    /// `Z` or `+01:00`; the colon may be missing where that is allowed.
    pub(crate) fn offset(&mut self, parts: &mut DateTimeParts, needs_colon: bool) -> Option<()> {
        let sign = match self.one_of(&['Z', 'z', '+', '-'])? {
            '+' => 1,
            '-' => -1,
            _ => return Some(()),
        };
        let hours: i32 = self.number(2)?;
        if self.one_of(&[':']).is_none() && needs_colon {
            return None;
        }
        let minutes: i32 = self.number(2)?;
        parts.offset_seconds = sign * (hours * 60 + minutes) * 60;
        (hours < 24 && minutes < 60).then_some(())
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Instant> {
        let mut parser = Parser(text);
        let mut parts = parser.date()?;
        parser.one_of(&['T'])?;
        parser.hour_and_minute(&mut parts)?;
        parser.second(&mut parts)?;
        parser.offset(&mut parts, true)?;
        parts.instant()
    }

    #[test]
    fn parts_are_an_instant() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-11-23T14:16:18.5+01:30", "2026-11-23T12:46:18.5Z"),
            ("2026-11-23T14:16:18.1234567899-00:30", "2026-11-23T14:46:18.123456789Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ] {
            assert_eq!(at(text), Some(Instant::At(expected.parse().unwrap())), "{text}");
        }
        assert_eq!(at("9999-12-31T23:59:59Z"), Some(Instant::OutOfRange));
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for text in [
            "",
            "2026",
            "2026-11-23",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T23:60:00Z",
            "2026-11-23T23:00:61Z",
            "2026-11-23T23:00:00.Z",
            "2026-11-23T23:00:00",
            "2026-11-23T23:00:00+24:00",
            "2026-11-23T23:00:00+01:60",
            "2026-11-23T23:00:00+0100",
            "2026-1é-23T23:00:00Z",
            "+026-11-23T23:00:00Z",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
