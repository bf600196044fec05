//! `auth.rm`.

use photoprism_protocol::auth::{RmResult, Target};
use photoprism_protocol::token::SessionRef;

use super::find::{parse, session};
use crate::commands::context::{Context, Outcome};
use crate::commands::revoked::effective_within;
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::Effect;
use crate::store::{Tx, delete_session};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Rm(SessionRef);

impl Rm {
    /// Checks the arguments.
    pub(crate) fn parse(target: &Target) -> Result<Self, CommandError> {
        parse(target).map(Self)
    }
}

/// Ends a session and those created from it.
pub(crate) fn rm(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    Rm(named): &Rm,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = session(tx, named)?;
        let removed = delete_session(tx, &row.id, context.now.as_second())?;
        let ended = Effect::SessionEnded { id: row.id };
        let effective_within_s = effective_within(tx, removed);
        let result = RmResult { removed, effective_within_s };
        let written = WriteResult::new(row.ref_id, &result)?.with_effects([ended]);
        Ok(written.with_cache_warning(effective_within_s))
    })
}
