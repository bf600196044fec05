//! Whether the backups that the daemon writes by itself are written.

use jiff::Timestamp;
use photoprism_protocol::doctor::Check;
use photoprism_protocol::status::Backups;

use super::DaemonState;

const NAME: &str = "periodic backups";

/// `None` where they are off.
pub(super) fn check(daemon: &DaemonState) -> Option<Check> {
    let backups = daemon.periodic.as_ref()?;
    Some(judged(backups, daemon.clock.as_second()))
}

/// Bad where the last attempt failed, or the newest is older than two intervals.
fn judged(backups: &Backups, now: i64) -> Check {
    let Backups { every_s, last_at, last_error } = backups;
    let last = last_at.as_deref().unwrap_or("none yet");
    let found = format!("every {every_s} s, the last one: {last}");
    if let Some(error) = last_error {
        let advice = "correct that; it is tried again every ten minutes, and at each start";
        return Check::bad(NAME, format!("{found}, then: {error}"), advice);
    }
    let last = last_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let age = last.map(|last| now.saturating_sub(last.as_second()));
    let most = i64::try_from(*every_s).unwrap_or(i64::MAX).saturating_mul(2);
    let is_old = age.is_some_and(|age| age > most);
    let advice = "see in the log why none is written, and that the clock is right";
    Check::from_advice(NAME, found, is_old.then(|| advice.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_failed_or_is_older_than_two_intervals_is_a_problem() {
        let last = "2026-11-24T12:00:00Z";
        let now = last.parse::<Timestamp>().unwrap().as_second();
        let of = |error: Option<&str>, after: i64| {
            let backups = Backups {
                every_s: 3600,
                last_at: Some(last.into()),
                last_error: error.map(Into::into),
            };
            judged(&backups, now + after)
        };
        assert!(of(None, 0).ok && of(None, 7200).ok);
        assert!(!of(None, 7201).ok);
        let failed = of(Some("the disk is full"), 0);
        assert!(!failed.ok && failed.found.contains("the disk is full"), "{failed:?}");
        let none = Backups { every_s: 3600, last_at: None, last_error: None };
        assert!(judged(&none, now).ok, "it has just been started");
    }
}
