//! `users why`.

use clap::Args;
use photoprism_protocol::logins::Entry;
use photoprism_protocol::users::Target;
use photoprism_protocol::why::{Reason, UsersWhy, WhyResult};

use crate::commands::logins::rows;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::report::{Layout, Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users why bob          why bob cannot log in, and what to do
  photoprism users why bob --json   for programs";

/// Show why an account cannot log in; exits with 0 if nothing prevents it, else with 1
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Why {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Why {
    /// Carries it out.
    ///
    /// # Errors
    /// [`Exit::Failed`] where the login would be refused; why it was not done.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let reply = context.call::<UsersWhy>(&Target { user })?;
        match self.format.layout() {
            None => output::json(&reply.raw, None)?,
            Some(layout) => show(context, &reply.value, layout)?,
        }
        if reply.value.can_log_in { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

/// The reasons, and for people the latest attempts below them.
fn show(context: &mut Context, found: &WhyResult, layout: Layout) -> Result<(), CliError> {
    let name = &found.user.name;
    context.note(&if found.can_log_in {
        format!("{name} can log in with the right password")
    } else {
        format!("{name} cannot log in")
    });
    reasons(&found.reasons).print(layout)?;
    let people = matches!(layout, Layout::Table | Layout::Markdown);
    if !people || found.attempts.is_empty() {
        return Ok(());
    }
    if !found.reasons.is_empty() {
        output::line("")?;
    }
    let attempts: Vec<&Entry> = found.attempts.iter().collect();
    rows::table(&attempts).print(layout)
}

fn reasons(reasons: &[Reason]) -> Report {
    let rows = reasons.iter().map(|reason| {
        vec![
            reason.message.clone(),
            format::yes(reason.blocks),
            reason.command.clone().unwrap_or_default(),
            format::time(reason.until.as_deref()),
        ]
    });
    Report {
        columns: vec!["Reason", "Blocks", "Fix", "Until"],
        rows: rows.collect(),
        ..Report::default()
    }
}
