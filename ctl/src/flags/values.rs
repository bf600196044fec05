//! Values on the command line: switches, durations, times.

use std::time::{Duration, SystemTime};

use humantime::{format_rfc3339_seconds, parse_duration};

/// A switch that is given alone or with a value: `--webdav`, `--webdav=false`.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "off" | "0" | "f" | "n" => Ok(false),
        _ => Err("give true or false".into()),
    }
}

/// How long to wait: `40s`, `500ms`, `2m`, or plain seconds. Never nothing.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    /// A day: nobody waits longer, and the sum with any clock holds.
    const MOST: Duration = Duration::from_hours(24);
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => parse_duration(text)
            .map_err(|_| "give a time span like 40s, 500ms or 2m, or plain seconds")?,
    };
    if wait < Duration::from_millis(1) {
        return Err("give at least 1ms".into());
    }
    Ok(wait.min(MOST))
}

/// When an account ends, as the protocol takes it: a day means its start in UTC, `90d` is counted
/// from `now`; anything else (`never`, RFC 3339) is for the daemon to check.
pub(crate) fn expiry(text: &str, now: SystemTime) -> Result<String, String> {
    const FORMS: &str =
        "give a day like 2027-01-31, tomorrow, RFC 3339, a time span like 90d or 12h, or never";
    if text == "never" {
        return Ok(text.into());
    }
    if let Some(start) = day(text, now) {
        return Ok(start);
    }
    let Some(lifetime) = span(text) else { return for_the_daemon(text, FORMS) };
    now.checked_add(lifetime)
        .filter(|end| *end < humantime::parse_rfc3339("9999-12-31T23:59:59Z").unwrap_or(now))
        .map(rfc3339)
        .ok_or_else(|| "the time is too far away".into())
}

/// Since when, as the protocol takes it: a day means its start in UTC, `2h` is counted back from
/// `now`; anything else is for the daemon to check.
pub(crate) fn since(text: &str, now: SystemTime) -> Result<String, String> {
    const FORMS: &str = "give a day like 2027-01-31, yesterday, RFC 3339, or a time span back from now like 2h or 7d";
    if let Some(start) = day(text, now) {
        return Ok(start);
    }
    let Some(back) = span(text) else { return for_the_daemon(text, FORMS) };
    now.checked_sub(back)
        .filter(|time| *time >= SystemTime::UNIX_EPOCH)
        .map(rfc3339)
        .ok_or_else(|| "the time is too far away".into())
}

/// A time as the protocol takes it, whole seconds in UTC.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    format_rfc3339_seconds(time).to_string()
}

/// How long a secret works, in seconds: plain seconds as documented (-1: never), `90d`, `12h` or
/// `never`. The daemon checks how long it may be.
pub(crate) fn lifetime(text: &str) -> Result<i64, String> {
    const MESSAGE: &str = "give seconds, a time span like 90d or 12h, or never";
    match text.parse() {
        Ok(seconds) => Ok(seconds),
        Err(_) if text == "never" => Ok(-1),
        Err(_) => span(text)
            .and_then(|span| i64::try_from(span.as_secs()).ok())
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| MESSAGE.into()),
    }
}

/// A time span in seconds: `90d`, `12h`, or plain seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    match text.parse().ok().or_else(|| span(text).map(|span| span.as_secs())) {
        Some(seconds @ 1..) => Ok(seconds),
        _ => Err("give a time span like 90d or 12h, or plain seconds".into()),
    }
}

/// The start of a day in UTC.
fn day(text: &str, now: SystemTime) -> Option<String> {
    const LENGTH: Duration = Duration::from_hours(24);
    let named = match text {
        "yesterday" => now.checked_sub(LENGTH)?,
        "today" => now,
        "tomorrow" => now.checked_add(LENGTH)?,
        _ if is_day(text) => return Some([text, "T00:00:00Z"].concat()),
        _ => return None,
    };
    rfc3339(named).get(..10).map(|day| [day, "T00:00:00Z"].concat())
}

