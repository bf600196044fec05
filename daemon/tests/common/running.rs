//! A daemon's process and its log.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{JoinHandle, spawn};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::TIMEOUT;

/// A daemon that was ready; killed when dropped.
pub(crate) struct Running {
    child: Child,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
}

/// What came on standard error so far.
#[derive(Default)]
struct Log {
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl Log {
    fn gather(&self, stderr: ChildStderr) {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            self.text.lock().unwrap().0.push_str(&String::from_utf8_lossy(&line));
            self.more.notify_all();
            line.clear();
        }
        self.text.lock().unwrap().1 = true;
        self.more.notify_all();
    }

    /// Waits for a state of (text, ended).
    fn wait_for(&self, what: &str, met: impl Fn(&str, bool) -> bool) -> String {
        let text = self.text.lock().unwrap();
        let unmet = |state: &mut (String, bool)| !met(&state.0, state.1) && !state.1;
        let (text, _) = self.more.wait_timeout_while(text, TIMEOUT, unmet).unwrap();
        assert!(met(&text.0, text.1), "{what} is missing in the log:\n{}", text.0);
        text.0.clone()
    }
}

impl Running {
    /// Starts the daemon and waits for its ready line.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = Arc::new(Log::default());
        let reader = {
            let log = Arc::clone(&log);
            spawn(move || log.gather(stderr))
        };
        let running = Self { child, log, reader: Some(reader) };
        running.log.wait_for("the ready line", |text, _| {
            let is_ready = |line: &str| {
                ["socket=", "listen="].iter().any(|key| line.contains(&format!("ready: {key}")))
            };
            text.lines().any(is_ready)
        });
        running
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text.lock().unwrap().0.clone()
    }

    /// Its log, once it holds `text`.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text, |log, _| log.contains(text))
    }

    /// Its log, once it holds `text` so many times.
    pub(crate) fn wait_for_logs(&self, text: &str, count: usize) -> String {
        self.log.wait_for(text, |log, _| log.matches(text).count() >= count)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits until it has ended by itself. Gives how, and its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        self.log.wait_for("the end", |_, ended| ended);
        let status = self.child.wait().unwrap();
        (status, self.log())
    }

    /// SIGTERM; it must end with 0. Gives its log.
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::SIGTERM);
        let (status, log) = self.ended();
        assert_eq!(status.code(), Some(0), "the daemon did not end cleanly:\n{log}");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
