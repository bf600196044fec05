//! `auth.logout`.

use photoprism_protocol::auth::{AuthLogout, Logout, LogoutResult};
use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::{is_access_token, is_app_password};

use super::find::id_of;
use crate::commands::find::refuse_nul;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Effect, Session, WithEffects};
use crate::store::{Tx, delete_session, session_by_id};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let Logout { token } = runner.args::<AuthLogout>()?;
    refuse_nul("token", Some(token.expose()))?;
    if !is_access_token(token.expose()) && !is_app_password(token.expose()) {
        let nothing = LogoutResult { removed: false, effective_within_s: None, pending: None };
        return Reply::new(&nothing).map(Success::from);
    }
    runner.write_unaudited::<AuthLogout, _>(token, logout).await
}

/// Ends a session that a login created. A client cannot end the app password or access token that
/// it uses: `auth.rm` does that.
fn logout(
    tx: &Tx<'_>,
    request: &Request<Secret>,
) -> Result<WithEffects<Reply<LogoutResult>>, CommandError> {
    let row = session_by_id(tx, &id_of(&request.args))?.filter(Session::is_login);
    let removed = match &row {
        Some(row) => delete_session(tx, &row.id, request.context.now.as_second())? > 0,
        None => false,
    };
    let effects = row.map(|row| Effect::SessionEnded { id: row.id }).into_iter().collect();
    let value = Reply::new(&LogoutResult { removed, effective_within_s: None, pending: None })?;
    Ok(WithEffects { value, effects })
}
