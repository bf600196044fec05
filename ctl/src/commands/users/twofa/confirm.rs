//! `users 2fa confirm`.

use clap::Args;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::twofa;
use photoprism_protocol::twofa::Users2faConfirm;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa confirm bob          asks for the code
  photoprism users 2fa confirm bob 123456";

/// Turn it on with a first code of the app
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Confirm {
    /// User name or UID, asked for if left out
    username: Option<String>,

    /// The code that the app shows now, asked for if left out
    code: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Confirm {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let code = prompt::text(&context.person, self.code, "Code", "it as CODE")?;
        let args = twofa::Confirm { user, passcode: Secret::new(code) };
        let reply = context.call::<Users2faConfirm>(&args)?;
        let code = output::shown(reply.value.recovery_code.as_ref())?;
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        context.note(&format!("two-factor authentication of {} is on", args.user));
        context.note("write this recovery code down, it will not be shown again:");
        output::line(code.expose())
    }
}
