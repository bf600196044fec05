//! Commands that end in time, whatever they do.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a script may take: building images and machines included, on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(5);

/// What a command printed, both streams in the order in which they came.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

/// Runs it to its end, or kills it with its children where it takes too long. What it prints goes
/// to a file: a pipe is held open by whatever it leaves behind.
pub(crate) fn run(command: &mut Command) -> Done {
    let mut printed = tempfile::tempfile().unwrap();
    command.stdin(Stdio::null()).process_group(0);
    command.stdout(printed.try_clone().unwrap()).stderr(printed.try_clone().unwrap());
    let status = wait(command);
    let mut bytes = Vec::new();
    printed.seek(SeekFrom::Start(0)).unwrap();
    printed.read_to_end(&mut bytes).unwrap();
    Done { code: status.code(), text: String::from_utf8_lossy(&bytes).into_owned() }
}

fn wait(command: &mut Command) -> ExitStatus {
    let mut child = command.spawn().unwrap();
    let group = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if end.recv_timeout(TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
            // It may have ended at this very moment.
            let _ = killpg(group, Signal::SIGKILL);
        }
    });
    let status = child.wait().unwrap();
    drop(ended);
    guard.join().unwrap();
    status
}

/// A script that must succeed; gives what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let done = run(command);
    assert_eq!(done.code, Some(0), "{command:?}\n{}", done.text);
    done.text
}

/// Whether `script` succeeds here.
pub(crate) fn works(script: &str) -> bool {
    run(Command::new("bash").args(["-c", script])).code == Some(0)
}

/// A script that goes on when `condition` holds, or fails after that many seconds.
pub(crate) fn until(condition: &str, seconds: u32) -> String {
    format!(
        "for _ in $(seq {}); do if {condition}; then exit 0; fi; sleep 0.2; done; exit 1",
        seconds * 5
    )
}
