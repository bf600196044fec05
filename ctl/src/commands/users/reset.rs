//! `users reset`.

use clap::Args;
use photoprism_protocol::status::NoArgs;
use photoprism_protocol::users::UsersReset;

use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::{JsonFlag, YesFlag};
use crate::output;
use crate::report::format;

const EXAMPLES: &str = "\
Examples:
  photoprism users reset --yes   and begin anew with the first admin; the backup is named";

/// Remove all accounts and reset the user tables, after an automatic backup
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Reset {
    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,

    /// For scripts that were written for `PhotoPrism`'s own program; it changes nothing here
    #[arg(short, long, hide = true)]
    trace: bool,
}

impl Reset {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let short = "Remove all accounts, sessions and app passwords?";
        let consent = stakes::consent(context, self.yes.yes, short, &|status| {
            format!(
                "Delete all {} and end {} of {}? A backup is written first.",
                format::count(status.counts.users, "account"),
                format::count(status.counts.sessions, "session"),
                status.database.path,
            )
        })?;
        let reply = context.call_agreed::<UsersReset>(&consent, &NoArgs {})?;
        let done = &reply.value;
        context.note(&format!(
            "removed {} and {}; the backup that holds them:",
            format::count(done.removed.users, "user"),
            format::count(done.removed.sessions, "session"),
        ));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        output::line(&escape::line(&done.backup))
    }
}
