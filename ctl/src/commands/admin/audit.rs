//! `admin audit`: the record of every change.

use clap::{Args, Subcommand};
use photoprism_protocol::args::Int;
use photoprism_protocol::audit;
use photoprism_protocol::audit::{AuditLs, AuditVerify};

use crate::commands::listing;
use crate::context::{Context, decode};
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::{CountFlag, FormatFlags, JsonFlag};
use crate::object::Object;
use crate::output;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin audit ls       the newest 100 changes
  photoprism admin audit verify   is the record whole";

/// The record of every change
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with the record.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List the changes, newest first
    Ls(Ls),
    /// Check that no record is missing or altered
    Verify(Verify),
}

impl Audit {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Ls(command) => command.run(context),
            Verb::Verify(command) => command.run(context),
        }
    }
}

const LS_EXAMPLES: &str = "\
Examples:
  photoprism admin audit ls             the newest 100
  photoprism admin audit ls -n 0 --csv  all of them, for a spreadsheet";

/// List the changes, newest first
#[derive(Debug, Args)]
#[command(after_long_help = LS_EXAMPLES)]
pub(crate) struct Ls {
    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Ls {
    fn run(self, context: &mut Context) -> Result<(), CliError> {
        let args = |limit, cursor| audit::Ls { limit, cursor };
        let listing = listing::fetch::<AuditLs>(context, self.count.count, args)?;
        listing.print(context, self.format, ("record", &table))
    }
}

fn table(records: &[Object<'_>]) -> Report {
    let rows = records.iter().map(|record| {
        vec![
            record.figure("number"),
            record.time("at"),
            record.figure("uid"),
            record.figure("gid"),
            record.figure("pid"),
            record.text("socket"),
            record.text("command"),
            record.text("target"),
            record.text("hash"),
        ]
    });
    let columns =
        vec!["Number", "Time", "UID", "GID", "PID", "Socket", "Command", "Target", "Hash"];
    Report { columns, rows: rows.collect() }
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  photoprism admin audit verify                           is the chain whole
  photoprism admin audit verify --number 4711 --hash HEX  and does it still contain that record

The daemon logs number and hash of its newest record at start, at stop and every 1,000 records: a
chain whose end was cut off is whole, but no longer contains that record.";

/// Check that no record is missing or altered; exits with 1 where one is
#[derive(Debug, Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    /// Number of a record that must still be in the chain
    #[arg(long, value_name = "N", requires = "hash")]
    number: Option<u64>,

    /// Hash of that record, 64 hex digits
    #[arg(long, value_name = "HASH", requires = "number")]
    hash: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Verify {
    fn run(self, context: &mut Context) -> Result<(), CliError> {
        let number = self.number.map(|number| Int(number.into()));
        let args = audit::Verify { number, hash: self.hash };
        let result = context.call_untyped::<AuditVerify>(&args)?;
        let found = decode(&result)?;
        if self.json.json {
            output::json(&result, None)?;
        } else {
            output::line(&escape::line(&verdict(&found)))?;
        }
        if found.is_true("ok") { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

fn verdict(found: &Object<'_>) -> String {
    let records = format::count(found.number("records"), "record");
    let head = found.within("head");
    let head = match head.some_text("hash") {
        Some(hash) => ["head ", &head.figure("number"), " ", &hash].concat(),
        None => "no head".into(),
    };
    let broken_at = found.figure("broken_at");
    let what = match (found.is_true("ok"), broken_at.as_str()) {
        (true, _) => "ok:",
        (false, "") => "broken: the record that was asked for is missing;",
        (false, number) => &["broken at record ", number, ":"].concat(),
    };
    [what, " ", &records, ", ", &head].concat()
}
