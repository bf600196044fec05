//! `auth.reset`.

use photoprism_protocol::auth::ResetResult;

use crate::commands::context::{Context, Outcome};
use crate::commands::revoked::effective_within;
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::{Effect, to_file_name};
use crate::store::{Tx, backed_up, empty_sessions};

/// Ends every session and deletes all tokens and app passwords, after a backup.
///
/// # Errors
/// The store's; without a backup that could be restored nothing is removed.
pub(crate) fn reset(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let name = format!("{}-auth-reset", to_file_name(context.now));
        let (backup, (removed, warnings)) = backed_up(tx, &name, None, |backup| {
            Ok::<_, CommandError>((
                backup.path.display().to_string(),
                empty_sessions(tx, context.now)?,
            ))
        })?;
        let effective_within_s = effective_within(tx, removed);
        let result = ResetResult { removed, backup, effective_within_s };
        let mut written = WriteResult::new("", &result)?.with_effects([Effect::EverySessionEnded]);
        written.warnings.extend(warnings);
        Ok(written.with_cache_warning(effective_within_s))
    })
}
