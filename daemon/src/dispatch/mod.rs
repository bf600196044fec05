//! From a line to its reply: access, then the one match over all commands.

mod app;
mod audit;
mod auth;
mod backup;
mod blocking;
mod call;
mod command;
mod doctor;
mod import;
mod import_sessions;
mod import_text;
mod login;
mod metrics;
mod refusals;
mod reset;
mod status;
mod users;

pub(crate) use self::app::{App, Paths, RequestIds, sink};
pub(crate) use self::audit::verify_trail;
pub(crate) use self::import_sessions::ImportSessions;
pub(crate) use self::refusals::RefusalBuffer;
pub(crate) use self::status::current_status;

use std::os::fd::BorrowedFd;

use futures_util::FutureExt;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::{Id, Request, Success, decode, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::level::Level;
use tracing::{debug, error, info};

use self::call::Call;
use crate::clock::Stopwatch;
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::peer::Caller;

/// Who asks: the peer, and its connection if a hang-up is to be noticed.
pub(crate) type Asker<'a> = (&'a Caller, Option<BorrowedFd<'a>>);

/// The reply line to `line`, both without their newlines.
pub(crate) async fn handle_line(app: &App, asker: Asker<'_>, line: &[u8]) -> Vec<u8> {
    let watch = Stopwatch::start();
    match decode(line) {
        Ok(request) => execute(app, asker, &request, watch).await,
        Err(refusal) => {
            app.metrics.rejected(refusal.error.code);
            encode(&refusal.id, &Err(refusal.error))
        }
    }
}

async fn execute(
    app: &App,
    (caller, stream): Asker<'_>,
    request: &Request<'_>,
    watch: Stopwatch,
) -> Vec<u8> {
    loop {
        let permit = match caller.permit(request.command, &app.policy.borrow()) {
            Ok(permit) => permit,
            Err(refused) => {
                let (command, uid) = (request.command.name(), caller.uid());
                info!(target: REPEATED, command, uid, "forbidden");
                app.metrics.command(request.command, Some(ErrorCode::Forbidden));
                let error = ErrorBody::new(ErrorCode::Forbidden, refused.to_string());
                return encode(&request.id, &Err(error));
            }
        };
        let call = Call::new(app, permit, request, watch).by(stream);
        match command::dispatch(&call).await {
            Err(CommandError::KeyTaken) => {}
            outcome => return finish(app, &call, &request.id, outcome),
        }
    }
}

/// How a line is to be handled, by its command.
#[derive(Debug)]
pub(crate) enum Route {
    /// It was answered at once: this is its reply.
    Immediate(Vec<u8>),
    /// It changes nothing and has a short reply, so that it may run together with others of its
    /// kind. A line that follows a write must see what was written.
    Batchable,
    /// It runs by itself.
    Exclusive,
}

/// Reads a line's command, and answers it if what the daemon has in memory is enough.
pub(crate) fn route(app: &App, caller: &Caller, line: &[u8]) -> Route {
    let watch = Stopwatch::start();
    let Ok(request) = decode(line) else { return Route::Exclusive };
    let own = |command| matches!(command, CommandName::AuthVerify) && app.own;
    let at_once = matches!(request.command, CommandName::Ping) || own(request.command);
    if at_once && let Some(reply) = execute(app, (caller, None), &request, watch).now_or_never() {
        return Route::Immediate(reply);
    }
    if can_be_batched(request.command) { Route::Batchable } else { Route::Exclusive }
}

/// Whether the line is one of [`Route::Batchable`].
pub(crate) fn is_batchable(line: &[u8]) -> bool {
    decode(line).is_ok_and(|request| can_be_batched(request.command))
}

const fn can_be_batched(command: CommandName) -> bool {
    matches!(
        command,
        CommandName::Ping
            | CommandName::UsersShow
            | CommandName::AuthShow
            | CommandName::AuthVerify
    )
}

fn finish(app: &App, call: &Call<'_>, id: &Id, outcome: Result<Success, CommandError>) -> Vec<u8> {
    let outcome = outcome.map_err(|failure| {
        let request = app.requests.next();
        let (command, uid) = (call.command(), call.uid());
        if failure.is_fault() {
            let cause = failure.to_string();
            error!(target: REPEATED, %request, command, uid, cause, "a command failed");
        }
        let error = failure.into_body(&request);
        let code = error.code.name();
        if call.level_needed() >= Level::Write {
            info!(target: REPEATED, command, uid, code, "refused");
        } else {
            debug!(target: REPEATED, command, uid, code, "refused");
        }
        error
    });
    app.metrics.command(call.context.permit.command(), outcome.as_ref().err().map(|e| e.code));
    encode(id, &outcome)
}
