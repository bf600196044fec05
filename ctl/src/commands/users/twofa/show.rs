//! `users 2fa show`.

use clap::Args;
use photoprism_protocol::twofa::Users2faShow;
use photoprism_protocol::users::Target;

use crate::context::{Context, decode};
use crate::error::CliError;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::report::{Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa show bob";

/// Show whether it is on
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Show {
    /// User name or UID, asked for where it is left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let result = context.call_untyped::<Users2faShow>(&Target { user })?;
        match self.format.layout() {
            None => output::json(&result, None),
            Some(layout) => Report::properties(properties(&decode(&result)?), layout).print(layout),
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(found: &Object<'_>) -> Vec<(&'static str, String)> {
    let state = match (found.is_true("active"), found.is_true("pending")) {
        (true, _) => "Enabled",
        (false, true) => "Waiting for a first code",
        (false, false) => "Disabled",
    };
    vec![
        ("Activated At", found.time("activated_at")),
        ("Created At", found.time("created_at")),
        ("Recovery Code", format::yes(found.is_true("has_recovery_code"))),
        ("Two-Factor", state.into()),
        ("UID", found.text("uid")),
        ("Username", found.text("name")),
    ]
}
