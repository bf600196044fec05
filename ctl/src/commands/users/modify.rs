//! `users mod`.

use clap::Args;
use photoprism_protocol::users::{self, ModResult, ModTarget, UsersMod};

use super::fields::FieldFlags;
use crate::commands::checked::live_user;
use crate::commands::passwd::sessions_ended;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::password::PasswordFlags;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users mod -n \"Bob\" -m bob@example.com bob
  photoprism users mod --email= bob                clears the email address
  photoprism users mod --no-webdav --login bob
  photoprism users mod --expires-at 90d bob        the account expires in 90 days
  photoprism users mod --disable-2fa bob
  photoprism users mod --restore -r guest bob      brings a deleted account back as a guest

What changes the rights of an account ends its sessions unless --keep-sessions is given.";

/// Change properties of an account; those whose flags are not given stay
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Mod {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    fields: FieldFlags,

    #[command(flatten)]
    password: PasswordFlags,

    /// Restore the account if it was deleted
    #[arg(long)]
    restore: bool,

    /// Turn two-factor authentication off and delete its key
    #[arg(long)]
    disable_2fa: bool,

    /// Keep the sessions of the account
    #[arg(long)]
    keep_sessions: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Mod {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        if self.password.is_given() && self.password.is_typed(&context.person) && !self.restore {
            live_user(context, &user)?;
        }
        let password = self.password.take(context)?;
        let generated = password.as_ref().is_some_and(|password| password.generated);
        let mut fields = self.fields.into_fields()?;
        fields.password = password.map(|password| password.secret);
        let target = ModTarget {
            user,
            restore: self.restore.then_some(true),
            disable_2fa: self.disable_2fa.then_some(true),
            keep_sessions: self.keep_sessions.then_some(true),
        };
        let args = users::Mod { target, fields };
        let reply = context.call::<UsersMod>(&args)?;
        context.note(&summary(&reply.value));
        let generated = args.fields.password.as_ref().filter(|_| generated);
        if self.json.json {
            return output::json(&reply.raw, generated);
        }
        generated.map_or(Ok(()), |secret| output::line(secret.expose()))
    }
}

fn summary(done: &ModResult) -> String {
    let name = &done.user.name;
    let is_back = done.changed.iter().any(|argument| argument == "restore");
    let others = done.changed.iter().filter(|argument| *argument != "restore");
    let changed = others.map(String::as_str).collect::<Vec<_>>().join(", ");
    let ended = sessions_ended(done.sessions_revoked);
    match (is_back, changed.is_empty()) {
        (false, true) => format!("nothing changed for user {name}"),
        (false, false) => format!("changed {changed} of user {name}; {ended}"),
        (true, true) => format!("restored user {name}"),
        (true, false) => format!("restored user {name} and changed {changed}; {ended}"),
    }
}
