//! `auth reset`.

use clap::Args;
use photoprism_protocol::auth::AuthReset;
use photoprism_protocol::status::NoArgs;

use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::{JsonFlag, YesFlag};
use crate::output;
use crate::report::format;

const EXAMPLES: &str = "\
Examples:
  photoprism auth reset --yes   everybody logs in anew; the backup is named";

/// End every session, delete all app passwords and access tokens, after an automatic backup
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
        let short = "End every session and delete all app passwords and access tokens?";
        let consent = stakes::consent(context, self.yes.yes, short, &|status| {
            format!(
                "End {} of {}, app passwords and access tokens among them? A backup is written first.",
                format::count(status.counts.sessions, "session"),
                status.database.path,
            )
        })?;
        let reply = context.call_agreed::<AuthReset>(&consent, &NoArgs {})?;
        let removed = format::count(reply.value.removed, "session");
        context.note(&format!("removed {removed}; the backup that holds them:"));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        output::line(&escape::line(&reply.value.backup))
    }
}
