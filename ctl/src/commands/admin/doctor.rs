//! `admin doctor`: what is wrong with the installation. Works where no daemon runs as well.

use clap::Args;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::doctor::{self, Check};
use photoprism_protocol::status::NoArgs;

use crate::cli::flags::FormatFlags;
use crate::context::{Context, decode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::{Report, escape, words};

const EXAMPLES: &str = "\
Examples:
  photoprism admin doctor           what was looked at, and what to do
  photoprism admin doctor --json    for programs

Exits with 0 where there is nothing to do, with 1 where there is, and as every command does where
the daemon cannot be asked (69 no daemon, 77 no permission): what can be seen from here is told
all the same.";

/// Find out what is wrong with the installation, and what to do
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Doctor {
    #[command(flatten)]
    format: FormatFlags,
}

impl Doctor {
    /// Carries it out.
    ///
    /// # Errors
    /// Why the daemon could not be asked, or that there is something to do.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut checks = context.socket_choice().look();
        let asked = context
            .call(CommandName::Doctor, &NoArgs {})
            .and_then(|result| decode::<doctor::Report>(&result));
        let end = match asked {
            Ok(theirs) => {
                checks.extend(theirs.checks);
                Ok(())
            }
            Err(failure @ Failure::Interrupted(_)) => return Err(failure),
            Err(failure) => {
                checks.push(Check::bad("daemon", "no good answer", failure.message()));
                Err(failure)
            }
        };
        let report = doctor::Report::from(checks);
        self.print(&report)?;
        end?;
        if report.ok { Ok(()) } else { Err(Failure::Reported(Exit::Failed)) }
    }

    fn print(&self, report: &doctor::Report) -> Result<(), Failure> {
        match self.format.layout() {
            None => {
                let text = serde_json::to_string(report)
                    .map_err(|error| Failure::System("cannot write the report", error.into()))?;
                output::line(&escape::json(&text))
            }
            Some(layout) => table(&report.checks).print(layout),
        }
    }
}

fn table(checks: &[Check]) -> Report {
    let row = |check: &Check| {
        let advice = check.advice.clone().unwrap_or_default();
        vec![check.check.clone(), words::yes(check.ok), check.found.clone(), advice]
    };
    Report {
        columns: vec!["Check", "OK", "Found", "What To Do"],
        rows: checks.iter().map(row).collect(),
    }
}
