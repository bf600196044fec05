//! `users 2fa disable`.

use clap::Args;
use photoprism_protocol::twofa::Users2faDisable;
use photoprism_protocol::users::Target;

use crate::commands::passwd::sessions_ended;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa disable bob         asks first
  photoprism users 2fa disable --yes bob   does not";

/// Turn it off and delete the key
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Disable {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Disable {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let question = format!("Turn two-factor authentication of {user:?} off?");
        prompt::consent(&context.person, self.yes.yes, &question, "--yes")?;
        let args = Target { user };
        let reply = context.call::<Users2faDisable>(&args)?;
        context.note(&if reply.value.disabled {
            let sessions = sessions_ended(reply.value.sessions_revoked);
            format!("two-factor authentication of {} is off; {sessions}", args.user)
        } else {
            format!("{} had no two-factor authentication", args.user)
        });
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }
}
