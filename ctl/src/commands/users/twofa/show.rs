//! `users 2fa show`.

use clap::Args;
use photoprism_protocol::twofa::{self, Users2faShow};
use photoprism_protocol::users::Target;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::FormatFlags;
use crate::report::{Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa show bob";

/// Show whether it is on
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Show {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let reply = context.call::<Users2faShow>(&Target { user })?;
        match self.format.layout() {
            None => output::json(&reply.raw, None),
            Some(layout) => Report::properties(properties(&reply.value), layout).print(layout),
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(found: &twofa::Show) -> Vec<(&'static str, String)> {
    let state = match (found.active, found.pending) {
        (true, _) => "Enabled",
        (false, true) => "Waiting for a first code",
        (false, false) => "Disabled",
    };
    vec![
        ("Activated At", format::time(found.activated_at.as_deref())),
        ("Created At", format::time(found.created_at.as_deref())),
        ("Recovery Code", format::yes(found.has_recovery_code)),
        ("Two-Factor", state.into()),
        ("UID", found.uid.clone()),
        ("Username", found.name.clone()),
    ]
}
