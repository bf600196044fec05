//! Accepts connections, as many as may be, until a signal comes.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::connection;
use super::listener::Listener;
use super::response::Response;
use super::route::Gate;
use super::stop::Stop;
use super::stream::Stream;
use crate::clock::Deadline;
use crate::gate::address::Peer;

/// How long connections that are answered may go on after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// How long nothing is accepted after the system refused: no descriptor is left, say.
const BACKOFF: Duration = Duration::from_millis(100);

/// The stack of a connection's thread. An unoptimised build needs the most.
const STACK_BYTES: usize = 256 * 1024;

/// Connections over the limit that wait for their 503. More than these are just closed.
const TURNED_AWAY: usize = 64;

/// What is read and dropped of one of them, so that its 503 arrives.
const DRAINED_BYTES: usize = 16 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_millis(100);

/// How many connections there are.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<usize>,
    closed: Condvar,
}

/// One of them; it is given up when this is dropped, after a panic too.
struct Place(Arc<Connections>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, where there are fewer than `most`.
    fn take(self: &Arc<Self>, most: usize) -> Option<Place> {
        let mut open = self.lock();
        if *open >= most {
            return None;
        }
        *open += 1;
        Some(Place(Arc::clone(self)))
    }

    /// Waits until there are none; false: the deadline passed.
    fn await_none(&self, deadline: Deadline) -> bool {
        let mut open = self.lock();
        while *open > 0 {
            let Some(rest) = deadline.remaining() else { return false };
            let woken = self.closed.wait_timeout(open, rest);
            open = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.closed.notify_all();
    }
}

/// Serves until a signal comes, and then lets what is answered come to its end.
///
/// # Errors
/// Where there can be no thread or nothing can be waited for.
pub(super) fn run(gate: Gate, stop: Stop, listeners: Vec<Listener>, most: usize) -> io::Result<()> {
    let (gate, stop) = (Arc::new(gate), Arc::new(stop));
    let connections = Arc::new(Connections::default());
    let (turned_away, waiting) = sync_channel(TURNED_AWAY);
    thread::Builder::new()
        .name("turn-away".into())
        .stack_size(STACK_BYTES)
        .spawn(move || turn_away(&waiting))?;
    let accepting = Accepting { gate, stop, connections, turned_away, most };
    loop {
        let mut fds = vec![PollFd::new(accepting.stop.as_fd(), PollFlags::POLLIN)];
        fds.extend(listeners.iter().map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN)));
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) if fds[0].any().unwrap_or(true) => break,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready = listeners.iter().zip(&fds[1..]).filter(|(_, fd)| fd.any().unwrap_or(true));
        for listener in ready.map(|(listener, _)| listener) {
            accepting.accept(listener);
        }
    }
    accepting.gate.log.info("stopping");
    // Nobody connects any more; the files of Unix sockets are removed.
    drop(listeners);
    if !accepting.connections.await_none(Deadline::after(GRACE)) {
        accepting.gate.log.warn("some connections were not finished within 5 s");
    }
    Ok(())
}

struct Accepting {
    gate: Arc<Gate>,
    stop: Arc<Stop>,
    connections: Arc<Connections>,
    turned_away: SyncSender<Stream>,
    most: usize,
}

impl Accepting {
    /// Accepts one connection.
    fn accept(&self, listener: &Listener) {
        let (stream, peer) = match listener.accept() {
            Ok(Some(accepted)) => accepted,
            Ok(None) => return,
            Err(error) => {
                self.gate.log.warn(&format!("cannot accept a connection: {error}"));
                self.back_off();
                return;
            }
        };
        let Some(place) = self.connections.take(self.most) else {
            let most = self.most;
            self.gate.log.warn(&format!("{most} connections are open; one more got 503"));
            // Where too many wait for it they are closed without.
            let _ = self.turned_away.try_send(stream);
            return;
        };
        if let Err(error) = self.spawn(stream, peer, place) {
            self.gate.log.warn(&format!("cannot start a thread: {error}"));
            self.back_off();
        }
    }

    fn spawn(&self, stream: Stream, peer: Peer, place: Place) -> io::Result<()> {
        let (gate, stop) = (Arc::clone(&self.gate), Arc::clone(&self.stop));
        thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            let _place = place;
            connection::serve(&gate, &stop, stream, peer);
        })?;
        Ok(())
    }

    /// Waits a little, but not after a signal.
    fn back_off(&self) {
        let timeout = PollTimeout::try_from(BACKOFF).unwrap_or(PollTimeout::ZERO);
        let _ = poll(&mut [PollFd::new(self.stop.as_fd(), PollFlags::POLLIN)], timeout);
    }
}

/// Answers connections that are over the limit, one after the other.
fn turn_away(waiting: &Receiver<Stream>) {
    let response = Response::text(503, "too many connections; try again").closing();
    let bytes = response.bytes(false, false);
    for mut stream in waiting {
        if stream.prepare().is_ok() && stream.write(&bytes).is_ok() {
            stream.finish(DRAINED_BYTES, DRAIN_TIMEOUT);
        }
    }
}
