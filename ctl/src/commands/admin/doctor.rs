//! `admin doctor`: what is wrong with the installation. Works where no daemon runs as well.

use clap::Args;
use photoprism_protocol::doctor as wire;
use photoprism_protocol::doctor::Check;
use photoprism_protocol::status::NoArgs;
use serde_json::value::{RawValue, to_raw_value};

use crate::context::{Context, decode, decode_all};
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::output;
use crate::report::{Report, format};

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
        let own = context.socket_choice()?.probe();
        let mut rows = own.iter().map(written).collect::<Result<Vec<_>, _>>()?;
        let end = match context.call_untyped::<wire::Doctor>(&NoArgs {}) {
            Ok(result) => {
                let reply = decode(&result)?;
                rows.append(&mut reply.list("checks"));
                if reply.is_true("ok") { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
            }
            Err(error @ CliError::Interrupted(_)) => return Err(error),
            Err(error) => {
                rows.push(written(&Check::bad("daemon", "no good answer", error.message()))?);
                Err(error)
            }
        };
        self.print(&rows, end.is_ok())?;
        end
    }

    fn print(&self, rows: &[Box<RawValue>], ok: bool) -> Result<(), CliError> {
        let Some(layout) = self.format.layout() else {
            let ok = if ok { "true" } else { "false" };
            let checks: Vec<&str> = rows.iter().map(|row| row.get()).collect();
            let text = ["{\"ok\":", ok, ",\"checks\":[", &checks.join(","), "]}"].concat();
            return output::line(&escape::json(&text));
        };
        let rows = decode_all(rows)?;
        table(&rows).print(layout)
    }
}

fn written(check: &Check) -> Result<Box<RawValue>, CliError> {
    to_raw_value(check).map_err(|error| CliError::System("cannot write a check", error.into()))
}

fn table(checks: &[Object<'_>]) -> Report {
    let row = |check: &Object<'_>| {
        let ok = format::yes(check.is_true("ok"));
        vec![check.text("check"), ok, check.text("found"), check.text("advice")]
    };
    Report {
        columns: vec!["Check", "OK", "Found", "What To Do"],
        rows: checks.iter().map(row).collect(),
    }
}
