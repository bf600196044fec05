//! The binary on a pseudo-terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

/// Longest wait for something to appear.
const TIMEOUT_MS: u16 = 20_000;

/// How often the child is looked after while it shows nothing.
const ROUND_MS: u16 = 20;

pub struct Terminal {
    screen: File,
    /// Held open, so that the settings can be checked after the child is gone.
    line: OwnedFd,
    child: Child,
    /// All that was shown.
    pub shown: String,
}

impl Terminal {
    /// Starts the command with all three streams on a terminal of 80 columns.
    pub fn start(command: &mut Command) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        let stream = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        Self { screen: pty.master.into(), line: pty.slave, child, shown: String::new() }
    }

    /// Reads until `text` is at the end.
    pub fn wait_for(&mut self, text: &str) {
        while !self.shown.ends_with(text) {
            assert!(self.read(TIMEOUT_MS), "waiting for {text:?}, shown: {:?}", self.shown);
        }
    }

    pub fn type_in(&mut self, text: &str) {
        self.screen.write_all(text.as_bytes()).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let flags = tcgetattr(&self.line).unwrap().local_flags;
        flags.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG)
    }

    /// Waits for the end, reading meanwhile: the exit code, or `None` after a signal.
    pub fn finish(&mut self) -> Option<i32> {
        self.ended().code()
    }

    /// The same, with what a signal left.
    pub fn ended(&mut self) -> ExitStatus {
        for _ in 0..TIMEOUT_MS / ROUND_MS {
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.read(0) {}
                return status;
            }
            self.read(ROUND_MS);
        }
        self.child.kill().unwrap();
        panic!("it does not end, shown: {:?}", self.shown);
    }

    fn read(&mut self, timeout: u16) -> bool {
        let mut wait = [PollFd::new(self.screen.as_fd(), PollFlags::POLLIN)];
        if poll(&mut wait, PollTimeout::from(timeout)).unwrap() == 0 {
            return false;
        }
        let mut chunk = [0; 4096];
        let read = self.screen.read(&mut chunk).unwrap_or(0);
        self.shown += &String::from_utf8_lossy(&chunk[..read]);
        read > 0
    }
}
