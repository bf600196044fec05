//! `users legacy`.

use clap::Args;
use photoprism_protocol::list;
use photoprism_protocol::users::{self, UsersLegacy};

use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::FormatFlags;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism users legacy          all of them
  photoprism users legacy bob      those whose name, email or full name begins with bob
  photoprism users legacy --csv    for a spreadsheet";

/// List accounts of the legacy table, all of them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Legacy {
    /// An id, a UID, or how the name, email or full name begins
    search: Option<String>,

    /// Most rows to print, 0 for all of them
    #[arg(short = 'n', long, value_name = "LIMIT", default_value_t = 0)]
    count: u64,

    #[command(flatten)]
    format: FormatFlags,
}

impl Legacy {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let args = |limit, cursor| list::Search { search: self.search.clone(), limit, cursor };
        let listing = listing::fetch::<UsersLegacy, _>(context, self.count, args)?;
        listing.print(context, self.format, &Shown { noun: "user", table: &table })
    }
}

fn table(users: &[&users::Legacy]) -> Report {
    let rows = users.iter().map(|user| {
        vec![
            user.id.to_string(),
            user.uid.clone(),
            user.name.clone(),
            user.user_name.clone(),
            user.email.clone(),
            format::yes(user.admin),
            format::time(user.created_at.as_deref()),
        ]
    });
    let columns = vec!["ID", "UID", "Name", "User", "Email", "Admin", "Created At"];
    let least = &["UID", "Created At", "Name"];
    Report { columns, rows: rows.collect(), least, ..Report::default() }
}
