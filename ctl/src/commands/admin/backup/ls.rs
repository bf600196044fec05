//! `admin backup ls`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::{BackupLs, Entry};

use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags};
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
        let listing = listing::fetch::<BackupLs, _>(context, self.count.count, args)?;
        listing.print(context, self.format, &Shown { noun: "backup", table: &table })
    }
}

fn table(backups: &[&Entry]) -> Report {
    let rows = backups.iter().map(|backup| {
        vec![
            backup.file.clone(),
            format::capital(&backup.origin),
            backup.bytes.to_string(),
            format::time(Some(&backup.created_at)),
        ]
    });
    let columns = vec!["File", "Origin", "Bytes", "Created At"];
    Report { columns, rows: rows.collect(), least: &["Bytes", "Origin"], ..Report::default() }
}
