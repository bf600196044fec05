//! A check of the whole audit trail, in steps, so that other commands run in between.

use photoprism_protocol::audit::VerifyResult;

use super::app::App;
use crate::error::CommandError;
use crate::handlers::audit::{Step, Verify, verify_step};

/// The verdict on the chain.
pub(crate) async fn verify_trail(
    app: &App,
    mut state: Verify,
) -> Result<VerifyResult, CommandError> {
    // Each step has the whole time in which work must begin: the check as a whole has no limit.
    let deadline = app.limits.borrow().request_timeout;
    loop {
        match app.store.read(deadline, |db| verify_step(db, state)).await? {
            Step::More(next) => state = next,
            Step::Done(verdict) => return Ok(verdict),
        }
    }
}
