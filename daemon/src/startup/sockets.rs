//! The sockets while the daemon serves: one whose file was removed is created again.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_local};
use tracing::warn;

use super::build::Listening;
use super::error::StartupError;
use crate::peer::SocketKind;
use crate::server::Server;
use crate::socket::{Bound, SocketError};

/// The sockets on which the daemon serves. Dropped, they go with their files.
pub(super) struct OpenSockets {
    server: Rc<Server>,
    open: Vec<OpenSocket>,
}

struct OpenSocket {
    kind: SocketKind,
    path: PathBuf,
    /// `None` where systemd created it. Shared with the thread that checks the file.
    bound: Option<Arc<Mutex<Bound>>>,
    accepting: JoinHandle<()>,
    /// Why it is not reachable, logged once.
    trouble: Option<String>,
}

/// The outcome of a check of the file.
type Restored = Result<Option<std::os::unix::net::UnixListener>, SocketError>;

impl OpenSockets {
    pub(super) fn serve(
        server: &Rc<Server>,
        sockets: Vec<Listening>,
    ) -> Result<Self, StartupError> {
        let mut open = Vec::new();
        for Listening { kind, listener, path, bound } in sockets {
            let listener = UnixListener::from_std(listener).map_err(StartupError::running)?;
            let accepting = spawn_local(Rc::clone(server).accept(listener, kind));
            let bound = bound.map(|bound| Arc::new(Mutex::new(bound)));
            open.push(OpenSocket { kind, path, bound, accepting, trouble: None });
        }
        Ok(Self { server: Rc::clone(server), open })
    }

    /// Creates again what is gone. Connections that are open stay so.
    pub(super) async fn restore(&mut self) {
        for socket in &mut self.open {
            let Some(bound) = &socket.bound else { continue };
            let listener = match restored(Arc::clone(bound)).await {
                Some(Ok(listener)) => listener,
                Some(Err(error)) => {
                    socket.report(&error);
                    continue;
                }
                None => continue,
            };
            socket.trouble = None;
            let Some(listener) = listener.and_then(|one| UnixListener::from_std(one).ok()) else {
                continue;
            };
            // Nobody can reach the old one any more.
            socket.accepting.abort();
            let accept = Rc::clone(&self.server).accept(listener, socket.kind);
            socket.accepting = spawn_local(accept);
            let path = socket.path.display();
            warn!(%path, "the socket was removed by somebody else; it was created again");
        }
    }
}

impl OpenSocket {
    fn report(&mut self, error: &SocketError) {
        let trouble = Some(error.to_string());
        if self.trouble != trouble {
            let path = self.path.display();
            warn!(%path, %error, "the socket was removed by somebody else; nobody is served");
            self.trouble = trouble;
        }
    }
}

/// Checks the file on a thread of its own; `None` where there is no thread left for that.
async fn restored(bound: Arc<Mutex<Bound>>) -> Option<Restored> {
    let (reply, outcome) = oneshot::channel();
    let work = move || {
        let restored = bound.lock().unwrap_or_else(PoisonError::into_inner).restore();
        // It is dropped here, before the reply: what waits for that may drop the last one.
        drop(bound);
        let _ = reply.send(restored);
    };
    std::thread::Builder::new().name("socket".into()).spawn(work).ok()?;
    outcome.await.ok()
}
