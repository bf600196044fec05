//! `users rm`.

use clap::Args;
use photoprism_protocol::users::{Target, UsersRm};

use crate::commands::each::for_each_user;
use crate::commands::passwd::sessions_ended;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::prompt::Consent;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users rm bob               asks first
  photoprism users rm --yes bob alice   does not

`photoprism users restore bob` brings the account back.";

/// Delete accounts; they can be restored
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Rm {
    /// User names or UIDs, asked for if left out
    #[arg(value_name = "USERNAME")]
    usernames: Vec<String>,

    /// Do not ask
    #[arg(short, long)]
    force: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Rm {
    /// Carries it out: every name is tried.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let mut names = self.usernames;
        if names.is_empty() {
            names.push(prompt::username(&context.person, None)?);
        }
        let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        let question = format!("Delete {}?", quoted.join(", "));
        let consent =
            prompt::consent(&context.person, self.force || self.yes.yes, &question, "--yes")?;
        for_each_user(context, names, |context, user| remove(context, &consent, user, self.json))
    }
}

fn remove(
    context: &mut Context,
    consent: &Consent,
    user: String,
    json: JsonFlag,
) -> Result<(), CliError> {
    let reply = context.call_agreed::<UsersRm>(consent, &Target { user })?;
    let done = &reply.value;
    let sessions = sessions_ended(done.sessions_revoked);
    context.note(&format!("deleted user {}; {sessions}", done.user.name));
    if json.json { output::json(&reply.raw, None) } else { Ok(()) }
}
