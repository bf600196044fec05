//! The terminal without echo, restored whatever happens.

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, Write};
use std::iter;
use std::process;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::libc;
use nix::sys::termios::{self, LocalFlags, SetArg, SpecialCharacterIndices, Termios};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use super::Person;
use crate::error::CliError;
use crate::interrupt::InterruptGuard;
use crate::panic;

/// The terminal on standard input; the other one is for a process that became another user since it
/// was opened and may not open it again.
const PATHS: [&str; 2] = ["/dev/stdin", "/dev/tty"];

/// Signals that end a process unless they are handled, in addition to that of Ctrl-C.
const ENDING: [c_int; 3] = [SIGTERM, SIGHUP, SIGQUIT];

/// While it lives nothing typed is shown, between two prompts either; a signal that ends the
/// process restores the terminal first. Nobody else changes the terminal's settings, or a signal
/// could come between two of them.
#[derive(Debug)]
pub(super) struct EchoOff<'a> {
    terminal: Arc<Terminal>,
    signals: Handle,
    watcher: Option<JoinHandle<()>>,
    interrupt: Option<InterruptGuard<'a>>,
    json: bool,
}

#[derive(Debug)]
struct Terminal {
    file: File,
    before: libc::termios,
}

impl Terminal {
    fn restore(&self) {
        // Nothing better can be done where it fails.
        let _ = termios::tcsetattr(&self.file, SetArg::TCSANOW, &self.before.into());
    }
}

impl<'a> EchoOff<'a> {
    pub(super) fn new(person: &'a Person) -> Result<Self, CliError> {
        let failed = |error| CliError::System("cannot use the terminal", error);
        let file = open().map_err(failed)?;
        let before = termios::tcgetattr(&file).map_err(|errno| failed(errno.into()))?;
        let quiet = without_echo(before.clone());
        let terminal = Arc::new(Terminal { file, before: before.into() });
        let held = person.interrupt.hold();
        held.also(&ENDING)?;
        let signals = Signals::new(iter::once(SIGINT).chain(ENDING)).map_err(failed)?;
        let touched = Arc::clone(&terminal);
        panic::on_panic(person.json, move || touched.restore());
        // From here on signals are held back, and checked once there is something to restore.
        let handle = signals.handle();
        termios::tcsetattr(&terminal.file, SetArg::TCSANOW, &quiet)
            .map_err(|errno| failed(errno.into()))?;
        let watcher = Some(watch(signals, Arc::clone(&terminal), person.json));
        Ok(Self { terminal, signals: handle, watcher, interrupt: Some(held), json: person.json })
    }

    /// The terminal, for reading from it.
    pub(super) fn reader(&self) -> io::Result<File> {
        self.terminal.file.try_clone()
    }

    /// What follows from a Ctrl-C that was read as a character, and raised as a signal by who read
    /// it: the watcher says so and ends the process.
    pub(super) fn interrupted() -> ! {
        loop {
            thread::park();
        }
    }
}

impl Drop for EchoOff<'_> {
    fn drop(&mut self) {
        self.terminal.restore();
        panic::on_panic(self.json, || {});
        // With nothing left to restore a signal may end the process at once.
        drop(self.interrupt.take());
        self.signals.close();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

fn open() -> io::Result<File> {
    File::open(PATHS[0]).or_else(|_| File::open(PATHS[1]))
}

/// Each key by itself and unseen, Ctrl-C and Ctrl-D too.
fn without_echo(mut settings: Termios) -> Termios {
    let line = LocalFlags::ICANON | LocalFlags::ISIG;
    settings.local_flags.remove(LocalFlags::ECHO | LocalFlags::ECHONL | line);
    settings.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    settings.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    settings
}

fn watch(mut signals: Signals, terminal: Arc<Terminal>, json: bool) -> JoinHandle<()> {
    thread::spawn(move || {
        for signal in signals.forever() {
            terminal.restore();
            // The cursor is still behind the question.
            let _ = io::stderr().write_all(b"\n");
            if signal == SIGINT {
                let error = CliError::Interrupted(super::CANCELLED);
                error.report(json);
                process::exit(error.exit().number().into());
            }
            let _ = emulate_default_handler(signal);
        }
    })
}
