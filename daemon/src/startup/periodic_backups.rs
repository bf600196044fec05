//! When the next backup is due that the daemon writes by itself.

use std::rc::Rc;

use tokio::time::{Duration, timeout};
use tracing::warn;

use crate::clock::Stopwatch;
use crate::commands::{App, find_last_backup, write_periodic_backup};

/// How often that is asked.
const TICK: Duration = Duration::from_mins(1);

/// How long to wait after one that failed.
const RETRY: Duration = Duration::from_mins(10);

/// Runs until the daemon stops.
pub(super) async fn write_periodic_backups(app: Rc<App>) {
    let Some(every) = app.periodic.every() else { return };
    let mut stop = app.stop.clone();
    let (mut written, mut is_known): (Option<Stopwatch>, bool) = (None, false);
    while !app.is_stopping() {
        let mut pause = TICK;
        let attempt = async {
            if !is_known {
                find_last_backup(&app).await?;
            }
            let since = written.map(Stopwatch::elapsed);
            let now = app.clock.machine().as_second();
            if is_due(every, now, app.periodic.last_at(), since) {
                write_periodic_backup(&app).await
            } else {
                Ok(false)
            }
        };
        match attempt.await {
            Ok(was_written) => {
                is_known = true;
                if was_written {
                    written = Some(Stopwatch::start());
                }
            }
            Err(error) if !app.is_stopping() => {
                warn!(%error, "a periodic backup failed and is tried again");
                pause = RETRY;
            }
            Err(_) => return,
        }
        if timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Whether the next one is due: by the newest in the directory, `last`, and so after a restart and
/// while the machine was suspended; by the time since this run wrote one, where the clock was set
/// back. A clock that jumps ahead brings one forward by half the time, and not again and again.
fn is_due(every: Duration, now: i64, last: Option<i64>, since: Option<Duration>) -> bool {
    let seconds = i64::try_from(every.as_secs()).unwrap_or(i64::MAX);
    let by_clock = last.is_none_or(|last| now.saturating_sub(last) >= seconds);
    match since {
        None => by_clock,
        Some(since) => since >= every || by_clock && since >= every / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const NOW: i64 = 1_795_521_600;

    #[test]
    fn after_a_start_the_newest_backup_decides() {
        assert!(is_due(DAY, NOW, None, None));
        assert!(!is_due(DAY, NOW, Some(NOW), None));
        assert!(!is_due(DAY, NOW, Some(NOW - 86_399), None));
        assert!(is_due(DAY, NOW, Some(NOW - 86_400), None));
    }

    #[test]
    fn a_clock_that_jumps_does_not_make_many() {
        let since = |hours| Some(Duration::from_hours(hours));
        // Ahead by years, right after one was written, and again.
        assert!(!is_due(DAY, NOW + 900_000_000, Some(NOW), since(0)));
        assert!(!is_due(DAY, NOW + 900_000_000, Some(NOW), since(11)));
        assert!(is_due(DAY, NOW + 900_000_000, Some(NOW), since(12)));
        // Back by years: the time that passes counts.
        assert!(!is_due(DAY, NOW - 900_000_000, Some(NOW), since(23)));
        assert!(is_due(DAY, NOW - 900_000_000, Some(NOW), since(24)));
        assert!(!is_due(DAY, NOW + 3600, Some(NOW), since(1)));
    }
}
