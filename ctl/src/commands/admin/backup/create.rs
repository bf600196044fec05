//! `admin backup create`.

use clap::Args;
use photoprism_protocol::backup::BackupCreate;
use photoprism_protocol::status::NoArgs;

use super::file::holds;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::JsonFlag;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup create   prints the path of the file on the daemon's machine

The file stays until you delete it.";

/// Make a backup of the accounts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Create {
    #[command(flatten)]
    json: JsonFlag,
}

impl Create {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let reply = context.call::<BackupCreate>(&NoArgs {})?;
        context.note(&format!("created a backup: {}", holds(reply.value.counts)));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        output::line(&escape::line(&reply.value.backup))
    }
}
