//! `auth.rm`.

use photoprism_protocol::auth::{RmResult, Target};
use photoprism_protocol::token::SessionRef;

use super::find::{parse, session};
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::revoked::effective_within;
use crate::handlers::write::{Key, Written, surrounded};
use crate::store::{Tx, delete_session};

/// A checked request.
#[derive(Debug)]
pub struct Rm(SessionRef);

impl Rm {
    /// Checks the arguments.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(target: &Target) -> Result<Self, CommandError> {
        parse(target).map(Self)
    }
}

/// Ends a session and those made from it.
///
/// # Errors
/// `not_found`, or the store's.
pub fn rm(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    Rm(named): &Rm,
) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let row = session(tx, named)?;
        let removed = delete_session(tx, &row.id, context.now.as_second())?;
        let ended = Effect::SessionEnded { id: row.id };
        let effective_within_s = effective_within(tx, removed);
        let result = RmResult { removed, effective_within_s };
        let written = Written::about(row.ref_id, &result)?.meaning([ended]);
        Ok(written.warning_of(effective_within_s))
    })
}
