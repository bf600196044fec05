//! `users why`.

use clap::Args;
use photoprism_protocol::users::Target;
use photoprism_protocol::why::UsersWhy;

use crate::commands::logins::rows;
use crate::context::{Context, decode, decode_all};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::report::{Layout, Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users why bob          why bob cannot log in, and what to do
  photoprism users why bob --json   for programs";

/// Show why somebody cannot log in; exits with 0 if nothing prevents it, else with 1
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Why {
    /// User name or UID, asked for where it is left out
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
        let result = context.call_untyped::<UsersWhy>(&Target { user })?;
        let found = decode(&result)?;
        match self.format.layout() {
            None => output::json(&result, None)?,
            Some(layout) => show(context, &found, layout)?,
        }
        if found.is_true("can_log_in") { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

/// The reasons, and for people the latest attempts below them.
fn show(context: &mut Context, found: &Object<'_>, layout: Layout) -> Result<(), CliError> {
    let name = found.object("user")?.text("name");
    let (rows, attempts) = (found.rows("reasons")?, found.rows("attempts")?);
    context.note(&if found.is_true("can_log_in") {
        format!("{name} can log in with the right password")
    } else {
        format!("{name} cannot log in")
    });
    reasons(&decode_all(&rows)?).print(layout)?;
    let people = matches!(layout, Layout::Table | Layout::Markdown);
    if !people || attempts.is_empty() {
        return Ok(());
    }
    if !rows.is_empty() {
        output::line("")?;
    }
    rows::table(&decode_all(&attempts)?).print(layout)
}

fn reasons(reasons: &[Object<'_>]) -> Report {
    let rows = reasons.iter().map(|reason| {
        vec![
            reason.text("message"),
            format::yes(reason.is_true("blocks")),
            reason.text("command"),
            reason.time("until"),
        ]
    });
    Report { columns: vec!["Reason", "Blocks", "Fix", "Until"], rows: rows.collect() }
}
