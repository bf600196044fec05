//! From a line to its reply: decoding, access, and the one match over all commands.

use std::os::fd::BorrowedFd;

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::envelope::{decode, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::level::Level;
use tracing::{debug, error, info};

use super::app::App;
use super::runner::{Outcome, Runner};
use super::{
    audit, auth, backup, clock, doctor, import, login, logins, metrics, passwd, ping, status, users,
};
use crate::clock::Stopwatch;
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::peer::Caller;

/// The reply line to `line`, both without their newlines. `stream` is the connection, whose
/// hang-up ends long work.
pub(crate) async fn handle(
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
    let outcome = match Box::pin(dispatch(&runner)).await {
        Ok(success) => runner.complete(success).await,
        Err(failure) => Err(failure),
    };
    let outcome = outcome.map_err(|failure| refused(&runner, failure));
    app.metrics.command(request.command, outcome.as_ref().err().map(|error| error.code));
    encode(&request.id, &outcome)
}

/// The one match over all commands.
async fn dispatch(runner: &Runner<'_>) -> Outcome {
    if runner.app.is_stopping() {
        return Err(CommandError::Unavailable("the daemon is stopping; try again".into()));
    }
    match runner.context.permit.command() {
        C::Ping => ping::run(runner),
        C::Status => status::run(runner).await,
        C::UsersLs => users::ls::run(runner).await,
        C::UsersLegacy => users::legacy::run(runner).await,
        C::UsersShow => users::show::run(runner).await,
        C::UsersAdd => users::add::run(runner).await,
        C::UsersMod => users::modify::run(runner).await,
        C::UsersRm => users::rm::run(runner).await,
        C::UsersRestore => users::restore::run(runner).await,
        C::UsersReset => users::reset::run(runner).await,
        C::PasswdSet => passwd::set::run(runner).await,
        C::PasswdRemove => passwd::remove::run(runner).await,
        C::AuditLs => audit::ls::run(runner).await,
        C::AuditVerify => audit::verify::run(runner).await,
        C::LoginsLs => logins::ls::run(runner).await,
        C::LoginsRecord => logins::record::run(runner).await,
        C::LoginsClear => logins::clear::run(runner).await,
        C::AuthLs => auth::ls::run(runner).await,
        C::AuthAdd => auth::add::run(runner).await,
        C::AuthShow => auth::show::run(runner).await,
        C::AuthRm => auth::rm::run(runner).await,
        C::AuthReset => auth::reset::run(runner).await,
        C::AuthLogin => login::run(runner).await,
        C::AuthVerify => auth::verify::run(runner).await,
        C::AuthLogout => auth::logout::run(runner).await,
        C::UsersWhy => users::why::run(runner).await,
        C::Users2faShow => users::twofa::show::run(runner).await,
        C::Users2faEnroll => users::twofa::enroll::run(runner).await,
        C::Users2faConfirm => users::twofa::confirm::run(runner).await,
        C::Users2faDisable => users::twofa::disable::run(runner).await,
        C::Users2faRecovery => users::twofa::recovery::run(runner).await,
        C::Metrics => metrics::run(runner).await,
        C::UsersExport => users::export::run(runner).await,
        C::UsersImport => import::run(runner).await,
        C::Doctor => doctor::run(runner).await,
        C::UsersRename => users::rename::run(runner).await,
        C::BackupCreate => backup::create::run(runner).await,
        C::BackupLs => backup::ls::run(runner).await,
        C::BackupVerify => backup::verify::run(runner).await,
        C::BackupRm => backup::rm::run(runner).await,
        C::BackupPrune => backup::prune::run(runner).await,
        C::BackupFetch => backup::fetch::run(runner).await,
        C::BackupSend => backup::send::run(runner).await,
        C::BackupRestore => backup::restore::run(runner).await,
        C::UsersAdopt => users::adopt::run(runner).await,
        C::ClockShow => clock::show::run(runner),
        C::ClockReset => clock::reset::run(runner).await,
    }
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
