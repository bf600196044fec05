//! From a line to its reply: access, then the one match over all commands.

mod backup;
mod command;
mod import;

use std::os::fd::BorrowedFd;

use photoprism_protocol::envelope::{decode, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::level::Level;
use tracing::{debug, error, info};

use crate::clock::Stopwatch;
use crate::commands::{App, Runner};
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::peer::Caller;

/// The reply line to `line`, both without their newlines. `stream` is the connection, whose
/// hang-up ends long work.
pub(crate) async fn handle_line(
    app: &App,
    caller: &Caller,
    stream: BorrowedFd<'_>,
    line: &[u8],
) -> Vec<u8> {
    let watch = Stopwatch::start();
    let request = match decode(line) {
        Ok(request) => request,
        Err(refusal) => {
            app.metrics.rejected(refusal.error.code);
            return encode(&refusal.id, &Err(refusal.error));
        }
    };
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
    let runner = Runner::new(app, permit, &request, watch, stream);
    // Boxed: of the commands' futures the largest has kilobytes, and a connection is a future too.
    let outcome = Box::pin(command::dispatch(&runner)).await;
    let outcome = outcome.map_err(|failure| refused(&runner, failure));
    app.metrics.command(request.command, outcome.as_ref().err().map(|error| error.code));
    encode(&request.id, &outcome)
}

/// The error as it goes on the wire; its cause goes to the log.
fn refused(runner: &Runner<'_>, failure: CommandError) -> ErrorBody {
    let request = runner.app.requests.next();
    let (command, uid) = (runner.command(), runner.uid());
    if failure.is_fault() {
        let cause = failure.to_string();
        error!(target: REPEATED, %request, command, uid, cause, "a command failed");
    }
    let error = failure.into_body(&request);
    let code = error.code.name();
    if runner.context.permit.command().access() >= Level::Write {
        info!(target: REPEATED, command, uid, code, "refused");
    } else {
        debug!(target: REPEATED, command, uid, code, "refused");
    }
    error
}
