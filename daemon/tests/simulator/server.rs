//! Its address, and a thread for each connection.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use super::api;
use super::http::{Answer, Request};
use super::misbehavior::{Misbehavior, Plan, send};
use super::photoprism::PhotoPrism;
use super::requests::{Moment, Requests};
use super::rows::{find, text};
use crate::common::TIMEOUT;

/// Where to serve.
pub(super) enum Address {
    /// Any port of the loopback address.
    Loopback,
    Socket(PathBuf),
}

/// A connection of either kind.
trait Stream: Read + Write + Send {
    fn another(&self) -> io::Result<Box<dyn Stream>>;
    fn close(&self);
}

macro_rules! streams {
    ($($kind:ty)*) => {$(
        impl Stream for $kind {
            fn another(&self) -> io::Result<Box<dyn Stream>> {
                Ok(Box::new(self.try_clone()?))
            }

            fn close(&self) {
                let _ = self.shutdown(Shutdown::Both);
            }
        }
    )*};
}

streams!(TcpStream UnixStream);

/// What the connections share.
struct Shared {
    photoprism: Mutex<PhotoPrism>,
    how: Mutex<Option<Misbehavior>>,
    requests: Requests,
    connections: AtomicUsize,
    open: Mutex<Vec<Box<dyn Stream>>>,
    ended: AtomicBool,
}

pub(super) struct Server {
    address: Bound,
    shared: Arc<Shared>,
}

#[derive(Clone)]
enum Bound {
    Port(u16),
    Socket(PathBuf),
}

impl Bound {
    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Port(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port))?;
                stream.set_read_timeout(Some(TIMEOUT))?;
                Box::new(stream)
            }
            Self::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(TIMEOUT))?;
                Box::new(stream)
            }
        })
    }
}

impl Server {
    pub(super) fn start(address: Address, photoprism: PhotoPrism) -> Self {
        let shared = Arc::new(Shared {
            photoprism: Mutex::new(photoprism),
            how: Mutex::default(),
            requests: Requests::default(),
            connections: AtomicUsize::new(0),
            open: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let address = match address {
            Address::Loopback => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = listener.local_addr().unwrap().port();
                let accept = move || Ok::<Box<dyn Stream>, _>(Box::new(listener.accept()?.0));
                serve(Arc::clone(&shared), accept);
                Bound::Port(port)
            }
            Address::Socket(path) => {
                let listener = UnixListener::bind(&path).unwrap();
                let accept = move || Ok::<Box<dyn Stream>, _>(Box::new(listener.accept()?.0));
                serve(Arc::clone(&shared), accept);
                Bound::Socket(path)
            }
        };
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        match &self.address {
            Bound::Port(port) => format!("http://127.0.0.1:{port}"),
            Bound::Socket(path) => format!("unix:{}", path.display()),
        }
    }

    pub(super) fn photoprism(&self) -> MutexGuard<'_, PhotoPrism> {
        self.shared.photoprism.lock().unwrap()
    }

    pub(super) fn misbehave(&self, how: Option<Misbehavior>) {
        *self.shared.how.lock().unwrap() = how;
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.shared.requests
    }

    pub(super) fn connections(&self) -> &AtomicUsize {
        &self.shared.connections
    }

    pub(super) fn send_bytes(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.address.connect().unwrap();
        stream.write_all(request).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    }

    pub(super) fn send(&self, request: &Request) -> Answer {
        let mut request = request.clone();
        request.headers.push(("connection".into(), "close".into()));
        let bytes = self.send_bytes(&request.bytes());
        let text = String::from_utf8_lossy(&bytes);
        Answer::parse(&bytes).unwrap_or_else(|| panic!("this is not an answer: {text}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.requests.let_go();
        for stream in self.shared.open.lock().unwrap().drain(..) {
            stream.close();
        }
        // What is being carried out is over before the database goes.
        drop(self.shared.photoprism.lock());
        // The thread that accepts sees then that it is over.
        let _ = self.address.connect();
    }
}

fn serve(shared: Arc<Shared>, accept: impl Fn() -> io::Result<Box<dyn Stream>> + Send + 'static) {
    thread::spawn(move || {
        while let Ok(stream) = accept() {
            if shared.ended.load(Ordering::SeqCst) {
                return;
            }
            shared.connections.fetch_add(1, Ordering::SeqCst);
            shared.open.lock().unwrap().push(stream.another().unwrap());
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                // The other side may be gone at any time.
                let _ = converse(&shared, &*stream);
                stream.close();
            });
        }
    });
}

fn converse(shared: &Shared, stream: &dyn Stream) -> io::Result<()> {
    let (mut from, mut to) = (BufReader::new(stream.another()?), stream.another()?);
    while let Some(request) = Request::read(&mut from)? {
        let number = shared.requests.came(&request);
        shared.requests.pass(number, Moment::Before);
        let goes_on = one(shared, &request, number, &mut to);
        shared.requests.over();
        if !goes_on? || request.header("connection") == Some("close") {
            return Ok(());
        }
    }
    Ok(())
}

/// Carries a request out as it is planned; false where the connection ends.
fn one(
    shared: &Shared,
    request: &Request,
    number: usize,
    to: &mut Box<dyn Stream>,
) -> io::Result<bool> {
    let how = *shared.how.lock().unwrap();
    let plan = how.map_or(Plan::Answered(None), |how| how.plan(request, subject(shared, request)));
    match plan {
        Plan::Answered(how) => {
            let mut photoprism = shared.photoprism.lock().unwrap();
            if shared.ended.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let answer = api::answer(&mut photoprism, request);
            drop(photoprism);
            shared.requests.pass(number, Moment::After);
            shared.requests.answered(number, answer.status);
            send(&answer, how, to)
        }
        Plan::Instead(answer) => {
            shared.requests.answered(number, answer.status);
            send(&answer, None, to)
        }
        Plan::Bytes { first, endless } => {
            to.write_all(&first)?;
            while let Some(more) = endless {
                to.write_all(more)?;
            }
            Ok(false)
        }
        Plan::Silence { open } => {
            // Until the other side, or the end of the test, closes it.
            let mut rest = Vec::new();
            if open {
                to.read_to_end(&mut rest)?;
            }
            Ok(false)
        }
    }
}

/// The id of the session that a request is about, by its row.
fn subject(shared: &Shared, request: &Request) -> Option<String> {
    let ref_id = request.path.strip_prefix("/api/v1/sessions/")?;
    let photoprism = shared.photoprism.lock().unwrap();
    let row = find(&photoprism.conn, "auth_sessions", "ref_id", ref_id)?;
    Some(text(&row, "id").to_owned())
}
