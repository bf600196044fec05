//! `users export`.

use clap::Args;
use photoprism_protocol::transfer;
use photoprism_protocol::transfer::UsersExport;

use crate::commands::listing;
use crate::context::Context;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::output;
use crate::report::format;

const EXAMPLES: &str = "\
Examples:
  photoprism users export > accounts.ndjson
  (umask 077; photoprism users export --with-secrets > accounts.ndjson)

`users import` reads what this writes. Without --with-secrets the accounts come back without
passwords and without two-factor authentication.";

/// Export accounts, one JSON object per line
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Export {
    /// An id, a UID, or how the name, email or display name begins; all accounts without it
    search: Option<String>,

    /// Password hashes and two-factor keys too: keep the output as safe as the database
    #[arg(long)]
    with_secrets: bool,
}

impl Export {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let secrets = self.with_secrets.then_some(true);
        let args = |limit, cursor| transfer::Export {
            search: self.search.clone(),
            secrets,
            limit,
            cursor,
        };
        let mut count = 0;
        listing::each::<UsersExport>(context, args, &mut |row| {
            decode::result::<transfer::Row>(row.get())?;
            count += 1;
            output::line(&escape::json(row.get()))
        })?;
        let exported = format::count(count, "user");
        context.note(&if self.with_secrets {
            format!("exported {exported} with password hashes and two-factor keys: keep them safe")
        } else {
            format!("exported {exported} without passwords; --with-secrets takes them along")
        });
        Ok(())
    }
}