/// What may be RFC 3339.
fn for_the_daemon(text: &str, forms: &str) -> Result<String, String> {
    let may_be = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-');
    if may_be { Ok(text.into()) } else { Err(forms.into()) }
}

fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

fn span(text: &str) -> Option<Duration> {
    // A fraction of a second would not survive the wire's whole seconds anyway.
    parse_duration(text).ok().filter(|_| text.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn switches_take_the_usual_words() {
        assert_eq!(switch("FALSE"), Ok(false));
        assert_eq!(switch("yes"), Ok(true));
        assert!(switch("maybe").is_err());
        assert!(switch("").is_err());
    }

    #[test]
    fn timeouts_have_units_or_are_seconds() {
        let millis = |text| timeout(text).map(|wait| wait.as_millis());
        assert_eq!(millis("40s"), Ok(40_000));
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("2m"), Ok(120_000));
        assert_eq!(millis("1.5s"), Ok(1_500));
        assert_eq!(millis("7"), Ok(7_000));
        for bad in ["abc", "", "-1", "1parsec", "1e9s", "s"] {
            assert!(timeout(bad).unwrap_err().contains("40s, 500ms or 2m"), "{bad}");
        }
        for bad in ["0", "0s"] {
            assert!(timeout(bad).is_err(), "{bad}");
        }
        assert_eq!(millis("18446744073709551615"), Ok(86_400_000));
    }

    #[test]
    fn lifetimes_are_seconds_or_spans() {
        for (text, seconds) in [
            ("-1", -1),
            ("never", -1),
            ("0", 0),
            ("3600", 3600),
            ("90d", 7_776_000),
            ("12h", 43_200),
        ] {
            assert_eq!(lifetime(text), Ok(seconds), "{text}");
        }
        for bad in ["", "soon", "-1h", "500ms", "1.5", "9223372036854775808", "Never"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn since_counts_back() {
        let now = UNIX_EPOCH + Duration::from_hours(498_750);
        let at = |text| since(text, now);
        assert_eq!(at("2h"), Ok("2026-11-24T04:00:00Z".into()));
        assert_eq!(at("7d"), Ok("2026-11-17T06:00:00Z".into()));
        assert_eq!(at("2026-11-01"), Ok("2026-11-01T00:00:00Z".into()));
        assert_eq!(at("2026-11-01T12:00:00+01:00"), Ok("2026-11-01T12:00:00+01:00".into()));
        assert_eq!(at("yesterday"), Ok("2026-11-23T00:00:00Z".into()));
        assert_eq!(at("today"), Ok("2026-11-24T00:00:00Z".into()));
        for bad in ["-2h", "", "last week", "noon", "7"] {
            assert!(at(bad).unwrap_err().contains("2h or 7d"), "{bad}");
        }
        assert!(at("100y").is_err());
    }

    #[test]
    fn expiries_are_times_of_the_protocol() {
        let now = UNIX_EPOCH + Duration::from_hours(498_750);
        let at = |text| expiry(text, now);
        assert_eq!(at("2027-01-31"), Ok("2027-01-31T00:00:00Z".into()));
        assert_eq!(at("90d"), Ok("2027-02-22T06:00:00Z".into()));
        assert_eq!(at("12h"), Ok("2026-11-24T18:00:00Z".into()));
        for same in ["never", "2027-01-31T12:00:00+01:00", "2027-1-31"] {
            assert_eq!(at(same), Ok(same.into()));
        }
        assert_eq!(at("tomorrow"), Ok("2026-11-25T00:00:00Z".into()));
        for bad in ["", "-1", "soon", "Never", "31"] {
            assert!(at(bad).unwrap_err().contains("90d or 12h, or never"), "{bad}");
        }
        assert!(at("9000y").is_err());
    }
}
