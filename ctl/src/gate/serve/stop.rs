//! The end of the gate: a signal that everything which waits sees.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// Readable from the first SIGTERM or SIGINT on. Nobody reads it, so that it stays so for all.
#[derive(Debug)]
pub(super) struct Stop {
    seen: UnixStream,
}

impl Stop {
    /// Takes the signals over. A second one ends the process at once.
    ///
    /// # Errors
    /// Where the system refuses.
    pub(super) fn install() -> io::Result<Self> {
        let (seen, signalled) = UnixStream::pair()?;
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the flag is set only after it was found not to be.
            flag::register_conditional_shutdown(signal, 1, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            pipe::register(signal, signalled.try_clone()?)?;
        }
        Ok(Self { seen })
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.seen.as_fd()
    }
}
