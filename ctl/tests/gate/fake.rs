//! A daemon that answers as a test wants it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

/// What it does with a request: writes to the stream; false: it hangs up.
type Answer = dyn Fn(&Value, &mut UnixStream) -> bool + Send + Sync;

pub(crate) struct Fake {
    directory: TempDir,
    pub seen: Arc<Mutex<Vec<Value>>>,
    /// Connections so far.
    pub connections: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn new(
        answer: impl Fn(&Value, &mut UnixStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("auth.sock")).unwrap();
        let fake = Self { directory, seen: Arc::default(), connections: Arc::default() };
        let (seen, connections) = (Arc::clone(&fake.seen), Arc::clone(&fake.connections));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        fake
    }

    /// One that writes the same bytes to each request and keeps the connection.
    pub(crate) fn writing(bytes: &'static [u8]) -> Self {
        Self::new(move |_, stream| stream.write_all(bytes).is_ok())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("auth.sock")
    }
}

fn serve(stream: UnixStream, seen: &Mutex<Vec<Value>>, answer: &Answer) {
    let mut writer = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).unwrap();
        seen.lock().unwrap().push(request.clone());
        if !answer(&request, &mut writer) {
            return;
        }
    }
}

/// A reply line to that request.
pub(crate) fn ok(request: &Value, result: &Value) -> Vec<u8> {
    format!("{}\n", json!({"id": request["id"], "ok": true, "result": result})).into_bytes()
}

pub(crate) fn refused(request: &Value, code: &str) -> Vec<u8> {
    let error = json!({"code": code, "message": "why", "retry_after_s": 7});
    format!("{}\n", json!({"id": request["id"], "ok": false, "error": error})).into_bytes()
}

/// An active token, whole.
pub(crate) fn active() -> Value {
    json!({"active": true, "scope": "webdav", "username": "bob", "sub": "u", "client_id": null,
        "client_name": null, "exp": null, "iat": null, "session": "sess", "role": "user",
        "email": null, "base_path": null})
}
