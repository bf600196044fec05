//! What is between a daemon and the server, and loses, halves and delays what passes.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::common::test_daemon::TestDaemon;
use crate::server::PASSWORD;

/// Longer than the server takes, shorter than the daemon waits.
const DELAY: Duration = Duration::from_millis(300);

/// What becomes of a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Fate {
    /// It is answered.
    Passes,
    /// The connection is cut before it arrives.
    Cut,
    /// The connection is cut in the middle of it.
    Half,
    /// It arrives, and the connection is cut instead of the answer.
    Swallowed,
    /// It arrives after a while.
    Slow,
    /// Its answer arrives after a while.
    SlowAnswer,
    /// It arrives once the proxy lets go, and the daemon does not wait as long.
    Late,
    /// Its answer arrives once the proxy lets go.
    LateAnswer,
}

const FATES: [Fate; 8] = [
    Fate::Passes,
    Fate::Cut,
    Fate::Half,
    Fate::Swallowed,
    Fate::Slow,
    Fate::SlowAnswer,
    Fate::Late,
    Fate::LateAnswer,
];

/// What the connections share.
#[derive(Default)]
struct Shared {
    fate: AtomicUsize,
    /// The COMMIT that the fate is for ends a transaction with this in it: the daemon has others, of
    /// its own accord.
    meant: Mutex<String>,
    /// The answer to a packet that contains this does not pass until the proxy lets go.
    held: Mutex<Option<&'static str>>,
    /// The connection is cut at the next packet that contains this.
    cut: Mutex<Option<&'static str>>,
    holds: Mutex<bool>,
    let_go: Condvar,
    /// Connections that have ended after something was late on them.
    ended: Mutex<usize>,
}

impl Shared {
    fn wait(&self) {
        let holds = self.holds.lock().unwrap();
        drop(self.let_go.wait_while(holds, |holds| *holds).unwrap());
    }
}

/// Stands between the daemon and the server.
pub(crate) struct Proxy {
    socket: PathBuf,
    shared: Arc<Shared>,
    _directory: tempfile::TempDir,
}

impl Proxy {
    pub(crate) fn start(server: PathBuf) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("p.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let shared: Arc<Shared> = Arc::default();
        let of_all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&server).unwrap());
                let shared = Arc::clone(&of_all);
                thread::spawn(move || pass(client, server, &shared));
            }
        });
        Self { socket, shared, _directory: directory }
    }

    /// A daemon behind it, not yet started.
    pub(crate) fn home(&self, name: &str) -> TestDaemon {
        let url = format!("mysql://{name}@/{name}?socket={}", self.socket.display());
        TestDaemon::new().with_server(&url).env("PHOTOPRISM_ADMIN_DATABASE_PASSWORD", PASSWORD)
    }

    /// Decides about the next COMMIT of a transaction in which that text is sent.
    pub(crate) fn next_commit(&self, fate: Fate, text: &str) {
        text.clone_into(&mut self.shared.meant.lock().unwrap());
        *self.shared.holds.lock().unwrap() = matches!(fate, Fate::Late | Fate::LateAnswer);
        self.shared.fate.store(fate as usize, Ordering::SeqCst);
    }

    /// Holds the answer to the next packet with that text.
    pub(crate) fn hold(&self, text: &'static str) {
        *self.shared.holds.lock().unwrap() = true;
        *self.shared.held.lock().unwrap() = Some(text);
    }

    /// Cuts the connection before the next packet with that text.
    pub(crate) fn cut(&self, text: &'static str) {
        *self.shared.cut.lock().unwrap() = Some(text);
    }

    /// Whether that packet has come.
    pub(crate) fn has_cut(&self) -> bool {
        self.shared.cut.lock().unwrap().is_none()
    }

    /// Lets pass what was held.
    pub(crate) fn let_go(&self) {
        *self.shared.holds.lock().unwrap() = false;
        self.shared.let_go.notify_all();
    }

    /// The same, and waits until the server has ended that connection.
    pub(crate) fn finish(&self) {
        let before = *self.shared.ended.lock().unwrap();
        self.let_go();
        let ended = self.shared.ended.lock().unwrap();
        drop(self.shared.let_go.wait_while(ended, |ended| *ended == before).unwrap());
    }

    /// It cannot be found any more, until it comes back.
    pub(crate) fn hide(&self, hidden: bool) {
        let away = self.socket.with_extension("away");
        let (from, to) = if hidden { (&self.socket, &away) } else { (&away, &self.socket) };
        std::fs::rename(from, to).unwrap();
    }

    /// Whether it has met that COMMIT since.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.fate.load(Ordering::SeqCst) == Fate::Passes as usize
    }
}

/// Takes the text where the packet contains it.
fn takes(wanted: &Mutex<Option<&'static str>>, packet: &[u8]) -> bool {
    wanted.lock().unwrap().take_if(|text| contains(packet, text)).is_some()
}

fn contains(packet: &[u8], text: &str) -> bool {
    packet.windows(text.len().max(1)).any(|part| part == text.as_bytes())
}

fn delay() {
    let (_never, pause) = channel::<()>();
    let _ = pause.recv_timeout(DELAY);
}

/// What becomes of the answers of a connection.
#[derive(Default)]
struct Answers {
    swallowed: AtomicBool,
    slow: AtomicBool,
    late: AtomicBool,
}

/// Passes everything on, both ways, until a COMMIT is not to pass.
fn pass(mut client: UnixStream, mut server: UnixStream, shared: &Arc<Shared>) {
    let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answers: Arc<Answers> = Arc::default();
    let (of_answers, of_all) = (Arc::clone(&answers), Arc::clone(shared));
    let back = thread::spawn(move || pass_answers(from, to, &of_answers, &of_all));
    let mut bytes = vec![0; 65_536];
    let (mut is_late, mut is_meant) = (false, false);
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let packet = &bytes[..length];
        let is_commit = packet.len() == 11 && packet[4] == 3 && &packet[5..] == b"COMMIT";
        is_meant |= contains(packet, &shared.meant.lock().unwrap());
        let is_met = is_commit && std::mem::take(&mut is_meant);
        let met = if is_met { shared.fate.swap(0, Ordering::SeqCst) } else { 0 };
        match FATES[met] {
            Fate::Passes => {}
            Fate::Cut => break,
            Fate::Half => {
                server.write_all(&packet[..8]).unwrap();
                break;
            }
            Fate::Swallowed => answers.swallowed.store(true, Ordering::SeqCst),
            Fate::Slow => delay(),
            Fate::SlowAnswer => answers.slow.store(true, Ordering::SeqCst),
            Fate::Late => {
                is_late = true;
                shared.wait();
            }
            Fate::LateAnswer => {
                is_late = true;
                answers.late.store(true, Ordering::SeqCst);
            }
        }
        if takes(&shared.held, packet) {
            answers.late.store(true, Ordering::SeqCst);
        }
        if takes(&shared.cut, packet) {
            break;
        }
        if server.write_all(packet).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
    // Without what the server still has to say nobody knows that it is over.
    let _ = back.join();
    let _ = client.shutdown(Shutdown::Both);
    if is_late {
        *shared.ended.lock().unwrap() += 1;
        shared.let_go.notify_all();
    }
}

/// The answer that is swallowed has come: what it is about has happened.
fn pass_answers(mut server: UnixStream, mut client: UnixStream, answers: &Answers, all: &Shared) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if answers.swallowed.load(Ordering::SeqCst) {
            break;
        }
        if answers.slow.swap(false, Ordering::SeqCst) {
            delay();
        }
        if answers.late.swap(false, Ordering::SeqCst) {
            all.wait();
        }
        if client.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
