//! Eight clients that add accounts, one request at a time, until the daemon is gone.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::common::TIMEOUT;

/// Writers at once (`daemon/README.md`).
const WRITERS: usize = 8;

/// What one run of writers knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Names of accounts whose addition was acknowledged.
    pub(crate) acknowledged: Vec<String>,
    /// Names that were asked for and neither acknowledged nor refused.
    pub(crate) unanswered: Vec<String>,
}

/// Running writers.
pub(crate) struct Writers {
    threads: Vec<JoinHandle<()>>,
    known: Arc<Mutex<Known>>,
    progress: Receiver<()>,
}

/// The request that adds that account; the key is the name, so that a retry does it once.
pub(crate) fn request(name: &str) -> Value {
    let args = json!({"name": name, "role": "guest", "provider": "none"});
    json!({"cmd": "users.add", "key": format!("key-of-{name}"), "args": args})
}

impl Writers {
    /// Sets them to work at that socket; names begin with `prefix`.
    pub(crate) fn start(socket: &Path, prefix: &str) -> Self {
        let known = Arc::new(Mutex::new(Known::default()));
        let next = Arc::new(AtomicUsize::new(0));
        let (report, progress) = channel();
        let threads = (0..WRITERS)
            .map(|_| {
                let writer = Writer {
                    socket: socket.to_owned(),
                    prefix: prefix.to_owned(),
                    next: Arc::clone(&next),
                    known: Arc::clone(&known),
                    report: report.clone(),
                };
                std::thread::spawn(move || writer.work())
            })
            .collect();
        Self { threads, known, progress }
    }

    /// Waits until so many additions were acknowledged.
    pub(crate) fn await_progress(&self, count: usize) {
        for _ in 0..count {
            self.progress.recv_timeout(TIMEOUT).unwrap();
        }
    }

    /// Waits until all of them have seen the end of the daemon.
    pub(crate) fn end(self) -> Known {
        for thread in self.threads {
            thread.join().unwrap();
        }
        let known = self.known.lock().unwrap();
        known.clone()
    }
}

struct Writer {
    socket: PathBuf,
    prefix: String,
    next: Arc<AtomicUsize>,
    known: Arc<Mutex<Known>>,
    report: Sender<()>,
}

/// What came of a request.
enum Answer {
    Done,
    Refused,
    Gone,
}

impl Writer {
    fn work(self) {
        let Ok(stream) = UnixStream::connect(&self.socket) else { return };
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let name = format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
            match ask(&stream, &mut reader, &name) {
                Answer::Done => {
                    self.known.lock().unwrap().acknowledged.push(name);
                    // Nobody counts any more once the daemon is to end.
                    let _ = self.report.send(());
                }
                Answer::Refused => {}
                Answer::Gone => return self.known.lock().unwrap().unanswered.push(name),
            }
        }
    }
}

fn ask(mut stream: &UnixStream, reader: &mut BufReader<UnixStream>, name: &str) -> Answer {
    if stream.write_all(format!("{}\n", request(name)).as_bytes()).is_err() {
        return Answer::Gone;
    }
    let mut line = String::new();
    match reader.read_line(&mut line) {
        Ok(1..) if line.ends_with('\n') => {}
        _ => return Answer::Gone,
    }
    let reply: Value = serde_json::from_str(&line).unwrap();
    if reply["ok"] == true {
        return Answer::Done;
    }
    assert_eq!(reply["error"]["code"], "unavailable", "{reply}");
    Answer::Refused
}
