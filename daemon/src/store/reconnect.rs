//! When a connection is tried again.

use std::time::Duration;

use crate::clock::{Stopwatch, random};

/// The first pause after a failure.
const FIRST: Duration = Duration::from_millis(100);

/// The longest one.
const LONGEST: Duration = Duration::from_secs(5);

/// Pauses between attempts to connect: all that are asked meanwhile have the last answer at once.
#[derive(Debug, Default)]
pub(super) struct Reconnect {
    failed: Option<Stopwatch>,
    pause: Duration,
}

impl Reconnect {
    /// Whether it is time for an attempt.
    pub(super) fn is_due(&self) -> bool {
        self.failed.is_none_or(|failed| failed.elapsed() >= self.pause)
    }

    /// An attempt failed: the next pause is twice as long, and as long as the attempt took, for that
    /// would hold up who asks next. It is up to a quarter shorter, so that those who lost the server
    /// at the same moment do not all return at once.
    pub(super) fn fail(&mut self, took: Duration) {
        let next = if self.failed.is_none() { FIRST } else { self.pause * 2 };
        let next = next.max(took).clamp(FIRST, LONGEST);
        let mut byte = [0; 1];
        random(&mut byte);
        self.pause = next.saturating_sub(next / 4 * u32::from(byte[0]) / 255);
        self.failed = Some(Stopwatch::start());
    }

    /// There is a connection.
    pub(super) fn succeed(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut reconnect = Reconnect::default();
        assert!(reconnect.is_due());
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            reconnect.fail(Duration::ZERO);
            assert!(!reconnect.is_due());
            assert!(reconnect.pause >= FIRST * 3 / 4 && reconnect.pause <= LONGEST);
            last = reconnect.pause;
        }
        assert!(last >= LONGEST * 3 / 4, "{last:?}");
        reconnect.succeed();
        assert!(reconnect.is_due());
        reconnect.fail(Duration::from_secs(15));
        assert!(reconnect.pause >= LONGEST * 3 / 4, "a silent server is not asked at once");
    }
}
