//! The terminal without echo, put right again whatever happens.

use std::fs::File;
use std::io;
use std::process;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::libc;
use nix::sys::termios::{self, LocalFlags, SetArg, Termios};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::Held;

/// The terminal on standard input; the other one is for whoever became another user since it was
/// opened and may not open it again.
const PATHS: [&str; 2] = ["/dev/stdin", "/dev/tty"];

/// While it lives nothing typed is shown, between two prompts either; a signal that ends the
/// process restores the terminal first.
#[derive(Debug)]
pub(super) struct EchoOff {
    path: &'static str,
    terminal: Arc<Terminal>,
    signals: Handle,
    watcher: Option<JoinHandle<()>>,
    _interrupt: Held,
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

impl EchoOff {
    pub(super) fn new(context: &Context) -> Result<Self, Failure> {
        let failed = |error| Failure::System("cannot use the terminal", error);
        let (path, file) = open().map_err(failed)?;
        let before = termios::tcgetattr(&file).map_err(|errno| failed(errno.into()))?;
        let quiet = without_echo(before.clone());
        let terminal = Arc::new(Terminal { file, before: before.into() });
        let interrupt = context.interrupt.hold();
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]).map_err(failed)?;
        let handle = signals.handle();
        let watcher = watch(signals, Arc::clone(&terminal), context.json);
        termios::tcsetattr(&terminal.file, SetArg::TCSANOW, &quiet)
            .map_err(|errno| failed(errno.into()))?;
        Ok(Self { path, terminal, signals: handle, watcher: Some(watcher), _interrupt: interrupt })
    }

    /// The terminal, for who reads from it.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// What follows from a Ctrl-C that was read as a character, and raised as a signal by who read
    /// it: the watcher says so and ends the process.
    pub(super) fn interrupted() -> ! {
        loop {
            thread::park();
        }
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        self.terminal.restore();
        self.signals.close();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

fn open() -> io::Result<(&'static str, File)> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for path in PATHS {
        match File::open(path) {
            Ok(file) => return Ok((path, file)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn without_echo(mut settings: Termios) -> Termios {
    settings.local_flags.remove(LocalFlags::ECHO | LocalFlags::ECHONL);
    settings
}

fn watch(mut signals: Signals, terminal: Arc<Terminal>, json: bool) -> JoinHandle<()> {
    thread::spawn(move || {
        for signal in signals.forever() {
            terminal.restore();
            if signal == SIGINT {
                Failure::Interrupted.report(json);
                process::exit(Failure::Interrupted.exit().number().into());
            }
            let _ = emulate_default_handler(signal);
        }
    })
}
