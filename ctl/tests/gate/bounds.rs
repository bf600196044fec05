//! Connections and waiting: what many clients at once cannot use up.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;

use serde_json::json;

use crate::common::http::{exchange, is_over, read};
use crate::common::{Gate, Home, PASSWORD, basic};
use crate::fake::{Fake, active, ok};

const TOKEN: &str = "HY8fxO-8hvNqB-43UV4q-1AZ0vu";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n";

#[test]
fn more_connections_than_allowed_get_503() {
    let home = Home::with_bob();
    let gate = home.gate(&["--max-connections", "4"]);
    let mut open: Vec<_> = (0..4).map(|_| gate.connect()).collect();
    for stream in &mut open {
        assert_eq!(exchange(stream, REQUEST).status, 401);
    }
    for _ in 0..20 {
        let mut stream = gate.connect();
        // Before anything was read, and though more is sent than is ever read.
        let response = exchange(&mut stream, &REQUEST.repeat(100));
        assert_eq!((response.status, response.closes()), (503, true));
        assert!(is_over(&mut stream));
    }
    gate.running.wait_for_log("4 connections are open");
    drop(open.pop());
    // It is free once the gate has seen the end.
    while gate.basic("/", "bob", PASSWORD).status == 503 {}
    assert_eq!(exchange(&mut open[0], REQUEST).status, 401);
}

#[test]
fn two_hundred_and_fifty_six_connections_are_answered() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let token = home.token(Some("bob"), "webdav");
    let request = format!("GET / HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut open: Vec<_> = (0..256).map(|_| gate.connect()).collect();
    for _ in 0..3 {
        for stream in &mut open {
            stream.write_all(request.as_bytes()).unwrap();
        }
        for stream in &mut open {
            assert_eq!(read(stream).status, 204);
        }
    }
    assert_eq!(gate.bearer("/", &token).status, 503);
    let status = format!("/proc/{}/status", gate.running.pid());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 64 * 1024, "{kib} KiB");
}

/// Something that many wait for.
#[derive(Default)]
struct Door {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Door {
    fn pass(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// A daemon that holds passwords up until a door is open.
fn holding(door: &Arc<Door>) -> Fake {
    let door = Arc::clone(door);
    Fake::new(move |request, stream| {
        let is_login = request["cmd"] == "auth.login";
        if is_login {
            door.pass();
        }
        let result = if is_login { json!({"not": "a login"}) } else { active() };
        stream.write_all(&ok(request, &result)).is_ok()
    })
}

#[test]
fn eight_connections_to_the_daemon_are_enough_and_passwords_leave_two_of_them() {
    let door = Arc::new(Door::default());
    let fake = holding(&door);
    let gate = Gate::start(&fake.socket(), &[]);
    let waiting: Vec<_> = (0..40).map(|number| send_password(&gate, number)).collect();
    while fake.seen.lock().unwrap().len() < 6 {}
    // Tokens are answered while every connection that passwords may have is taken.
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = gate.connect();
            let line = format!("Authorization: Bearer {TOKEN}");
            thread::spawn(move || {
                let text = format!("GET / HTTP/1.1\r\nHost: gate\r\n{line}\r\n\r\n");
                for _ in 0..20 {
                    assert_eq!(exchange(&mut stream, text.as_bytes()).status, 204);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let logins = || fake.seen.lock().unwrap().iter().filter(|it| it["cmd"] == "auth.login").count();
    assert_eq!(logins(), 6);
    door.open();
    for mut stream in waiting {
        assert_eq!(read(&mut stream).status, 503);
    }
    assert_eq!(logins(), 40);
    assert!(fake.connections.load(Ordering::SeqCst) <= 8 + 40, "invalid replies end connections");
}

/// Asks about a password for the client with that number, and does not wait for the response.
fn send_password(gate: &Gate, client: u32) -> TcpStream {
    let mut stream = gate.connect();
    let header = basic("bob", "mysecret");
    let forwarded = format!("X-Forwarded-For: 192.0.2.{client}");
    write!(stream, "GET / HTTP/1.1\r\nHost: gate\r\n{header}\r\n{forwarded}\r\n\r\n").unwrap();
    stream
}

#[test]
fn one_client_leaves_connections_and_turns_to_others() {
    let door = Arc::new(Door::default());
    let fake = holding(&door);
    let gate = Gate::start(&fake.socket(), &[]);
    let logins = || fake.seen.lock().unwrap().len();
    let mut waiting: Vec<_> = (0..70).map(|_| send_password(&gate, 1)).collect();
    for stream in &waiting {
        stream.set_nonblocking(true).unwrap();
    }
    // Those that are too many are refused at once, whichever of them came last.
    while waiting.len() > 64 {
        let Some(at) = waiting.iter().position(|stream| stream.peek(&mut [0]).is_ok()) else {
            thread::yield_now();
            continue;
        };
        let mut stream = waiting.swap_remove(at);
        stream.set_nonblocking(false).unwrap();
        let crowded = read(&mut stream);
        assert_eq!((crowded.status, crowded.header("Retry-After")), (429, Some("1")));
    }
    while logins() < 3 {}
    let other = send_password(&gate, 2);
    while logins() < 4 {}
    assert_eq!(logins(), 4);
    door.open();
    for mut stream in waiting.into_iter().chain([other]) {
        stream.set_nonblocking(false).unwrap();
        assert_eq!(read(&mut stream).status, 503);
    }
}

#[test]
fn connections_to_the_daemon_stay_few_under_load() {
    let fake = Fake::new(|request, stream| stream.write_all(&ok(request, &active())).is_ok());
    let gate = Gate::start(&fake.socket(), &[]);
    let (start, done) = (Barrier::new(64), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..10 {
                    assert_eq!(gate.bearer("/", TOKEN).status, 204);
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(done.load(Ordering::SeqCst), 640);
    assert!(fake.connections.load(Ordering::SeqCst) <= 8);
}
