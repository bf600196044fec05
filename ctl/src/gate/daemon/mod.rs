//! The daemon, as far as the gate asks it.

mod pool;
mod turns;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use photoprism_protocol::auth::{Active, AuthLogin, AuthVerify, Login, LoginResult, Verify};
use photoprism_protocol::command::Command;
use photoprism_protocol::error::ReplyError;
use photoprism_protocol::status::{NoArgs, Ping, Pong};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::pool::{Pool, Purpose, timed_out};
use self::turns::{NoTurn, Turns};
use crate::clock::Deadline;
use crate::connection::Line;
use crate::decode;

/// How long one request may take, everything included: a password waits for its turn.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(35);

/// Most connections to the daemon.
pub(crate) const MOST_CONNECTIONS: usize = 8;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// The daemon refused.
    Refused(ReplyError),
    /// It was not asked: too many passwords of this client are checked already.
    Crowded,
    /// It could not be asked, or its reply is invalid: why, without any secret.
    NoAnswer(String),
}

impl CallError {
    /// For the log.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Refused(error) => format!("{}: {}", error.code, error.message),
            Self::Crowded => "too many passwords of one client are checked".into(),
            Self::NoAnswer(why) => why,
        }
    }
}

/// An active token, and the result as the daemon wrote it.
#[derive(Debug)]
pub(crate) struct Verified {
    pub active: Active,
    pub raw: Box<RawValue>,
}

#[derive(Debug)]
pub(crate) struct Daemon {
    pool: Pool,
    /// Of passwords.
    turns: Turns,
}

impl Daemon {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { pool: Pool::new(socket, MOST_CONNECTIONS), turns: Turns::default() }
    }

    /// `auth.verify`; `None`: not active for what was asked.
    pub(crate) fn verify(
        &self,
        args: &Verify,
        deadline: Deadline,
    ) -> Result<Option<Verified>, CallError> {
        #[derive(Deserialize)]
        struct Activity {
            active: bool,
        }
        let raw = self.call::<AuthVerify>(args, Purpose::Quick, deadline)?;
        // In two steps: an object that lacks a key must not be taken for another kind of answer.
        if decoded::<Activity>(&raw)?.active {
            let active = decoded(&raw)?;
            Ok(Some(Verified { active, raw }))
        } else {
            Ok(None)
        }
    }

    /// `auth.login`, for the client at that address.
    pub(crate) fn login(
        &self,
        args: &Login,
        client: IpAddr,
        deadline: Deadline,
    ) -> Result<LoginResult, CallError> {
        let _turn = self.turns.take(client, deadline).map_err(|none| match none {
            NoTurn::Crowded => CallError::Crowded,
            NoTurn::TimedOut => timed_out(),
        })?;
        decoded(&self.call::<AuthLogin>(args, Purpose::Password, deadline)?)
    }

    /// `ping`.
    pub(crate) fn ping(&self, deadline: Deadline) -> Result<(), CallError> {
        let raw = self.call::<Ping>(&NoArgs {}, Purpose::Probe, deadline)?;
        let pong: Pong = decoded(&raw)?;
        pong.pong
            .then_some(())
            .ok_or_else(|| CallError::NoAnswer("it did not answer a ping".into()))
    }

    fn call<C: Command>(
        &self,
        args: &C::Args,
        purpose: Purpose,
        deadline: Deadline,
    ) -> Result<Box<RawValue>, CallError> {
        let id = self.pool.next_id();
        let line = Line::new(&Numbered { id, cmd: C::NAME.name(), args }).map_err(invalid)?;
        self.pool.exchange(id, &line, purpose, deadline)
    }
}

/// A request with a number, so that no other reply is taken for its own.
#[derive(Serialize)]
struct Numbered<'a, A: Serialize> {
    id: i64,
    cmd: &'static str,
    args: &'a A,
}

fn decoded<T: DeserializeOwned>(raw: &RawValue) -> Result<T, CallError> {
    decode::result(raw.get()).map_err(invalid)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn invalid(error: crate::error::CliError) -> CallError {
    CallError::NoAnswer(error.message())
}
