//! Accepts connections: which peers, how many, and what happens when descriptors run out.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io;
use std::iter;
use std::rc::Rc;

use photoprism_protocol::envelope::{Id, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Duration, timeout};
use tracing::{info, warn};

use crate::commands::App;
use crate::connection::serve;
use crate::failpoints::{Failpoint, enabled};
use crate::log::REPEATED;
use crate::peer::{Caller, SocketKind};

/// Back-off after EMFILE: short enough to accept within a second of a descriptor becoming free,
/// long enough not to spin.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Seconds after which a client that was turned away for a limit may try again.
const RETRY_AFTER_S: u64 = 1;

/// How many connections each uid has on one socket.
#[derive(Default)]
struct ConnectionCounts {
    by_uid: HashMap<u32, usize>,
    ordinary: usize,
    reserved: usize,
}

impl ConnectionCounts {
    fn release(&mut self, uid: u32) {
        self.ordinary -= 1;
        if let Entry::Occupied(mut held) = self.by_uid.entry(uid) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

/// The connections of all sockets.
pub(crate) struct Server {
    app: Rc<App>,
    closed: Notify,
    tallies: [RefCell<ConnectionCounts>; 2],
}

/// The slot of one connection; released when it is dropped.
struct ConnectionSlot {
    server: Rc<Server>,
    socket: SocketKind,
    uid: u32,
    reserved: bool,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut tally = self.server.tally(self.socket).borrow_mut();
        if self.reserved {
            tally.reserved -= 1;
        } else {
            tally.release(self.uid);
        }
        self.server.app.open.set(self.server.app.open.get() - 1);
        self.server.closed.notify_one();
    }
}

impl Server {
    /// A server without connections.
    pub(crate) fn new(app: Rc<App>) -> Rc<Self> {
        Rc::new(Self { app, closed: Notify::new(), tallies: Default::default() })
    }

    const fn tally(&self, socket: SocketKind) -> &RefCell<ConnectionCounts> {
        match socket {
            SocketKind::Admin => &self.tallies[0],
            SocketKind::Auth => &self.tallies[1],
        }
    }

    /// Accepts on `listener` until the daemon stops, or until `retired` resolves: then those that
    /// had connected before are accepted as well, and the listener is closed.
    pub(crate) async fn accept(
        self: Rc<Self>,
        listener: UnixListener,
        socket: SocketKind,
        mut retired: oneshot::Receiver<()>,
    ) {
        let mut stop = self.app.stop.clone();
        let mut spare = File::open("/dev/null").ok();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                accepted = listener.accept() => accepted,
                _ = &mut retired => {
                    return backlog(listener).for_each(|stream| self.admit(stream, socket));
                }
            };
            match accepted {
                Ok((stream, _)) => self.admit(stream, socket),
                Err(error) => {
                    self.handle_accept_error(&listener, &error, &mut spare, &mut stop).await;
                }
            }
        }
    }

    /// Without a free descriptor, closes the spare one to refuse one client; then backs off. The
    /// waiting connection is refused instead of hanging.
    async fn handle_accept_error(
        &self,
        listener: &UnixListener,
        error: &io::Error,
        spare: &mut Option<File>,
        stop: &mut watch::Receiver<bool>,
    ) {
        if spare.is_some() {
            // Logged once when it begins, not ten times a second.
            warn!(target: REPEATED, %error, "no connection can be accepted");
        }
        if spare.take().is_some()
            && let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await
        {
            self.refuse(&stream, &busy());
        }
        if enabled(Failpoint::NoAcceptBackoff) {
            return tokio::task::yield_now().await;
        }
        // A connection that ends frees a descriptor: accept again at once.
        let over = async {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = self.closed.notified() => {}
            }
        };
        let _ = timeout(ACCEPT_BACKOFF, over).await;
        *spare = File::open("/dev/null").ok();
    }

    fn refuse(&self, stream: &UnixStream, error: &ErrorBody) {
        self.app.metrics.refused(error.code);
        refuse(stream, error);
    }

    fn admit(self: &Rc<Self>, stream: UnixStream, socket: SocketKind) {
        let caller = Caller::of(&stream, socket);
        if let Err(refused) = caller.admit(&self.app.policy.borrow()) {
            let (uid, pid) = (caller.uid(), caller.pid());
            info!(target: REPEATED, uid, pid, "a peer without rights was refused");
            let error = ErrorBody::new(ErrorCode::Forbidden, refused.to_string());
            return self.refuse(&stream, &error);
        }
        let Some(seat) = self.acquire(&caller) else { return self.refuse(&stream, &busy()) };
        self.app.metrics.accepted();
        let app = Rc::clone(&self.app);
        tokio::task::spawn_local(async move {
            serve(app, caller, stream).await;
            drop(seat);
        });
    }

    /// Waits until every connection has ended, at most `limit`; true where all have.
    pub(crate) async fn drain(&self, limit: Duration) -> bool {
        let all = async {
            while self.app.open.get() > 0 {
                self.closed.notified().await;
            }
        };
        timeout(limit, all).await.is_ok()
    }

    /// A slot for the caller: an ordinary one, else one of those reserved for root and the daemon's
    /// user.
    fn acquire(self: &Rc<Self>, caller: &Caller) -> Option<ConnectionSlot> {
        let (socket, uid) = (caller.socket(), caller.uid());
        let limits = self.app.limits.borrow();
        let ordinary: usize = self.tallies.iter().map(|tally| tally.borrow().ordinary).sum();
        let mut tally = self.tally(socket).borrow_mut();
        let of_uid = tally.by_uid.get(&uid).copied().unwrap_or(0);
        let fits = ordinary < limits.max_connections && of_uid < limits.max_connections_per_uid;
        let owner = caller.is_root_or_self(&self.app.policy.borrow());
        let spare = owner && tally.reserved < limits.reserved_connections;
        if !fits && !spare {
            return None;
        }
        if fits {
            tally.ordinary += 1;
            *tally.by_uid.entry(uid).or_default() += 1;
        } else {
            tally.reserved += 1;
        }
        self.app.open.set(self.app.open.get() + 1);
        Some(ConnectionSlot { server: Rc::clone(self), socket, uid, reserved: !fits })
    }
}

/// The connections that wait to be accepted. The kernel is asked, since the runtime may not have
/// seen yet that somebody connected.
fn backlog(listener: UnixListener) -> impl Iterator<Item = UnixStream> {
    let listener = listener.into_std();
    let accept = move || Some(listener.as_ref().ok()?.accept().ok()?.0);
    iter::from_fn(accept).filter_map(|stream| {
        stream.set_nonblocking(true).ok()?;
        UnixStream::from_std(stream).ok()
    })
}

fn busy() -> ErrorBody {
    ErrorBody::new(ErrorCode::Busy, "there are too many connections; try again")
        .retry_after(RETRY_AFTER_S)
}

/// One line, as far as the socket accepts it without blocking: a new one accepts it all.
fn refuse(stream: &UnixStream, error: &ErrorBody) {
    let mut line = encode(&Id::Null, &Err(error.clone()));
    line.push(b'\n');
    // The client may be gone already.
    let _ = stream.try_write(&line);
}

#[cfg(test)]
mod tests {
    use std::os::unix::net;

    use super::*;

    #[tokio::test]
    async fn connections_made_before_a_listener_is_retired_are_accepted() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let _clients = [net::UnixStream::connect(&path), net::UnixStream::connect(&path)];
        // Nothing was awaited: the runtime does not know yet.
        assert_eq!(backlog(listener).count(), 2);
        assert!(net::UnixStream::connect(&path).is_err(), "it is closed");
    }
}
