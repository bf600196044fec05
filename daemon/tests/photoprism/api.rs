//! A small server that answers as PhotoPrism's API does, on the rows of the database.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::spawn;

use photoprism_daemon::clock::Clock;

use crate::common::TIMEOUT;
use crate::common::database::Database;
use crate::common::test_daemon::TestDaemon;
use crate::ghost::id_of;
use crate::setup::{fixture, photoprism};

/// How it answers requests to delete sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As PhotoPrism does.
    Works,
    /// With this status, and nothing is done.
    Status(u16),
    /// 200 with the right id, and nothing is done.
    Pretends,
    /// As in public mode: 200 with another id, and nothing is done.
    Public,
    /// Not at all.
    Hangs,
    /// It deletes, and hangs up without an answer.
    HangsUp,
}

/// The server; its thread ends with the test.
pub(crate) struct Api {
    listener: Option<TcpListener>,
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    mode: Mutex<Mode>,
    /// The requests, without their tokens.
    seen: Mutex<Vec<String>>,
    more: Condvar,
}

impl Api {
    /// Binds an address.
    pub(crate) fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mode = Mutex::new(Mode::Works);
        let state = Arc::new(State { mode, seen: Mutex::default(), more: Condvar::new() });
        Self { listener: Some(listener), url, state }
    }

    /// Answers from now on.
    pub(crate) fn serve(&mut self, home: &TestDaemon) {
        let (listener, state) = (self.listener.take().unwrap(), Arc::clone(&self.state));
        let connections: Vec<Database> = (0..8).map(|_| photoprism(home)).collect();
        spawn(move || {
            let mut connections = connections.into_iter();
            for stream in listener.incoming() {
                let (state, conn) = (Arc::clone(&state), connections.next());
                let conn = conn.expect("no more than eight connections are needed");
                spawn(move || state.converse(stream.unwrap(), &conn));
            }
        });
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Waits until there were so many requests that begin with this.
    pub(crate) fn wait_for(&self, begin: &str, count: usize) {
        let seen = self.state.seen.lock().unwrap();
        let few = |seen: &mut Vec<String>| {
            seen.iter().filter(|request| request.starts_with(begin)).count() < count
        };
        let (seen, waited) = self.state.more.wait_timeout_while(seen, TIMEOUT, few).unwrap();
        assert!(!waited.timed_out(), "{begin} came less than {count} times: {seen:?}");
    }
}

impl State {
    fn converse(&self, stream: TcpStream, conn: &Database) {
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        loop {
            let (mut request, mut token, mut line) = (String::new(), String::new(), String::new());
            while lines.read_line(&mut line).is_ok_and(|count| count > 0) && line != "\r\n" {
                if request.is_empty() {
                    line.trim_end().trim_end_matches(" HTTP/1.1").clone_into(&mut request);
                } else if let Some(value) = line.strip_prefix("X-Auth-Token: ") {
                    value.trim_end().clone_into(&mut token);
                }
                line.clear();
            }
            if request.is_empty() {
                return;
            }
            let mode = *self.mode.lock().unwrap();
            let answer = answer(conn, &request, &token, mode);
            self.seen.lock().unwrap().push(request.clone());
            self.more.notify_all();
            let Some((status, body)) = answer else {
                if mode == Mode::Hangs {
                    // Until the other side gives up.
                    let _ = lines.read_line(&mut line);
                }
                return;
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\n\r\n");
            if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn deleted(id: &str) -> String {
    format!(r#"{{"session_id":"{id}","status":"deleted"}}"#)
}

fn answer(conn: &Database, request: &str, token: &str, mode: Mode) -> Option<(u16, String)> {
    if request == "GET /api/v1/status" {
        return Some((200, r#"{"status":"operational"}"#.into()));
    }
    let own = id_of(token);
    let live = "SELECT count(*) FROM auth_sessions WHERE id = ?1 AND sess_expires > ?2
         AND auth_provider = 'application' AND auth_scope = 'sessions'";
    let now = Clock::System.unix().to_string();
    let known: i64 = conn.query_row(live, [&*own, &*now], |row| row.get(0)).unwrap();
    if known == 0 {
        return Some((401, r#"{"code":401,"error":"Please log in to your account"}"#.into()));
    }
    if request == "GET /api/v1/session" {
        return Some((200, format!(r#"{{"id":"{own}"}}"#)));
    }
    if request == "DELETE /api/v1/session" {
        conn.execute("DELETE FROM auth_sessions WHERE id = ?1", [&*own]).unwrap();
        return Some((200, deleted(&own)));
    }
    let ref_id = request.strip_prefix("DELETE /api/v1/sessions/").unwrap();
    let find = "SELECT ifnull(max(id), '') FROM auth_sessions WHERE ref_id = ?1";
    let id: String = conn.query_row(find, [ref_id], |row| row.get(0)).unwrap();
    match mode {
        Mode::Status(status) => return Some((status, String::new())),
        Mode::Pretends => return Some((200, deleted(&id))),
        Mode::Public => return Some((200, deleted(&id_of("public")))),
        Mode::Hangs => return None,
        Mode::Works | Mode::HangsUp => {}
    }
    if id.is_empty() {
        return Some((404, r#"{"code":404,"error":"Not found"}"#.into()));
    }
    let delete = "DELETE FROM auth_sessions WHERE id = ?1 OR auth_id = ?2";
    conn.execute(delete, [&*id, &*id]).unwrap();
    (mode == Mode::Works).then(|| (200, deleted(&id)))
}

/// A daemon on a copy of the fixture where everything was used just now, and the API that it knows.
pub(crate) fn notifying() -> (TestDaemon, Api) {
    let mut api = Api::bind();
    let url = api.url.clone();
    let mut home =
        TestDaemon::new().with_database(fixture()).args(["--photoprism-url", url.as_str()]);
    let conn = home.open_database();
    let recent = "UPDATE auth_sessions SET last_active = ?1";
    conn.execute(recent, [Clock::System.unix().to_string()]).unwrap();
    drop(conn);
    home.start();
    api.serve(&home);
    (home, api)
}
