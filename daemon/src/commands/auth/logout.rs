//! `auth.logout`.

use photoprism_protocol::auth::LogoutResult;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;

use super::find::id_of;
use crate::commands::context::{Context, success};
use crate::commands::revoked::{cache_warning, effective_within};
use crate::error::CommandError;
use crate::model::{Effect, Session, WithEffects};
use crate::store::{Tx, delete_session, session_by_id};

/// Ends a session that a login created. A client cannot end the app password or access token that
/// it uses: `auth.rm` does that.
pub(crate) fn logout(
    tx: &Tx<'_>,
    context: &Context,
    token: &Secret,
) -> Result<WithEffects<Success>, CommandError> {
    let row = session_by_id(tx, &id_of(token))?.filter(Session::is_login);
    let removed = match &row {
        Some(row) => delete_session(tx, &row.id, context.now.as_second())? > 0,
        None => false,
    };
    let effects = row.map(|row| Effect::SessionEnded { id: row.id }).into_iter().collect();
    let effective_within_s = effective_within(tx, u64::from(removed));
    let mut value = success(&LogoutResult { removed, effective_within_s })?;
    value.warnings.extend(cache_warning(effective_within_s));
    Ok(WithEffects { value, effects })
}
