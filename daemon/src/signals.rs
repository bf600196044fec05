//! Signals to the daemon, handled by a thread of their own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use tokio::sync::mpsc::Sender;

/// Exit code of the second SIGTERM or SIGINT: stopped while running, not cleanly.
pub(crate) const ABRUPT_EXIT_CODE: i32 = 1;

/// What a signal requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End cleanly (SIGTERM, SIGINT).
    Stop,
    /// Read the settings again (SIGHUP).
    Reload,
    /// Log the status (SIGUSR1).
    Status,
}

/// Handles the signals from now on, and sends what they request.
///
/// The first SIGTERM or SIGINT requests a clean stop. A second one, of either kind, ends the
/// process at once with [`ABRUPT_EXIT_CODE`], from within its handler, whatever the threads are
/// doing. Otherwise several of a kind that arrive before the first is handled may count as one.
/// SIGPIPE stays ignored, as Rust's start-up leaves it.
///
/// # Errors
/// A handler could not be installed, or the thread not started.
pub(crate) fn start(sender: Sender<Signal>) -> io::Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds the flag unset and sets it.
        flag::register_conditional_shutdown(signal, ABRUPT_EXIT_CODE, Arc::clone(&stopping))?;
        flag::register(signal, Arc::clone(&stopping))?;
    }
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let asked = match signal {
                SIGHUP => Signal::Reload,
                SIGUSR1 => Signal::Status,
                _ => Signal::Stop,
            };
            // While the daemon handles one, more of a kind count as one.
            if sender.blocking_send(asked).is_err() {
                break;
            }
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, ExitStatus, Stdio};

    use nix::sys::signal::{Signal as Number, kill};
    use nix::unistd::Pid;

    use super::*;

    /// The environment variable of a child that handles no signal yet.
    const HELD: &str = "SIGNALS_TEST_HELD";

    /// Not a test of its own but the process that [`Process`] starts. Prints what it receives,
    /// never stops.
    #[test]
    #[ignore = "started by the other tests"]
    fn child() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        start(sender).unwrap();
        say("started");
        if std::env::var_os(HELD).is_some() {
            // Blocks until the test lets it continue.
            let _ = io::stdin().read_line(&mut String::new());
        }
        while let Some(signal) = receiver.blocking_recv() {
            say(&format!("{signal:?}"));
        }
    }

    fn say(word: &str) {
        use std::io::Write;
        writeln!(io::stdout(), "said {word}").unwrap();
    }

    struct Process {
        child: Child,
        lines: Box<dyn Iterator<Item = String>>,
    }

    impl Process {
        fn start() -> Self {
            Self::of(&mut Command::new(std::env::current_exe().unwrap()))
        }

        fn of(command: &mut Command) -> Self {
            let mut child = command
                .args(["--exact", "signals::tests::child", "--ignored", "--nocapture"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let said = |line: String| line.split_once("said ").map(|(_, word)| word.to_owned());
            let mut process = Self { child, lines: Box::new(lines.filter_map(said)) };
            assert_eq!(process.lines.next().as_deref(), Some("started"));
            process
        }

        fn send(&self, number: Number) {
            kill(Pid::from_raw(self.child.id().try_into().unwrap()), number).unwrap();
        }

        fn asked(&mut self, number: Number) -> Option<String> {
            self.send(number);
            self.lines.next()
        }

        fn end(mut self) -> ExitStatus {
            self.child.wait().unwrap()
        }
    }

    impl Drop for Process {
        fn drop(&mut self) {
            // It has ended, unless an assertion failed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// However many arrive while the daemon is busy: one is handled, one waits, and the system
    /// keeps one of each kind.
    #[test]
    fn many_of_a_kind_count_as_one_while_the_daemon_is_busy() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = Process::of(command.env(HELD, "").stdin(Stdio::piped()));
        for _ in 0..1000 {
            process.send(Number::SIGUSR1);
        }
        drop(process.child.stdin.take());
        // Before it is stopped: the system may deliver signals of two kinds in any order.
        assert_eq!(process.lines.next().as_deref(), Some("Status"));
        process.send(Number::SIGTERM);
        let more: Vec<String> = process.lines.by_ref().take_while(|word| word != "Stop").collect();
        assert!(more.len() <= 3, "{} more", more.len());
        assert!(more.iter().all(|word| word == "Status"), "{more:?}");
    }

    #[test]
    fn each_signal_asks_for_its_own_and_the_second_stop_ends_at_once() {
        for (first, second) in
            [(Number::SIGTERM, Number::SIGTERM), (Number::SIGINT, Number::SIGTERM)]
        {
            let mut process = Process::start();
            assert_eq!(process.asked(Number::SIGHUP).as_deref(), Some("Reload"));
            assert_eq!(process.asked(Number::SIGUSR1).as_deref(), Some("Status"));
            assert_eq!(process.asked(Number::SIGHUP).as_deref(), Some("Reload"));
            assert_eq!(process.asked(first).as_deref(), Some("Stop"));
            assert_eq!(process.asked(Number::SIGUSR1).as_deref(), Some("Status"));
            process.send(second);
            let status = process.end();
            assert_eq!((status.code(), status.signal()), (Some(ABRUPT_EXIT_CODE), None));
        }
    }
}
