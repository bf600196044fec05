//! `users 2fa enroll`.

use std::io::{self, IsTerminal};

use clap::Args;
use photoprism_protocol::twofa::Users2faEnroll;
use photoprism_protocol::users::Target;

use super::qr;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::JsonFlag;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa enroll bob          prints the key, in a terminal as a QR code too
  photoprism users 2fa enroll bob --json   for programs

Nothing changes until `photoprism users 2fa confirm` got a first code of the app.";

/// Create a key for an authenticator app
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Enroll {
    /// User name or UID, asked for if left out
    username: Option<String>,

    /// Print the QR code also where standard output is not a terminal
    #[arg(long, conflicts_with = "json")]
    qr: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Enroll {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let args = Target { user };
        let reply = context.call::<Users2faEnroll>(&args)?;
        let url = output::shown(reply.value.url.as_ref())?;
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        output::line(&escape::line(url.expose()))?;
        let terminal = io::stdout().is_terminal();
        if self.qr || terminal {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            output::data(&qr::draw(url, terminal && !plain)?)?;
        }
        context.note("add this to an authenticator app; it will not be shown again");
        context.note(&format!(
            "then turn it on with a code of the app: photoprism users 2fa confirm {}",
            args.user
        ));
        Ok(())
    }
}
