//! `auth.reset`.

use photoprism_protocol::auth::{AuthReset, ResetResult};
use photoprism_protocol::status::NoArgs;

use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::revoked::effective_within;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Effect, to_file_name};
use crate::store::{Tx, backed_up, empty_sessions};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<AuthReset, _>(Ok, reset).await
}

/// Ends every session and deletes all tokens and app passwords, after a backup. Without a backup
/// that could be restored nothing is removed.
fn reset(tx: &Tx<'_>, request: &Request<NoArgs>) -> Result<Written<ResetResult>, CommandError> {
    let now = request.context.now;
    let name = format!("{}-auth-reset", to_file_name(now));
    let (backup, (removed, warnings)) = backed_up(tx, &name, None, |backup| {
        let path = backup.path.display().to_string();
        Ok::<_, CommandError>((path, empty_sessions(tx, now)?))
    })?;
    let effective_within_s = effective_within(tx, removed);
    let written = Written::new("", &ResetResult { removed, backup, effective_within_s })?;
    Ok(written
        .with_effects([Effect::EverySessionEnded])
        .with_warnings(warnings)
        .with_cache_warning(effective_within_s))
}
