//! `admin backup ls`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::BackupLs;

use crate::commands::listing;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags};
use crate::object::Object;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup ls          the newest 100
  photoprism admin backup ls --json   with their paths, for programs";

/// List backups, newest first
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ls {
    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Ls {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let args = |limit, cursor| backup::Ls { limit, cursor };
        let listing = listing::fetch::<BackupLs>(context, self.count.count, args)?;
        listing.print(context, self.format, ("backup", &table))
    }
}

fn table(backups: &[Object<'_>]) -> Report {
    let rows = backups.iter().map(|backup| {
        vec![
            backup.text("file"),
            format::capital(&backup.text("origin")),
            backup.figure("bytes"),
            backup.time("created_at"),
        ]
    });
    Report { columns: vec!["File", "Origin", "Bytes", "Created At"], rows: rows.collect() }
}
