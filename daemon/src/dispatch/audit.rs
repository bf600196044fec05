//! The noun `audit`: the whole trail is checked in steps, so that other commands run in between.

use photoprism_protocol::audit as wire;
use photoprism_protocol::audit::{AuditLs, AuditVerify};

use super::app::App;
use super::call::{Answer, Call};
use crate::commands::audit::{self, Step, Verify, verify_step};
use crate::commands::success;
use crate::error::CommandError;

pub(super) async fn ls(call: &Call<'_>) -> Answer {
    call.read(audit::Ls::parse(call.args::<AuditLs>()?)?, audit::ls).await
}

pub(super) async fn verify(call: &Call<'_>) -> Answer {
    let state = Verify::parse(call.args::<AuditVerify>()?)?;
    success(&verify_trail(call.app, state).await?)
}

/// The verdict on the chain.
pub(crate) async fn verify_trail(
    app: &App,
    mut state: Verify,
) -> Result<wire::VerifyResult, CommandError> {
    // Each step has the whole time in which work must begin: the check as a whole has no limit.
    let deadline = app.limits.borrow().request_timeout;
    loop {
        match app.store.read(deadline, |db| verify_step(db, state)).await? {
            Step::More(next) => state = next,
            Step::Done(verdict) => return Ok(verdict),
        }
    }
}
