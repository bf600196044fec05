//! Connections to the daemon: kept, few, and renewed after a restart of the daemon.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use photoprism_protocol::error::ErrorCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::CallError;
use crate::clock::Deadline;
use crate::connection::{Line, is_open, open, read_line, read_reply, send};
use crate::decode;
use crate::error::CliError;

/// Connections that passwords leave to everything else: the check of a token takes microseconds,
/// and does not wait until hundreds of wrong passwords are refused.
const NOT_FOR_PASSWORDS: usize = 2;

/// How long the daemon is waited for after it answered, or after a kept connection was lost: it
/// starts again.
const RESTART: Duration = Duration::from_secs(3);

/// How long to wait between two attempts to connect meanwhile.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a daemon that stops may take to hang up after it said `unavailable`.
const HANG_UP: Duration = Duration::from_millis(100);

/// What a connection is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A check of memory.
    Quick,
    /// A check of a password, which takes its time.
    Password,
    /// Whether the daemon answers now: no restart is waited for.
    Probe,
}

/// How an exchange failed.
enum Failure {
    /// The daemon hung up before it answered: it can be asked again.
    Lost,
    Final(CallError),
}

#[derive(Debug)]
pub(super) struct Pool {
    socket: PathBuf,
    most: usize,
    state: Mutex<State>,
    /// A connection is free.
    freed: Condvar,
    /// One is free that a password may have.
    freed_for_passwords: Condvar,
    ids: AtomicI64,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<UnixStream>,
    taken: usize,
    with_passwords: usize,
    /// The daemon is waited for until then.
    restart: Option<Deadline>,
}

/// The right to one connection, an idle one where there is one.
struct Permit<'a> {
    pool: &'a Pool,
    purpose: Purpose,
    stream: Option<UnixStream>,
}

impl Pool {
    /// Connects when it is asked for the first time. `most`: connections, at least 3.
    pub(super) fn new(socket: PathBuf, most: usize) -> Self {
        Self {
            socket,
            most,
            state: Mutex::default(),
            freed: Condvar::new(),
            freed_for_passwords: Condvar::new(),
            ids: AtomicI64::new(1),
        }
    }

    /// A number for a request.
    pub(super) fn next_id(&self) -> i64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends the request with that number and returns the `result` of its reply.
    pub(super) fn exchange(
        &self,
        id: i64,
        line: &Line,
        purpose: Purpose,
        deadline: Deadline,
    ) -> Result<Box<RawValue>, CallError> {
        let mut permit = self.take(purpose, deadline)?;
        loop {
            let kept = permit.stream.take();
            let was_kept = kept.is_some();
            let open = kept.filter(is_open);
            if was_kept && open.is_none() {
                self.note_loss();
            }
            let found = match open {
                Some(stream) => Some(stream),
                None => self.connect(purpose, deadline)?,
            };
            let Some(mut stream) = found else { continue };
            match ask(&mut stream, id, line, deadline) {
                Ok(reply) => {
                    permit.stream = Some(stream);
                    return reply;
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Lost) => {
                    // One that hangs up at each request is not one that starts again.
                    if was_kept {
                        self.note_loss();
                    }
                    if purpose == Purpose::Probe || !self.awaits_restart() {
                        return Err(CallError::NoAnswer("it closed the connection".into()));
                    }
                    pause(deadline)?;
                }
            }
        }
    }

    /// A kept connection was lost: others that were closed with it are let go.
    fn note_loss(&self) {
        let mut state = self.lock();
        state.idle.retain(is_open);
        state.restart = Some(Deadline::after(RESTART));
    }

    fn awaits_restart(&self) -> bool {
        self.lock().restart.is_some_and(|until| until.remaining().is_some())
    }

