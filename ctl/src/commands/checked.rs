//! Checks before somebody is asked for what a command needs.

use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::users::{Target, User, UsersShow};

use crate::context::Context;
use crate::error::CliError;

/// The account of that name or UID, deleted or not; `None` where there is none.
pub(crate) fn any_user(context: &mut Context, user: &str) -> Result<Option<User>, CliError> {
    match shown(context, user) {
        Ok(user) => Ok(Some(user)),
        Err(error) if error.is(ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The account of that name or UID, for a command that takes no deleted one.
///
/// # Errors
/// As the command itself would be refused.
pub(crate) fn live_user(context: &mut Context, user: &str) -> Result<User, CliError> {
    let found = shown(context, user)?;
    if found.deleted_at.is_none() {
        return Ok(found);
    }
    let hint = ["bring it back with: photoprism users restore ", user].concat();
    Err(CliError::refused(ErrorCode::NotFound, "the account is deleted".into(), Some(hint)))
}

fn shown(context: &mut Context, user: &str) -> Result<User, CliError> {
    Ok(context.call::<UsersShow>(&Target { user: user.into() })?.value.user)
}
