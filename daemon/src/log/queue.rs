//! Lines on their way to standard error, which may be closed, full, or read slowly or by nobody: a
//! thread of its own waits for it, and nobody else does.

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

/// Most bytes of lines that wait; those beyond are lost, and counted.
const WAITING_BYTES: usize = 512 * 1024;

/// Of these, what is kept for warnings and errors.
const GRAVE_BYTES: usize = 64 * 1024;

/// How often what was counted is told.
const TICK: Duration = Duration::from_secs(1);

/// Stack of the thread, which calls nothing deep.
const STACK_BYTES: usize = 128 * 1024;

/// Reads the clock.
pub(super) type Now = fn() -> jiff::Timestamp;

/// A line, or one that tells how many are lost.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    lost: u64,
}

/// What waits.
#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    repeats: Repeats,
    lost: u64,
    /// Since something is counted that is not told yet.
    since: Option<Stopwatch>,
    /// The thread has a line that is not written yet.
    writing: bool,
    /// The process ends: what was counted is told at once.
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

    /// Something is counted that is to be told.
    fn begin(&mut self) {
        self.since.get_or_insert_with(Stopwatch::start);
    }

    /// Nobody takes lines. They are lost, and at the end of the process so is their number.
    fn lose(&mut self, line: &Line) {
        self.lost += line.lost.max(1);
        if self.ending {
            (self.lines, self.bytes, self.lost) = Default::default();
        }
    }

    /// Time until what was counted is told; `None` where nothing is. It waits longer where much
    /// else does, and is then told for all that time.
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

    /// Takes a record; waits for nothing.
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
    /// There is no thread to be had.
    pub(super) fn start(&self, out: impl AsFd + Send + 'static) -> io::Result<()> {
        let queue = self.clone();
        let thread = std::thread::Builder::new().name("log".into()).stack_size(STACK_BYTES);
        thread.spawn(move || queue.run(&mut Out { to: out, torn: false }))?;
        Ok(())
    }

    /// What was counted comes before the records that follow.
    pub(super) fn settle(&self) {
        self.tell(&mut self.waiting());
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

    /// The next line; waits for it.
    fn next(&self) -> Line {
        let mut waiting = self.waiting();
        loop {
            if waiting.left().is_some_and(|left| left.is_zero()) {
                self.tell(&mut waiting);
                // There may be nothing to write, and who waits for the end waits for this.
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

    /// Adds what was counted: some hundred lines at most, whatever waits already.
    fn tell(&self, waiting: &mut Waiting) {
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
    /// The last line was written in part.
    torn: bool,
}

impl<W: AsFd> Out<W> {
    /// Writes a line; waits for whoever reads it. False where it could not be written.
    fn write(&mut self, line: &[u8]) -> bool {
        (!self.torn || self.put(b"\n")) && self.put(line)
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            match nix::unistd::write(&self.to, rest) {
                Ok(0) => return false,
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.torn = !rest.is_empty();
                }
                Err(Errno::EINTR) => {}
                // Somebody else made it so for all who share it.
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
