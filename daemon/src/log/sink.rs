//! Standard error, which may be closed, full, or read by nobody.

use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A pipe that `poll` calls writable takes this much at once (`PIPE_BUF`, `pipe(7)`).
const PIECE: usize = 4096;

/// How long a reader may be away before records are dropped, milliseconds. Once only: while it
/// stays away nothing waits.
const PATIENCE_MS: u16 = 100;

/// Writes lines and forgets those that nobody takes; says afterwards how many that were.
pub(super) struct Sink<W> {
    out: W,
    lost: u64,
    /// The last line was written in part.
    torn: bool,
}

impl<W: Write + AsFd> Sink<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, lost: 0, torn: false }
    }

    /// Takes a line with its newline.
    pub(super) fn write_line(&mut self, line: &[u8]) {
        if self.lost > 0 && self.say_what_is_lost().is_none() || self.put(line).is_none() {
            self.lost += 1;
        }
    }

    fn say_what_is_lost(&mut self) -> Option<()> {
        let start = if self.torn { "\n" } else { "" };
        let line = format!("{start}{} records of the log were lost: nobody read it\n", self.lost);
        self.put(line.as_bytes())?;
        self.lost = 0;
        Some(())
    }

    /// `None` where it could not be written, or not whole.
    fn put(&mut self, line: &[u8]) -> Option<()> {
        let mut rest = line;
        while !rest.is_empty() {
            let piece = rest.len().min(PIECE);
            let written = if self.is_ready() { self.out.write(&rest[..piece]) } else { Ok(0) };
            match written {
                Ok(0) => {
                    self.torn |= rest.len() < line.len();
                    return None;
                }
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.torn |= rest.len() < line.len();
                    return None;
                }
            }
        }
        self.torn = false;
        Some(())
    }

    fn is_ready(&self) -> bool {
        let patience = if self.lost == 0 { PATIENCE_MS } else { 0 };
        let mut fds = [PollFd::new(self.out.as_fd(), PollFlags::POLLOUT)];
        poll(&mut fds, PollTimeout::from(patience)).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use super::*;

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let (mut reader, writer) = pipe().unwrap();
        let mut sink = Sink::new(writer);
        let long = format!("{}\n", "x".repeat(3 * PIECE));
        for line in ["a\n", &long, "b\n"] {
            sink.write_line(line.as_bytes());
        }
        drop(sink);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("a\n{long}b\n"));
    }

    #[test]
    fn a_pipe_that_nobody_reads_loses_lines_and_says_so_later() {
        let (mut reader, writer) = pipe().unwrap();
        let mut sink = Sink::new(writer);
        let line = format!("{}\n", "x".repeat(999));
        for _ in 0..1000 {
            sink.write_line(line.as_bytes());
        }
        assert!(sink.lost > 900, "{}", sink.lost);
        let lost = sink.lost;
        let mut filled = vec![0; 32768];
        reader.read_exact(&mut filled).unwrap();
        sink.write_line(b"after\n");
        assert_eq!(sink.lost, 0);
        drop(sink);
        let mut text = String::from_utf8(filled).unwrap();
        reader.read_to_string(&mut text).unwrap();
        let end: Vec<_> = text.lines().rev().take(2).collect();
        let said = format!("{lost} records of the log were lost: nobody read it");
        assert_eq!(end, ["after", said.as_str()]);
    }

    #[test]
    fn a_pipe_that_is_closed_is_no_error() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut sink = Sink::new(writer);
        for _ in 0..3 {
            sink.write_line(b"line\n");
        }
        assert_eq!(sink.lost, 3);
    }

    #[test]
    fn a_full_disk_is_no_error() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut sink = Sink::new(full);
        sink.write_line(b"line\n");
        assert_eq!(sink.lost, 1);
    }
}
