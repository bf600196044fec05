//! `users restore`.

use clap::Args;
use photoprism_protocol::users::{Target, UsersRestore};

use crate::context::Context;
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users restore bob";

/// Restore a deleted account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Restore {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Restore {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let reply = context.call::<UsersRestore>(&Target { user })?;
        let user = &reply.value.user;
        context.note(&format!("restored user {} ({})", user.name, user.uid));
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }
}
