//! `users apply`: accounts as a file declares them.

use std::path::PathBuf;

use clap::Args;

use super::transfer::{Options, Results, Source, carry_out, database, read};
use crate::cli::flags::{FormatFlags, YesFlag};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prompt::{self, Consent};
use crate::report::words;

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
  password_file = \"secrets/bob\"   # beside the file; set where it is not the account's

What an account does not name stays as it is. A second run changes nothing.";

/// Make accounts be as a file declares them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Apply {
    /// The file, - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Change nothing, only tell what would be done: exits with 0 if nothing, 10 if something
    #[arg(long)]
    dry_run: bool,

    /// Delete accounts that the file does not name; they can be restored
    #[arg(long)]
    prune: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Apply {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done; [`Exit::Pending`] where a trial found something to do.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        if database(&self.file)?.is_some() {
            let why = "is a database; a text declares accounts, see photoprism users import";
            return Err(Failure::Usage(format!("{} {why}", self.file.display())));
        }
        let text = read(&self.file)?;
        let file = Source::Text(&self.file, &text);
        let trial = Options { dry_run: true, update: true, prune: self.prune, consent: None };
        if self.dry_run {
            let results = carry_out(context, file, trial)?;
            results.print(context, self.format)?;
            return pending(context, &results);
        }
        let consent = if self.prune { Some(self.agree(context, file, trial)?) } else { None };
        let options = Options { dry_run: false, consent: consent.as_ref(), ..trial };
        carry_out(context, file, options)?.print(context, self.format)
    }

    /// Asks where accounts would be deleted, after a trial has counted them.
    fn agree(
        &self,
        context: &mut Context,
        file: Source<'_>,
        trial: Options<'_>,
    ) -> Result<Consent, Failure> {
        let count =
            if self.yes.yes { 0 } else { carry_out(context, file, trial)?.count("pruned")? };
        let users = words::count(count, "user");
        let question = format!("Delete {users} that the file does not name?");
        prompt::consent(context, count == 0, &question, "--yes")
    }
}

fn pending(context: &mut Context, results: &Results) -> Result<(), Failure> {
    for outcome in ["added", "updated", "pruned"] {
        if results.count(outcome)? > 0 {
            context.finish();
            return Err(Failure::Reported(Exit::Pending));
        }
    }
    Ok(())
}
