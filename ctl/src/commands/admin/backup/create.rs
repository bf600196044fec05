//! `admin backup create`.

use std::path::PathBuf;

use clap::Args;
use photoprism_protocol::args::Int;
use photoprism_protocol::backup::{self, BackupCreate};

use super::file::holds;
use super::moved::Output;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::JsonFlag;
use crate::output;
use crate::report::format;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup create                 prints the path of the file on the daemon's machine
  photoprism admin backup create --keep 7        and deletes those before the newest seven
  photoprism admin backup create -o accounts.db  and writes a copy here, mode 0600
  photoprism admin backup create -o - | age …

The daemon's file stays until it is deleted: `admin backup rm` and `admin backup prune`.";

/// Make a backup of the accounts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Create {
    /// Manual backups that stay, this one included; the oldest go
    #[arg(long, value_name = "N")]
    keep: Option<u32>,

    /// Write a copy to a file of this machine, - for standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,

    /// Replace FILE where it is there
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Create {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        // Before there is a backup that nobody gets.
        let copy = self.output.map(|path| Output::open(&path, self.force)).transpose()?;
        let keep = self.keep.map(|keep| Int(keep.into()));
        let reply = context.call::<BackupCreate>(&backup::Create { keep })?;
        context.note(&format!("created a backup: {}", holds(reply.value.counts)));
        if let Some(removed @ 1..) = reply.value.removed {
            context.note(&format!("deleted {}", format::count(removed, "older backup")));
        }
        let is_path = !copy.as_ref().is_some_and(Output::is_stdout);
        if let Some(copy) = copy {
            copy.fetch(context, &reply.value.file)?;
        }
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        if is_path { output::line(&escape::line(&reply.value.backup)) } else { Ok(()) }
    }
}
