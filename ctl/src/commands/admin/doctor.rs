//! `admin doctor`: what is wrong with the installation. Works where no daemon runs as well.

use clap::Args;
use photoprism_protocol::doctor as wire;
use photoprism_protocol::doctor::Check;
use photoprism_protocol::status::NoArgs;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::output;
use crate::report::{self, Layout, Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin doctor           what was checked, and what to do
  photoprism admin doctor --json    for programs

Exits with 0 where there is nothing to do, with 1 where there is, and as every command does where
the daemon cannot be asked (69 no daemon, 77 no permission): what can be seen from here is shown
all the same.";

/// Find out what is wrong with the installation, and what to do
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Doctor {
    #[command(flatten)]
    format: FormatFlags,
}

impl Doctor {
    /// Carries it out.
    ///
    /// # Errors
    /// Why the daemon could not be asked, or that there is something to do.
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let mut checks = Checks::default();
        for check in context.socket_choice()?.probe() {
            checks.push(check)?;
        }
        let end = match context.call::<wire::Doctor>(&NoArgs {}) {
            Ok(reply) => {
                let written: Written = decode::result(reply.raw.get())?;
                checks.extend(reply.value.checks, &written.checks);
                if reply.value.ok { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
            }
            Err(error @ CliError::Interrupted(_)) => return Err(error),
            Err(error) => {
                checks.push(Check::bad("daemon", "no good answer", error.message()))?;
                Err(error)
            }
        };
        let layout = self.format.layout();
        match layout {
            None => output::line(&escape::json(&checks.json(end.is_ok())))?,
            Some(layout) => table(&checks.all).print(layout)?,
        }
        if layout == Some(Layout::Table) && report::terminal_width().is_some() {
            let problems = checks.all.iter().filter(|check| !check.ok).count();
            context.note(&match problems {
                0 => "no problems".into(),
                _ => format::count(problems as u64, "problem"),
            });
        }
        end
    }
}

/// The checks as the daemon wrote them: a newer one may have more keys.
#[derive(Deserialize)]
struct Written {
    checks: Vec<Box<RawValue>>,
}

/// What was checked, from here first, and the same as JSON.
#[derive(Default)]
struct Checks {
    all: Vec<Check>,
    texts: Vec<String>,
}

impl Checks {
    /// Adds one of this program.
    fn push(&mut self, check: Check) -> Result<(), CliError> {
        let text = serde_json::to_string(&check)
            .map_err(|error| CliError::System("cannot write a check", error.into()))?;
        self.texts.push(text);
        self.all.push(check);
        Ok(())
    }

    /// Adds those of the daemon.
    fn extend(&mut self, checks: Vec<Check>, texts: &[Box<RawValue>]) {
        self.all.extend(checks);
        self.texts.extend(texts.iter().map(|text| text.get().to_owned()));
    }

    fn json(&self, ok: bool) -> String {
        let ok = if ok { "true" } else { "false" };
        ["{\"ok\":", ok, ",\"checks\":[", &self.texts.join(","), "]}"].concat()
    }
}

fn table(checks: &[Check]) -> Report {
    let row = |check: &Check| {
        let advice = check.advice.clone().unwrap_or_default();
        vec![check.check.clone(), format::yes(check.ok), check.found.clone(), advice]
    };
    Report {
        columns: vec!["Check", "OK", "Found", "What To Do"],
        rows: checks.iter().map(row).collect(),
        ..Report::default()
    }
}
