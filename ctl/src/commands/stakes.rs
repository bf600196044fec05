//! Questions that name what is at stake: how much of which database.

use photoprism_protocol::status::{NoArgs, Status, StatusReply};

use crate::context::Context;
use crate::error::CliError;
use crate::prompt::{self, Consent};

/// Asks as [`prompt::consent`] does, with the question that `asked` writes of the daemon's status;
/// where nobody can be asked, the message has `short`.
///
/// # Errors
/// As [`prompt::consent`] and [`Context::call`].
pub(crate) fn consent(
    context: &mut Context,
    given: bool,
    short: &str,
    asked: &dyn Fn(&StatusReply) -> String,
) -> Result<Consent, CliError> {
    if given || !context.person.interactive {
        return prompt::consent(&context.person, given, short, "--yes");
    }
    let status = context.call::<Status>(&NoArgs {})?.value;
    prompt::consent(&context.person, false, &asked(&status), "--yes")
}
