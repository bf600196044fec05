//! `admin backup rm`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::BackupRm;

use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup rm FILE         asks first
  photoprism admin backup rm --yes FILE";

/// Delete a backup; it cannot be brought back
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Rm {
    /// Name of the backup as `admin backup ls` lists it, or its path
    file: String,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Rm {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let question = format!("Delete the backup {:?}", self.file);
        let short = format!("{question}?");
        let consent = stakes::consent(context, self.yes.yes, &short, &|status| {
            format!("{question} of {}? It cannot be brought back.", status.database.path)
        })?;
        let args = backup::Rm { backup: self.file };
        let reply = context.call_agreed::<BackupRm>(&consent, &args)?;
        context.note(&format!("deleted backup {}", args.backup));
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }
}
