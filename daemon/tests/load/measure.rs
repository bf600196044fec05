//! Figures of a process, and of one client.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;

use crate::common::client::Client;

/// What the 99th of a hundred requests may take under any load (`daemon/README.md`).
pub(crate) const P99: Duration = Duration::from_millis(50);

fn status_kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Resident memory in KiB.
pub(crate) fn resident(pid: u32) -> u64 {
    status_kib(pid, "VmRSS")
}

/// Most that was resident since [`forget_peak`], in KiB; since the start without that right.
pub(crate) fn peak(pid: u32) -> u64 {
    status_kib(pid, "VmHWM")
}

/// Begins a new peak.
pub(crate) fn forget_peak(pid: u32) {
    // Whose right is missing measures from the start: more, never less.
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Time on a processor of all its threads.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let spent = |path: std::path::PathBuf| -> u64 {
        let text = fs::read_to_string(path.join("schedstat")).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    };
    Duration::from_nanos(threads.map(|thread| spent(thread.unwrap().path())).sum())
}

/// Open descriptors; needs root, as the daemon hides them from its own user.
pub(crate) fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn time(client: &mut Client, line: &str) -> Duration {
    let watch = Stopwatch::start();
    let reply = client.ask(line);
    assert_eq!(reply["ok"], true, "{reply}");
    watch.elapsed()
}

/// The 99th of a hundred of sorted times.
fn p99(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

/// Passes a byte through two threads that do nothing else, as a request goes through two of the
/// daemon's: what that takes is the machine's, which may have other work.
struct Relay(UnixStream);

impl Relay {
    fn start() -> Self {
        let pass = |mut from: UnixStream, mut to: UnixStream| {
            thread::spawn(move || {
                let mut byte = [0];
                while from.read(&mut byte).unwrap() == 1 {
                    to.write_all(&byte).unwrap();
                }
            });
        };
        let ((near, first), (second, third)) =
            (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        pass(first.try_clone().unwrap(), second.try_clone().unwrap());
        pass(third.try_clone().unwrap(), third);
        pass(second, first);
        Self(near)
    }

    fn time(&mut self) -> Duration {
        let watch = Stopwatch::start();
        self.0.write_all(&[0]).unwrap();
        self.0.read_exact(&mut [0]).unwrap();
        watch.elapsed()
    }
}

/// The 99th of a hundred requests, less what a relay takes in the same seconds; the best of five
/// series: what the daemon does shows in all of them, what else the machine does need not.
pub(crate) fn best_p99(client: &mut Client, line: &str, count: usize) -> Duration {
    let mut relay = Relay::start();
    let mut series = || {
        let (mut requests, mut relayed) = (Vec::new(), Vec::new());
        for _ in 0..count {
            requests.push(time(client, line));
            relayed.push(relay.time());
        }
        requests.sort();
        relayed.sort();
        p99(&requests).saturating_sub(p99(&relayed))
    };
    (0..5).map(|_| series()).min().unwrap()
}

static ALONE: Mutex<()> = Mutex::new(());

/// Held by a test that measures: the others of this binary would show in its figures.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    // A test that failed spoils nothing for the next.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets this process hold that many connections.
pub(crate) fn hold_many() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
}
