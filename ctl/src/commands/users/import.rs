//! `users import`.

use std::path::PathBuf;

use clap::Args;

use super::accounts_file::open;
use super::transfer::{Options, run_import};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::FormatFlags;

const EXAMPLES: &str = "\
Examples:
  photoprism users import --dry-run accounts.csv   what it would change
  photoprism users import accounts.ndjson          what `users export` wrote
  photoprism users import - < accounts.csv
  photoprism users import /photoprism/storage/index.db

PhotoPrism's index.db is read by the daemon, under that path and with your rights: accounts with
their password hashes, two-factor keys and app passwords.

A CSV begins with a line of names: name;role;email;password;… Accounts that are there already are
left alone, so a second run changes nothing. All of it is one transaction; rows that break a rule
are reported, and the exit code is that of the first.";

/// Create accounts from a file: CSV, NDJSON, TOML or PhotoPrism's index.db
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Import {
    /// The file, - for standard input
    file: PathBuf,

    /// Change nothing, only show what would be done
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    format: FormatFlags,
}

impl Import {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let options = Options { dry_run: self.dry_run, update: false, prune: false, consent: None };
        let results = run_import(context, &mut open(&self.file)?, options)?;
        results.print(context, self.format)
    }
}
