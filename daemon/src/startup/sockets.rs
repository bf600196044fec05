//! The sockets while the daemon serves: one whose file was removed is created again, or reported
//! where systemd created it.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tracing::{info, warn};

use super::build::{Listening, SocketFile};
use super::error::StartupError;
use crate::peer::SocketKind;
use crate::server::Server;
use crate::socket::systemd::PassedFile;
use crate::socket::{Bound, SocketError};

/// The sockets on which the daemon serves. Dropped, they go with their files.
pub(super) struct OpenSockets {
    server: Rc<Server>,
    open: Vec<OpenSocket>,
}

struct OpenSocket {
    kind: SocketKind,
    path: PathBuf,
    file: File,
    /// Dropped, it retires the listener.
    accepting: oneshot::Sender<()>,
    /// Why it is not reachable, logged once.
    trouble: Option<String>,
}

/// Who created the file; shared with the thread that checks it.
enum File {
    Own(Arc<Mutex<Bound>>),
    Passed(PassedFile),
}

/// The outcome of a check of the file.
type Restored = Result<Option<std::os::unix::net::UnixListener>, SocketError>;

impl OpenSockets {
    pub(super) fn serve(
        server: &Rc<Server>,
        sockets: Vec<Listening>,
    ) -> Result<Self, StartupError> {
        let mut open = Vec::new();
        for Listening { kind, listener, path, file } in sockets {
            let listener = UnixListener::from_std(listener).map_err(StartupError::running)?;
            let accepting = accept(server, listener, kind);
            let file = match file {
                SocketFile::Own(bound) => File::Own(Arc::new(Mutex::new(bound))),
                SocketFile::Passed(file) => File::Passed(file),
            };
            open.push(OpenSocket { kind, path, file, accepting, trouble: None });
        }
        Ok(Self { server: Rc::clone(server), open })
    }

    /// Creates again what is gone. Connections that are open stay so.
    pub(super) async fn restore(&mut self) {
        for socket in &mut self.open {
            let bound = match &socket.file {
                File::Own(bound) => Arc::clone(bound),
                File::Passed(file) => {
                    let file = file.clone();
                    let is_there = on_a_thread(move || file.is_in_place()).await;
                    socket.report_passed(is_there.unwrap_or(true));
                    continue;
                }
            };
            let listener = match restored(bound).await {
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
            // Nobody can reach the old one any more; those that had connected are served.
            socket.accepting = accept(&self.server, listener, socket.kind);
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

    /// Only systemd can create the file again, and does so when its unit is started anew.
    fn report_passed(&mut self, is_there: bool) {
        let path = self.path.display();
        match (is_there, self.trouble.is_some()) {
            (false, false) => warn!(
                %path,
                "the socket that systemd created was removed or replaced; nobody can connect: restart \
                 its unit, as with: systemctl restart photoprismd.socket"
            ),
            (true, true) => info!(%path, "the socket that systemd created is there again"),
            _ => {}
        }
        self.trouble = (!is_there).then(String::new);
    }
}

/// Accepts on `listener` until what is returned is dropped.
fn accept(server: &Rc<Server>, listener: UnixListener, kind: SocketKind) -> oneshot::Sender<()> {
    let (accepting, retired) = oneshot::channel();
    spawn_local(Rc::clone(server).accept(listener, kind, retired));
    accepting
}

/// Checks the file on a thread of its own; `None` where there is no thread left for that.
async fn restored(bound: Arc<Mutex<Bound>>) -> Option<Restored> {
    let work = move || {
        let restored = bound.lock().unwrap_or_else(PoisonError::into_inner).restore();
        // It is dropped here, before the reply: what waits for that may drop the last one.
        drop(bound);
        restored
    };
    on_a_thread(work).await
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (reply, outcome) = oneshot::channel();
    let work = move || {
        let _ = reply.send(work());
    };
    std::thread::Builder::new().name("socket".into()).spawn(work).ok()?;
    outcome.await.ok()
}
