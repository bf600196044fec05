//! From a line to its reply: access, then the one match over all commands.

mod app;
mod aside;
mod auth;
mod backup;
mod call;
mod command;
mod doctor;
mod login;
mod metrics;
mod refusals;
mod reset;
mod status;
mod users;

pub use self::app::{App, Places, RequestIds, sink};
pub use self::refusals::{Refusals, flush as flush_refusals};
pub use self::status::current_status;

use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::{Id, Success, decode, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::level::Level;
use tracing::{debug, error, info};

use self::call::Call;
use crate::clock::Stopwatch;
use crate::error::CommandError;
use crate::peer::Caller;

/// The reply line to `line`, both without their newlines.
pub async fn answer(app: &App, caller: &Caller, line: &[u8]) -> Vec<u8> {
    let watch = Stopwatch::start();
    let request = match decode(line) {
        Ok(request) => request,
        Err(refusal) => {
            app.metrics.rejected(refusal.error.code);
            return encode(&refusal.id, &Err(refusal.error));
        }
    };
    loop {
        let permit = match caller.permit(request.command, &app.policy.borrow()) {
            Ok(permit) => permit,
            Err(refused) => {
                info!(command = request.command.name(), uid = caller.uid(), "forbidden");
                app.metrics.command(request.command, Some(ErrorCode::Forbidden));
                let error = ErrorBody::new(ErrorCode::Forbidden, refused.to_string());
                return encode(&request.id, &Err(error));
            }
        };
        let call = Call::new(app, permit, &request, watch);
        match command::perform(&call).await {
            Err(CommandError::KeyTaken) => {}
            outcome => return finish(app, &call, &request.id, outcome),
        }
    }
}

/// Whether a line changes nothing and has a short reply, so that it may be carried out together
/// with others of its kind. What follows a line that changes something must see it.
#[must_use]
pub fn looks_up(line: &[u8]) -> bool {
    let short = |command| {
        matches!(
            command,
            CommandName::Ping
                | CommandName::UsersShow
                | CommandName::AuthShow
                | CommandName::AuthVerify
        )
    };
    decode(line).is_ok_and(|request| short(request.command))
}

fn finish(app: &App, call: &Call<'_>, id: &Id, outcome: Result<Success, CommandError>) -> Vec<u8> {
    let outcome = outcome.map_err(|failure| {
        let request = app.requests.next();
        let (command, uid) = (call.command(), call.uid());
        if failure.is_fault() {
            error!(%request, command, uid, cause = %failure, "a command failed");
        }
        let error = failure.into_body(&request);
        if call.level_needed() >= Level::Write {
            info!(command, uid, code = error.code.name(), "refused");
        } else {
            debug!(command, uid, code = error.code.name(), "refused");
        }
        error
    });
    app.metrics.command(call.context.permit.command(), outcome.as_ref().err().map(|e| e.code));
    encode(id, &outcome)
}
