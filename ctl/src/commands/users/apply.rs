//! `users apply`: accounts as a file declares them.

use std::path::PathBuf;

use clap::Args;

use super::accounts_file::{Input, Long, open};
use super::transfer::{Options, Results, run_import};
use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::{FormatFlags, YesFlag};
use crate::prompt::{self, Consent};
use crate::report::format;

/// Accounts that the question names.
const NAMED: usize = 10;

const EXAMPLES: &str = "\
Examples:
  photoprism users apply -f accounts.toml --dry-run   the plan; exits with 10 if there is one
  photoprism users apply -f accounts.toml
  photoprism users apply -f accounts.toml --prune     deletes the accounts that it does not name

The file:
  [[account]]
  name = \"bob\"
  role = \"user\"
  webdav = true
  password_file = \"secrets/bob\"   # next to the file; set where it is not the account's

What an account does not name stays as it is. A second run changes nothing.";

/// Create and change accounts as a file declares them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Apply {
    /// The file, - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Change nothing, only show what would be done: exits with 0 if nothing, 10 if something
    #[arg(long)]
    dry_run: bool,

    /// Delete accounts that the file does not name, after a backup; they can be restored
    #[arg(long)]
    prune: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Apply {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let mut file = open(&self.file, Long::Refused)?;
        if matches!(file, Input::Database(_)) {
            let why = "is a database; a text declares accounts, see photoprism users import";
            return Err(CliError::Usage(format!("{} {why}", self.file.display())));
        }
        let preview =
            Options { dry_run: true, update: true, prune: self.prune, ..Options::default() };
        if self.dry_run {
            let results = run_import(context, &mut file, preview)?;
            results.print(context, self.format)?;
            return pending(context, &results);
        }
        let consent = if self.prune { self.agree(context, &mut file, preview)? } else { None };
        // Without consent nothing is pruned, even if accounts changed since the dry run.
        let prune = consent.is_some();
        let options = Options { dry_run: false, prune, consent: consent.as_ref(), ..preview };
        run_import(context, &mut file, options)?.print(context, self.format)
    }

    /// Asks where accounts would be deleted, after a dry run has counted them; `None` where there
    /// are none.
    fn agree(
        &self,
        context: &mut Context,
        file: &mut Input,
        preview: Options<'_>,
    ) -> Result<Option<Consent>, CliError> {
        if self.yes.yes {
            return prompt::consent(&context.person, true, "", "--yes").map(Some);
        }
        let results = run_import(context, file, preview)?;
        let count = results.counts.pruned;
        if count == 0 {
            return Ok(None);
        }
        let users = format::count(count, "user");
        let names = results.pruned(NAMED);
        let more = if count > NAMED as u64 { ", …" } else { "" };
        let unnamed = format!("that the file does not name ({}{more})", names.join(", "));
        let short = format!("Delete {users} {unnamed}?");
        stakes::consent(context, false, &short, &|status| {
            let path = &status.database.path;
            format!("Delete {users} of {path} {unnamed}? A backup is written first.")
        })
        .map(Some)
    }
}

fn pending(context: &mut Context, results: &Results) -> Result<(), CliError> {
    let counts = results.counts;
    if counts.added == 0 && counts.updated == 0 && counts.pruned == 0 {
        return Ok(());
    }
    context.finish();
    Err(CliError::Reported(Exit::Pending))
}
