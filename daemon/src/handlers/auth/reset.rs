//! `auth.reset`.

use photoprism_protocol::auth::ResetResult;

use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::revoked::effective_within;
use crate::handlers::write::{Key, Written, surrounded};
use crate::store::{Tx, delete_all_sessions, write_backup};

/// Ends every session and deletes all tokens and app passwords, after a backup.
///
/// # Errors
/// The store's; without a backup nothing is removed.
pub fn reset(tx: &Tx<'_>, context: &Context, key: Option<&Key>) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let backup = write_backup(tx, &format!("{}-auth-reset", times::to_file_name(context.now)))?;
        let removed = delete_all_sessions(tx)?;
        let effective_within_s = effective_within(tx, removed);
        let backup = backup.path.display().to_string();
        let result = ResetResult { removed, backup, effective_within_s };
        let written = Written::about("", &result)?.meaning([Effect::EverySessionEnded]);
        Ok(written.warning_of(effective_within_s))
    })
}
