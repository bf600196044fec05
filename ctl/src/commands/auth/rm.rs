//! `auth rm`.

use clap::Args;
use photoprism_protocol::auth::{AuthRm, Target};
use photoprism_protocol::secret::Secret;

use crate::commands::each::for_each_user;
use crate::commands::identifier;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::prompt::Consent;
use crate::report::format;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism auth rm sessabcd0123                     asks first
  photoprism auth rm --yes sessabcd0123 sess4567wxyz  does not
  photoprism auth rm --yes - < token                  by the secret itself

A secret on the command line can be seen in the process list; - is safer.";

/// End sessions, delete app passwords and access tokens
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Rm {
    /// Reference ids, session ids, access tokens or app passwords, - for standard input; asked
    /// for where they are left out
    #[arg(value_name = "IDENTIFIER")]
    identifiers: Vec<String>,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Rm {
    /// Carries it out: every identifier is tried.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let sessions = identifier::take_all(context, self.identifiers)?;
        let names: Vec<_> = sessions.iter().map(identifier::name).collect();
        let question = format!("End {}?", names.join(", "));
        let consent = prompt::consent(&context.person, self.yes.yes, &question, "--yes")?;
        for_each_user(context, sessions, |context, session| {
            remove(context, &consent, session, self.json)
        })
    }
}

fn remove(
    context: &mut Context,
    consent: &Consent,
    session: Secret,
    json: JsonFlag,
) -> Result<(), CliError> {
    let args = Target { session };
    let reply = context.call_agreed::<AuthRm>(consent, &args)?;
    let removed = format::count(reply.value.removed, "session");
    context.note(&format!("ended {}; {removed} removed", identifier::name(&args.session)));
    if json.json { output::json(&reply.raw, None) } else { Ok(()) }
}
