//! `admin backup verify`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::{BackupVerify, Checked};

use super::file::{holds, resolve};
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::JsonFlag;
use crate::output;
use crate::report::format;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup verify        every backup
  photoprism admin backup verify FILE   one of them, by its name or path";

/// Check that backups are whole; exits with 1 where one is not
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Verify {
    /// Name of a backup as `admin backup ls` lists it, or its path; left out: all of them
    file: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Verify {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let file = self.file.map(|file| resolve(context, file)).transpose()?;
        let reply = context.call::<BackupVerify>(&backup::Verify { file })?;
        let found = &reply.value;
        if self.json.json {
            output::json(&reply.raw, None)?;
        } else {
            let lines: String = found.backups.iter().map(verdict).collect();
            output::data(&lines)?;
        }
        let number = u64::try_from(found.backups.len()).unwrap_or(u64::MAX);
        context.note(&format!("checked {}", format::count(number, "backup")));
        if found.ok { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

fn verdict(backup: &Checked) -> String {
    let what = match (&backup.error, backup.counts) {
        (Some(error), _) => error.clone(),
        (None, Some(counts)) => holds(counts),
        (None, None) => "the whole database".into(),
    };
    let status = if backup.ok { "ok" } else { "bad" };
    format!("{}\n", escape::line(&format!("{status}: {}: {what}", backup.file)))
}
