//! Replies on their way out: gathered while more requests are available, written at once.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::time::{Duration, timeout};

/// Bytes of replies gathered before they are written, however many requests have arrived: a client
/// that pipelines and never reads costs no more memory than this and one reply.
const FLUSH_THRESHOLD: usize = 64 * 1024;

/// Gathers reply lines.
pub(super) struct Writer {
    half: OwnedWriteHalf,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) const fn new(half: OwnedWriteHalf) -> Self {
        Self { half, buffer: Vec::new() }
    }

    /// Adds a reply line; its newline is added here.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.buffer.extend_from_slice(line);
        self.buffer.push(b'\n');
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.buffer.len() >= FLUSH_THRESHOLD
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where the client does not read, or the connection's error.
    pub(super) async fn flush(&mut self, limit: Duration) -> io::Result<()> {
        let written = timeout(limit, self.half.write_all(&self.buffer)).await;
        self.buffer.clear();
        // A large reply is rare: its memory is not kept for the rest of the connection.
        self.buffer.shrink_to(FLUSH_THRESHOLD);
        written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Shuts down the write side: no more replies come.
    pub(super) async fn close(&mut self) {
        // The client may be gone already.
        let _ = self.half.shutdown().await;
    }
}
