//! `admin backup fetch`.

use std::path::PathBuf;

use clap::Args;

use super::file::resolve;
use super::moved::Output;
use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup fetch -o accounts.db FILE
  photoprism admin backup fetch -o - FILE > accounts.db

It holds password hashes: keep it as safe as the database. `admin backup restore accounts.db` sends it
back.";

/// Write a backup to a file of this machine
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Fetch {
    /// Name of the backup as `admin backup ls` lists it, or its path
    file: String,

    /// The file, mode 0600; - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Replace the file where it is there
    #[arg(long)]
    force: bool,
}

impl Fetch {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let output = Output::open(&self.output, self.force)?;
        let file = resolve(context, self.file)?;
        output.fetch(context, &file)
    }
}
