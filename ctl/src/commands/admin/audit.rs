//! `admin audit`: the record of every change.

use clap::{Args, Subcommand};
use photoprism_protocol::args::Int;
use photoprism_protocol::audit;
use photoprism_protocol::audit::{AuditLs, AuditVerify, Record, VerifyResult};

use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::{CountFlag, FormatFlags, JsonFlag};
use crate::output;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin audit ls       the newest 100 changes
  photoprism admin audit verify   check that it is complete";

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
    #[command(alias = "list")]
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
        let listing = listing::fetch::<AuditLs, _>(context, self.count.count, args)?;
        listing.print(context, self.format, &Shown { noun: "record", table: &table })
    }
}

fn table(records: &[&Record]) -> Report {
    let rows = records.iter().map(|record| {
        vec![
            record.number.to_string(),
            format::time(Some(&record.at)),
            record.host.clone().unwrap_or_default(),
            record.uid.to_string(),
            record.gid.to_string(),
            record.pid.to_string(),
            record.socket.clone().unwrap_or_default(),
            record.command.clone(),
            record.target.clone(),
            record.hash.clone(),
        ]
    });
    let columns =
        vec!["Number", "Time", "Host", "UID", "GID", "PID", "Socket", "Command", "Target", "Hash"];
    let least = &["Hash", "PID", "GID", "Host", "Socket", "UID"];
    Report { columns, rows: rows.collect(), least, ..Report::default() }
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  photoprism admin audit verify                           check the whole chain
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
        let reply = context.call::<AuditVerify>(&args)?;
        let found = &reply.value;
        if self.json.json {
            output::json(&reply.raw, None)?;
        } else {
            output::line(&escape::line(&verdict(found)))?;
        }
        if found.ok { Ok(()) } else { Err(CliError::Reported(Exit::Failed)) }
    }
}

fn verdict(found: &VerifyResult) -> String {
    let records = format::count(found.records, "record");
    let head = match &found.head {
        Some(head) => format!("head {} {}", head.number, head.hash),
        None => "no head".into(),
    };
    let what = match (found.ok, found.broken_at) {
        (true, _) => "ok:",
        (false, None) => "broken: the record that was asked for is missing;",
        (false, Some(number)) => &format!("broken at record {number}:"),
    };
    [what, " ", &records, ", ", &head].concat()
}
