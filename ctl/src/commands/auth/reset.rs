//! `auth reset`.

use clap::Args;
use photoprism_protocol::auth::AuthReset;
use photoprism_protocol::status::NoArgs;

use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::{JsonFlag, YesFlag};
use crate::report::format;
use crate::{output, prompt};

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
}

impl Reset {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let question = "End every session and delete all app passwords and access tokens?";
        let consent = prompt::consent(&context.person, self.yes.yes, question, "--yes")?;
        let reply = context.call_agreed::<AuthReset>(&consent, &NoArgs {})?;
        let removed = format::count(reply.value.removed, "session");
        context.note(&format!("removed {removed}; the backup that holds them:"));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        output::line(&escape::line(&reply.value.backup))
    }
}
