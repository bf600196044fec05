//! `admin backup verify`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::BackupVerify;

use super::file::{holds, resolve};
use crate::context::{Context, decode, decode_all};
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::JsonFlag;
use crate::object::Object;
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
        let result = context.call_untyped::<BackupVerify>(&backup::Verify { file })?;
        let found = decode(&result)?;
        let backups = found.rows("backups")?;
        if self.json.json {
            output::json(&result, None)?;
        } else {
            let lines: String = decode_all(&backups)?.iter().map(verdict).collect();
            output::data(&lines)?;
        }
        let number = u64::try_from(backups.len()).unwrap_or(u64::MAX);
        context.note(&format!("checked {}", format::count(number, "backup")));
        if found.is_true("ok") { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

fn verdict(backup: &Object<'_>) -> String {
    let what = match (backup.some_text("error"), backup.object("counts")) {
        (Some(error), _) => error,
        (None, Ok(counts)) => holds(&counts),
        (None, Err(_)) => "the whole database".into(),
    };
    let status = if backup.is_true("ok") { "ok" } else { "bad" };
    format!("{}\n", escape::line(&format!("{status}: {}: {what}", backup.text("file"))))
}
