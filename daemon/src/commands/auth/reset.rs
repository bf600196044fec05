//! `auth.reset`.

use photoprism_protocol::auth::{AuthReset, ResetResult};
use photoprism_protocol::status::NoArgs;

use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::Effect;
use crate::store::{Tx, empty_sessions};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    // Held until the old backups are gone.
    let mut turn = None;
    let prepare = async |mut args| {
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<AuthReset>(&mut args).await?;
        runner.back_up(args, "auth-reset").await
    };
    runner.write_after::<AuthReset, _>(runner.args::<AuthReset>()?, prepare, reset).await
}

/// Ends every session and deletes all tokens and app passwords, after a backup. Without a backup
/// that could be restored nothing is removed.
fn reset(tx: &Tx<'_>, request: &Request<NoArgs>) -> Result<Written<ResetResult>, CommandError> {
    let now = request.context.now;
    let backup = request.begin_backup(tx)?;
    let (removed, warnings) = empty_sessions(tx, now)?;
    request.complete_backup()?;
    let written = Written::new(
        "",
        &ResetResult { removed, backup, effective_within_s: None, pending: None },
    )?;
    Ok(written.with_effects([Effect::EverySessionEnded]).with_warnings(warnings))
}
