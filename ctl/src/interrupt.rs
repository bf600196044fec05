//! Ctrl-C: exit code 130, whatever is being waited for.

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use signal_hook::low_level::pipe;

use crate::clock::Deadline;
use crate::error::CliError;
use crate::exit::Exit;

/// The handler of SIGINT. It ends the process at once, except while a guard is held, or while
/// a prompt has to restore the terminal first.
#[derive(Debug)]
pub(crate) struct Interrupt {
    armed: Arc<AtomicBool>,
    /// The same for the signals that a prompt takes over.
    others_armed: Arc<AtomicBool>,
    /// How many guards there are.
    holders: Cell<usize>,
    /// Gets a byte with each SIGINT.
    seen: UnixStream,
}

/// How a wait came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There is something to do.
    Ready,
    /// The deadline passed.
    TimedOut,
    Interrupted,
}

impl Interrupt {
    /// Installs it.
    ///
    /// # Errors
    /// [`CliError::System`] where the system refuses.
    pub(crate) fn install() -> Result<Self, CliError> {
        let armed = Arc::new(AtomicBool::new(true));
        let code = i32::from(Exit::Interrupted.number());
        flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&armed)).map_err(refused)?;
        let (seen, signalled) = UnixStream::pair().map_err(refused)?;
        pipe::register(SIGINT, signalled).map_err(refused)?;
        let others_armed = Arc::new(AtomicBool::new(true));
        Ok(Self { armed, others_armed, holders: Cell::new(0), seen })
    }

    /// Leaves SIGINT to somebody else until the last guard is dropped; a second one always ends the
    /// process.
    pub(crate) fn hold(&self) -> InterruptGuard<'_> {
        self.holders.set(self.holders.get() + 1);
        self.armed.store(self.came(), Ordering::SeqCst);
        InterruptGuard(self)
    }

    /// Whether a SIGINT came while there was a guard.
    pub(crate) fn came(&self) -> bool {
        let mut seen = [PollFd::new(self.seen.as_fd(), PollFlags::POLLIN)];
        poll(&mut seen, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }
}

fn refused(error: io::Error) -> CliError {
    CliError::System("cannot handle signals", error)
}

/// While it lives, SIGINT alone does not end the process: one that comes is found by the next
/// wait.
#[derive(Debug)]
pub(crate) struct InterruptGuard<'a>(&'a Interrupt);

impl InterruptGuard<'_> {
    /// Leaves other signals to somebody else as well. When the guard is dropped they do again what
    /// they do by default: a handler, once there, is never taken away.
    ///
    /// # Errors
    /// [`CliError::System`] where the system refuses.
    pub(crate) fn also(&self, others: &[c_int]) -> Result<(), CliError> {
        self.0.others_armed.store(false, Ordering::SeqCst);
        others.iter().try_for_each(|signal| {
            flag::register_conditional_default(*signal, Arc::clone(&self.0.others_armed))
                .map(|_| ())
                .map_err(refused)
        })
    }

    /// As [`InterruptGuard::wait`], whatever signal comes; the next one ends the process.
    pub(crate) fn wait_on(
        &self,
        fd: BorrowedFd<'_>,
        events: PollFlags,
        deadline: Deadline,
    ) -> io::Result<Waited> {
        match self.wait(fd, events, Some(deadline))? {
            Waited::Interrupted => self.0.armed.store(true, Ordering::SeqCst),
            other => return Ok(other),
        }
        loop {
            let Some(rest) = deadline.remaining() else { return Ok(Waited::TimedOut) };
            let timeout = PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(fd, events)], timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(Waited::Ready),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Waits until `events` come for `fd` (an error or a hang-up always does), or until the
    /// deadline, where there is one.
    pub(crate) fn wait(
        &self,
        fd: BorrowedFd<'_>,
        events: PollFlags,
        deadline: Option<Deadline>,
    ) -> io::Result<Waited> {
        loop {
            let timeout = match deadline.map(Deadline::remaining) {
                None => PollTimeout::NONE,
                Some(None) => return Ok(Waited::TimedOut),
                Some(Some(rest)) => PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX),
            };
            let signalled = PollFd::new(self.0.seen.as_fd(), PollFlags::POLLIN);
            let mut both = [PollFd::new(fd, events), signalled];
            match poll(&mut both, timeout) {
                Ok(_) if both[1].any().unwrap_or(true) => return Ok(Waited::Interrupted),
                Ok(_) if both[0].any().unwrap_or(true) => return Ok(Waited::Ready),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl Drop for InterruptGuard<'_> {
    fn drop(&mut self) {
        let left = self.0.holders.get() - 1;
        self.0.holders.set(left);
        if left == 0 {
            self.0.others_armed.store(true, Ordering::SeqCst);
            self.0.armed.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wait_ends_with_what_comes_first() {
        let (seen, mut signalled) = UnixStream::pair().unwrap();
        let armed = || Arc::new(AtomicBool::new(true));
        let (armed, others_armed) = (armed(), armed());
        let interrupt = Interrupt { armed, others_armed, holders: Cell::new(0), seen };
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let held = interrupt.hold();
        let wait = |deadline| held.wait(reader.as_fd(), PollFlags::POLLIN, deadline).unwrap();
        assert_eq!(wait(Some(Deadline::after(Duration::from_millis(20)))), Waited::TimedOut);
        writer.write_all(b"x").unwrap();
        assert_eq!(wait(None), Waited::Ready);
        // A signal that came before the wait is not lost.
        signalled.write_all(b"X").unwrap();
        assert_eq!(wait(None), Waited::Interrupted);
        let inner = interrupt.hold();
        let deadline = Deadline::after(Duration::from_secs(9));
        let patient = held.wait_on(reader.as_fd(), PollFlags::POLLIN, deadline).unwrap();
        assert_eq!(patient, Waited::Ready);
        drop(held);
        // The second one ends the process.
        assert!(interrupt.came() && interrupt.armed.load(Ordering::SeqCst));
        drop(inner);
        assert!(interrupt.armed.load(Ordering::SeqCst));
    }
}
