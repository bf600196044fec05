//! Lines on their way to standard error, which may be closed, full, or read slowly or not at all: a
//! thread of its own waits for it, so that no other thread does.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tracing::Level;

use crate::clock::Stopwatch;

use super::line::Style;
use super::record::Record;
use super::repeats::Repeats;

/// Most bytes of lines that wait; more are lost, and counted.
const WAITING_BYTES: usize = 512 * 1024;

/// The part of it that is reserved for warnings and errors.
const GRAVE_BYTES: usize = 64 * 1024;

/// How often the counts are reported.
const TICK: Duration = Duration::from_secs(1);

/// Stack of the thread, which has no deep calls.
const STACK_BYTES: usize = 128 * 1024;

/// Reads the clock.
pub(super) type Now = fn() -> jiff::Timestamp;

/// A line, or a report of how many were lost.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    lost: u64,
}

/// Everything that waits to be written.
#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    repeats: Repeats,
    lost: u64,
    /// Time since the oldest count that is not reported yet.
    since: Option<Stopwatch>,
    /// The thread has a line that is not written yet.
    writing: bool,
    /// The process ends: counts are reported at once.
    ending: bool,
}

impl Waiting {
    fn is_done(&self) -> bool {
        self.lines.is_empty() && !self.writing && self.repeats.is_empty() && self.lost == 0
    }

    fn push(&mut self, bytes: Vec<u8>, grave: bool) {
        let most = if grave { WAITING_BYTES } else { WAITING_BYTES - GRAVE_BYTES };
        if self.bytes + bytes.len() > most {
            self.lost += 1;
        } else {
            self.add(Line { bytes, lost: 0 });
        }
        if self.lost > 0 {
            self.begin();
        }
    }

    fn add(&mut self, line: Line) {
        self.bytes += line.bytes.len();
        self.lines.push_back(line);
    }

    /// Starts the time until the counts are reported.
    fn begin(&mut self) {
        self.since.get_or_insert_with(Stopwatch::start);
    }

    /// The line could not be written. It is lost, and at the end of the process so is the count.
    fn lose(&mut self, line: &Line) {
        self.lost += line.lost.max(1);
        if self.ending {
            (self.lines, self.bytes, self.lost) = Default::default();
        }
    }

    /// Time until the counts are reported; `None` where there are none. While many lines wait the
    /// report waits too, and then covers all that time.
    fn left(&self) -> Option<Duration> {
        if self.ending && (self.lost > 0 || !self.repeats.is_empty()) {
            return Some(Duration::ZERO);
        }
        let since = self.since.filter(|_| self.bytes <= GRAVE_BYTES)?;
        Some(TICK.saturating_sub(since.elapsed()))
    }
}

/// The queue; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    shared: Arc<(Mutex<Waiting>, Condvar)>,
    style: Style,
    now: Now,
}

impl Queue {
    pub(super) fn new(style: Style, now: Now) -> Self {
        Self { shared: Arc::default(), style, now }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a record; never blocks.
    pub(super) fn add(&self, record: &Record) {
        let line = self.style.line(record);
        let mut waiting = self.waiting();
        if record.repeated {
            waiting.begin();
            if !waiting.repeats.admit(record, line.len()) {
                return;
            }
        }
        waiting.push(line, record.level <= Level::WARN);
        drop(waiting);
        self.shared.1.notify_all();
    }

    /// Writes lines to `out` from now on, on a thread of its own.
    ///
    /// # Errors
    /// The thread could not be started.
    pub(super) fn start(&self, out: impl AsFd + Send + 'static) -> io::Result<()> {
        let queue = self.clone();
        let thread = std::thread::Builder::new().name("log".into()).stack_size(STACK_BYTES);
        thread.spawn(move || queue.run(&mut Out { to: out, partial: false }))?;
        Ok(())
    }

    /// Reports the counts before the records that follow.
    pub(super) fn settle(&self) {
        self.report_counts(&mut self.waiting());
        self.shared.1.notify_all();
    }

    /// Waits until everything is written, at most `limit`; for the end of the process.
    pub(super) fn flush(&self, limit: Duration) {
        let mut waiting = self.waiting();
        waiting.ending = true;
        self.shared.1.notify_all();
        let unwritten = |waiting: &mut Waiting| !waiting.is_done();
        drop(self.shared.1.wait_timeout_while(waiting, limit, unwritten));
    }

    fn run(&self, out: &mut Out<impl AsFd>) {
        loop {
            let line = self.next();
            let written = out.write(&line.bytes);
            let mut waiting = self.waiting();
            waiting.writing = false;
            if !written {
                waiting.lose(&line);
            }
            drop(waiting);
            self.shared.1.notify_all();
        }
    }

    /// The next line; blocks until there is one.
    fn next(&self) -> Line {
        let mut waiting = self.waiting();
        loop {
            if waiting.left().is_some_and(|left| left.is_zero()) {
                self.report_counts(&mut waiting);
                // There may be nothing to write, and `flush` waits for this.
                self.shared.1.notify_all();
            }
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes -= line.bytes.len();
                waiting.writing = true;
                return line;
            }
            let left = waiting.left().unwrap_or(Duration::MAX);
            let woken = self.shared.1.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Queues a report of the counts: some hundred lines at most, even if the queue is full.
    fn report_counts(&self, waiting: &mut Waiting) {
        waiting.since = None;
        for record in waiting.repeats.take() {
            waiting.add(Line { bytes: self.style.line(&record), lost: 0 });
        }
        let lost = std::mem::take(&mut waiting.lost);
        if lost > 0 {
            let message = format!("{lost} records of the log were lost: nobody read them in time");
            let record = Record::new((self.now)(), Level::WARN, message);
            waiting.add(Line { bytes: self.style.line(&record), lost });
        }
    }
}

/// Where lines are written.
struct Out<W> {
    to: W,
    /// The last line was only partly written.
    partial: bool,
}

impl<W: AsFd> Out<W> {
    /// Writes a line; blocks until it is read. False where it could not be written.
    fn write(&mut self, line: &[u8]) -> bool {
        (!self.partial || self.put(b"\n")) && self.put(line)
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            match nix::unistd::write(&self.to, rest) {
                Ok(0) => return false,
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.partial = !rest.is_empty();
                }
                Err(Errno::EINTR) => {}
                // Another process that shares the file has made it non-blocking.
                Err(Errno::EAGAIN) => {
                    let mut fds = [PollFd::new(self.to.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut fds, PollTimeout::NONE);
                }
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
