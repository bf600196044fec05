//! `users import`.

use std::path::PathBuf;

use clap::Args;

use super::parts::import;
use super::transfer::Options;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::FormatFlags;

const EXAMPLES: &str = "\
Examples:
  photoprism users import --dry-run accounts.csv   what it would change
  photoprism users import accounts.ndjson          what `users export` wrote
  photoprism users import - < accounts.csv
  photoprism users import --role user .htpasswd    accounts of a web server: htpasswd -B
  photoprism users import /photoprism/storage/index.db

PhotoPrism's index.db is read by the daemon, under that path and with your rights: accounts with
their password hashes, two-factor keys and app passwords.

A CSV begins with a line of names: name;role;email;password;… JSON has a line for each account, or is
an array as of `users ls --json`. Accounts that are there already are left alone, so a second run
changes nothing. Up to 20,000 rows are one transaction, a longer file is imported in parts: after
Ctrl-C the same command imports the rest. Rows that break a rule are reported, and the exit code is
that of the first.";

/// Create accounts from a file: CSV, JSON, TOML, htpasswd or PhotoPrism's index.db
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Import {
    /// The file, - for standard input
    file: PathBuf,

    /// Change nothing, only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// Role of new accounts that the file gives none: admin, user, viewer or guest
    #[arg(short, long)]
    role: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Import {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let role = self.role.as_deref();
        let options = Options { dry_run: self.dry_run, role, ..Options::default() };
        import(context, &self.file, options, self.format)
    }
}
