//! `auth.rm`.

use photoprism_protocol::auth::{AuthRm, RmResult};
use photoprism_protocol::token::SessionRef;

use super::find::{parse, session};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::Effect;
use crate::store::{Tx, delete_session};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<AuthRm, _>(|target| parse(&target), rm).await
}

/// Ends a session and those created from it.
fn rm(tx: &Tx<'_>, request: &Request<SessionRef>) -> Result<Written<RmResult>, CommandError> {
    let row = session(tx, &request.args)?;
    let removed = delete_session(tx, &row.id, request.context.now.as_second())?;
    let ended = Effect::SessionEnded { id: row.id };
    let result = RmResult { removed, effective_within_s: None, pending: None };
    let written = Written::new(row.ref_id, &result)?.with_effects([ended]);
    Ok(written)
}
