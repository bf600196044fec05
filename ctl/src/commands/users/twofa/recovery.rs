//! `users 2fa recovery`.

use clap::Args;
use photoprism_protocol::twofa::Users2faRecovery;
use photoprism_protocol::users::Target;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa recovery bob   the old recovery code works no more

A recovery code works once in place of a code of the app, and turns two-factor authentication off.";

/// Create a new recovery code; the old one stops working
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Recovery {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Recovery {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let reply = context.call::<Users2faRecovery>(&Target { user })?;
        let code = output::shown(reply.value.recovery_code.as_ref())?;
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        context.note("write this recovery code down, it will not be shown again:");
        output::line(code.expose())
    }
}
