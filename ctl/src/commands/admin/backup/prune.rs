//! `admin backup prune`.

use clap::Args;
use photoprism_protocol::args::Int;
use photoprism_protocol::backup::{self, BackupPrune};

use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::report::format;
use crate::{escape, output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup prune --keep 7 --dry-run   which would go
  photoprism admin backup prune --keep 7             asks first
  photoprism admin backup prune --keep 7 --yes

Those that `admin backup create` made and those that were sent count; of those that a reset or a restore
made the newest 10 stay by themselves.";

/// Delete all but the newest manual backups
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Prune {
    /// Manual backups that stay
    #[arg(long, value_name = "N")]
    keep: u32,

    /// Show which would go, and delete none
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Prune {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let keep = Int(self.keep.into());
        let dry_run = |dry_run: bool| backup::Prune { keep, dry_run: dry_run.then_some(true) };
        // A dry run needs nobody's consent.
        let nobody = prompt::consent(&context.person, true, "", "--yes")?;
        let mut consent = nobody;
        if !self.dry_run && !self.yes.yes {
            let mut question = format!("Delete all but the newest {} manual backups?", self.keep);
            if context.person.interactive {
                let found = context.call_agreed::<BackupPrune>(&consent, &dry_run(true))?.value;
                let all = found.removed + found.kept;
                question = format!("Delete the oldest {} of {all} manual backups", found.removed);
            }
            consent = stakes::consent(context, false, &question, &|status| {
                format!("{question} of {}? They cannot be brought back.", status.database.path)
            })?;
        }
        let reply = context.call_agreed::<BackupPrune>(&consent, &dry_run(self.dry_run))?;
        let done = &reply.value;
        let would = if done.dry_run { "would delete" } else { "deleted" };
        let removed = format::count(done.removed, "backup");
        context.note(&format!("{would} {removed}, kept {}", done.kept));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        let files = if done.dry_run { &done.files[..] } else { &[] };
        files.iter().try_for_each(|file| output::line(&escape::line(file)))
    }
}
