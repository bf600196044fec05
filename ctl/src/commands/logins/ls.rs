//! `logins ls`.

use clap::Args;
use photoprism_protocol::logins;
use photoprism_protocol::logins::LoginsLs;

use super::{follow, rows};
use crate::clock;
use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags, values};

const EXAMPLES: &str = "\
Examples:
  photoprism logins ls                        the newest 100 attempts
  photoprism logins ls 192.0.2.               from addresses that begin so
  photoprism logins ls --failed --user bob    what failed for bob
  photoprism logins ls --since 7d -n 0 --csv  a week of them, for a spreadsheet
  photoprism logins ls --follow --json        new ones as they come, one object a line

An address, a name and a realm have one row, which each attempt updates.";

/// List login attempts, newest first
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ls {
    /// How the name or the address begins
    search: Option<String>,

    /// Only attempts that failed
    #[arg(long, conflicts_with = "ok")]
    failed: bool,

    /// Only attempts that succeeded
    #[arg(long)]
    ok: bool,

    /// Only from this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,

    /// Only under this name
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Only since then: 2027-01-31 (00:00 UTC), RFC 3339, or 2h, 7d back from now
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Print new attempts as they come, until Ctrl-C
    #[arg(long)]
    follow: bool,

    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let since = match &self.since {
            None => None,
            Some(text) => Some(
                values::since(text, clock::now())
                    .map_err(|why| CliError::Usage(format!("--since: {why}")))?,
            ),
        };
        let failed = self.failed.then_some(true).or(self.ok.then_some(false));
        let args = logins::Ls {
            search: self.search,
            failed,
            name: self.user,
            client_ip: self.ip,
            since,
            ..logins::Ls::default()
        };
        if self.follow {
            return follow::run(context, &args, self.count.count, self.format);
        }
        let page = |limit, cursor| logins::Ls { limit, cursor, ..args.clone() };
        let listing = listing::fetch::<LoginsLs, _>(context, self.count.count, page)?;
        listing.print(context, self.format, &Shown { noun: "attempt", table: &rows::table })
    }
}