    /// A new connection; `None`: try again.
    fn connect(
        &self,
        purpose: Purpose,
        deadline: Deadline,
    ) -> Result<Option<UnixStream>, CallError> {
        match open(&self.socket, deadline) {
            Ok(stream) => Ok(Some(stream)),
            Err(Errno::EAGAIN) => Err(timed_out()),
            Err(error) => {
                let is_restart = matches!(error, Errno::ENOENT | Errno::ECONNREFUSED);
                if is_restart && purpose != Purpose::Probe && self.awaits_restart() {
                    return pause(deadline).map(|()| None);
                }
                let path = self.socket.display();
                Err(CallError::NoAnswer(format!("cannot connect to {path}: {}", error.desc())))
            }
        }
    }

    fn take(&self, purpose: Purpose, deadline: Deadline) -> Result<Permit<'_>, CallError> {
        let is_password = purpose == Purpose::Password;
        let freed = if is_password { &self.freed_for_passwords } else { &self.freed };
        let mut state = self.lock();
        while state.taken >= self.most
            || is_password && state.with_passwords >= self.for_passwords()
        {
            let wait = deadline.remaining().ok_or_else(timed_out)?;
            let woken = freed.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.taken += 1;
        state.with_passwords += usize::from(is_password);
        let stream = state.idle.pop();
        drop(state);
        Ok(Permit { pool: self, purpose, stream })
    }

    const fn for_passwords(&self) -> usize {
        self.most - NOT_FOR_PASSWORDS
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.taken -= 1;
        state.with_passwords -= usize::from(self.purpose == Purpose::Password);
        if let Some(stream) = self.stream.take() {
            // It answered.
            state.restart = Some(Deadline::after(RESTART));
            state.idle.push(stream);
        }
        drop(state);
        self.pool.freed.notify_one();
        self.pool.freed_for_passwords.notify_one();
    }
}

pub(super) fn timed_out() -> CallError {
    CallError::NoAnswer("it did not answer in time".into())
}

/// Waits a little, not longer than the deadline.
fn pause(deadline: Deadline) -> Result<(), CallError> {
    let _ = poll(&mut [], PollTimeout::try_from(PAUSE).unwrap_or(PollTimeout::ZERO));
    deadline.remaining().map(drop).ok_or_else(timed_out)
}

/// One request and its reply; the inner result is the daemon's answer.
fn ask(
    stream: &mut UnixStream,
    id: i64,
    line: &Line,
    deadline: Deadline,
) -> Result<Result<Box<RawValue>, CallError>, Failure> {
    let wait = |fd: BorrowedFd<'_>| await_readable(fd, deadline);
    let reply = send(stream, line.bytes(), deadline).and_then(|()| read_line(stream, &wait));
    let line = reply.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Failure::Lost,
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Final(timed_out()),
        _ => Failure::Final(CallError::NoAnswer(error.to_string())),
    })?;
    let invalid = |error: CliError| Failure::Final(CallError::NoAnswer(error.message()));
    let reply = read_reply(&line).map_err(invalid)?;
    if !is_reply_to(id, &line, reply.is_err()) {
        let why = "its reply is that to another request";
        return Err(Failure::Final(CallError::NoAnswer(why.into())));
    }
    match reply {
        Ok(answer) => Ok(Ok(answer.result)),
        Err(CliError::Refused(error)) => {
            let stops = error.code == ErrorCode::Unavailable.name();
            if stops && await_readable(stream.as_fd(), Deadline::after(HANG_UP)).is_ok() {
                return Err(Failure::Lost);
            }
            Ok(Err(CallError::Refused(error)))
        }
        Err(other) => Err(invalid(other)),
    }
}

/// What is refused before its number is read, as too many connections are, has none.
fn is_reply_to(id: i64, line: &[u8], is_refusal: bool) -> bool {
    #[derive(Deserialize)]
    struct Echo {
        id: Option<i64>,
    }
    let text = str::from_utf8(line).unwrap_or_default();
    decode::result::<Echo>(text).is_ok_and(|echo| echo.id.map_or(is_refusal, |it| it == id))
}

/// Waits until there is something to read.
fn await_readable(fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<()> {
    loop {
        let rest = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
        let timeout = PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], timeout) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
