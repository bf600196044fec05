//! How long a connection may keep the async thread to itself.

use tokio::task::yield_now;
use tokio::time::Duration;

use crate::clock::Stopwatch;

/// A client that pipelines gives way to the others after so many lines.
const LINES: usize = 16;

/// The same in bytes of lines.
const BYTES: usize = 16 * 1024;

/// The same in time.
const TIME: Duration = Duration::from_millis(1);

/// The turn of a connection.
pub(super) struct Turn {
    begun: Stopwatch,
    lines: usize,
    bytes: usize,
}

impl Turn {
    pub(super) fn begin() -> Self {
        Self { begun: Stopwatch::start(), lines: 0, bytes: 0 }
    }

    /// After a line of so many bytes: lets the other connections go first where the turn is over.
    pub(super) async fn end_line(&mut self, bytes: usize) {
        self.lines += 1;
        self.bytes += bytes;
        if self.lines >= LINES || self.bytes >= BYTES || self.begun.elapsed() >= TIME {
            yield_now().await;
            *self = Self::begin();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// How many lines of that size end without giving way.
    fn lines_in_a_turn(bytes: usize) -> usize {
        let mut turn = Turn::begin();
        let at_once = |turn: &mut Turn| turn.end_line(bytes).now_or_never().is_some();
        (0..1000).take_while(|_| at_once(&mut turn)).count()
    }

    #[test]
    fn a_turn_ends_after_some_lines_and_some_bytes() {
        // Fewer where this thread was held up for a millisecond.
        let most = |bytes| (0..100).map(|_| lines_in_a_turn(bytes)).max().unwrap();
        assert_eq!(most(1), LINES - 1);
        assert_eq!(most(BYTES / 4), 3);
        assert_eq!(most(BYTES), 0);
    }
}
