//! `passwd`: sets or removes the password of an account.

use clap::Args;
use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::passwd::{PasswdRemove, PasswdSet, Set};
use photoprism_protocol::users::Target;

use crate::commands::checked::live_user;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::password::{self, PasswordFlags};
use crate::prompt::TRIES;
use crate::report::format;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism passwd admin                           asks for the password twice
  photoprism passwd --generate bob                  generates one and prints it
  photoprism passwd --password-stdin bob < secret   reads it from standard input
  photoprism passwd --remove --yes bob              removes the password of bob

All sessions of the account end, save its app passwords, unless --keep-sessions is given.";

/// Change or remove the password of an account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Passwd {
    /// User name or UID, asked for if left out
    username: Option<String>,

    /// Print the new hash
    #[arg(short, long)]
    show: bool,

    /// Remove the password
    #[arg(long, visible_alias = "rm", conflicts_with_all = ["show", "password_way"])]
    remove: bool,

    /// Keep the sessions of the account
    #[arg(long, conflicts_with = "remove")]
    keep_sessions: bool,

    #[command(flatten)]
    password: PasswordFlags,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Passwd {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username.clone())?;
        if self.remove { self.remove(context, user) } else { self.set(context, user) }
    }

    fn remove(self, context: &mut Context, user: String) -> Result<(), CliError> {
        let question = format!("Remove the password of {user:?}?");
        let consent = prompt::consent(&context.person, self.yes.yes, &question, "--yes")?;
        let args = Target { user };
        let reply = context.call_agreed::<PasswdRemove>(&consent, &args)?;
        let (done, user) = (&reply.value, args.user);
        context.note(&if done.removed {
            format!("removed the password of {user}; {}", sessions_ended(done.sessions_revoked))
        } else {
            format!("{user} had no password")
        });
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }

    fn set(self, context: &mut Context, user: String) -> Result<(), CliError> {
        let typed = self.password.is_typed(&context.person);
        if typed {
            check_has_password(context, &user)?;
        }
        let password = password::take_or_ask(self.password, context)?;
        let mut args = Set {
            user,
            password: password.secret,
            keep_sessions: self.keep_sessions.then_some(true),
            show_hash: self.show.then_some(true),
        };
        let mut tries = 1;
        let reply = loop {
            match context.call::<PasswdSet>(&args) {
                Err(refused) if typed && tries < TRIES && refused.is_about("password") => {
                    refused.report(context.json);
                    args.password = password::ask(context)?.secret;
                    tries += 1;
                }
                other => break other?,
            }
        };
        let generated = password.generated.then_some(&args.password);
        context.note(&format!(
            "changed the password of {}; {}",
            args.user,
            sessions_ended(reply.value.sessions_revoked)
        ));
        if self.json.json {
            return output::json(&reply.raw, generated);
        }
        for secret in generated.into_iter().chain(&reply.value.hash) {
            output::line(secret.expose())?;
        }
        Ok(())
    }
}

/// Before a password is typed.
fn check_has_password(context: &mut Context, user: &str) -> Result<(), CliError> {
    let provider = live_user(context, user)?.provider;
    if matches!(&*provider, "default" | "local") {
        return Ok(());
    }
    let why = format!("the account has no password here: its provider is {provider}");
    let hint = "change the provider with: photoprism users mod -A local".into();
    Err(CliError::refused(ErrorCode::InvalidArgument, why, Some(hint)))
}

/// `2 sessions ended`.
pub(crate) fn sessions_ended(sessions: u64) -> String {
    format!("{} ended", format::count(sessions, "session"))
}
