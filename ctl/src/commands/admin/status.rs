//! `admin status`.

use std::time::Duration;

use clap::Args;
use photoprism_protocol::status as wire;
use photoprism_protocol::status::NoArgs;

use crate::context::{Context, decode};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::output;
use crate::report::Report;

const EXAMPLES: &str = "\
Examples:
  photoprism admin status           for people
  photoprism admin status --json    for programs
  photoprism admin status --check   for health checks: exits 0 or 69 and says nothing";

/// Is the daemon well: version, uptime, database, counts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Status {
    /// Exit with 0, or with 69 where the daemon or its database is missing; print nothing
    #[arg(long, conflicts_with = "format")]
    check: bool,

    #[command(flatten)]
    format: FormatFlags,
}

impl Status {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        if self.check {
            return check(context);
        }
        let result = context.call_untyped::<wire::Status>(&NoArgs {})?;
        match self.format.layout() {
            None => output::json(&result, None),
            Some(layout) => {
                Report::properties(properties(&decode(&result)?)?, layout).print(layout)
            }
        }
    }
}

/// Whatever is wrong, a health check sees one code.
fn check(context: &mut Context) -> Result<(), CliError> {
    context.mute();
    let result = context.call_untyped::<wire::Status>(&NoArgs {});
    let missing = result.and_then(|result| {
        let status = decode(&result)?;
        Ok(is_missing(&status.object("database")?))
    });
    match missing {
        Ok(false) => Ok(()),
        Ok(true) | Err(_) => Err(CliError::Reported(Exit::NoDaemon)),
    }
}

/// PhotoPrism's version is known as soon as its database exists.
fn is_missing(database: &Object<'_>) -> bool {
    database.text("kind") == "photoprism" && database.raw("photoprism_version") == "null"
}

fn properties(status: &Object<'_>) -> Result<Vec<(&'static str, String)>, CliError> {
    let [database, counts, connections, passwords, sockets] =
        ["database", "counts", "connections", "passwords", "sockets"].map(|key| status.object(key));
    let (database, counts, connections, passwords, sockets) =
        (database?, counts?, connections?, passwords?, sockets?);
    let missing = if is_missing(&database) { " (does not exist yet)" } else { "" };
    let uptime = Duration::from_secs(status.number("uptime_s"));
    let number = |object: &Object<'_>, key| object.number(key).to_string();
    Ok(vec![
        ("Version", status.text("version")),
        ("Protocol", number(status, "protocol")),
        ("Process ID", number(status, "pid")),
        ("Uptime", humantime::format_duration(uptime).to_string()),
        ("Database", database.text("path") + missing),
        ("Database Kind", kind(&database.text("kind"))),
        ("Schema", database.raw("schema").replace("null", "")),
        ("PhotoPrism Version", database.text("photoprism_version")),
        ("PhotoPrism Edition", database.text("edition")),
        ("Users", number(&counts, "users")),
        ("Deleted Users", number(&counts, "deleted")),
        ("Sessions", number(&counts, "sessions")),
        ("Login Records", number(&counts, "logins")),
        ("Connections", number(&connections, "open") + " of " + connections.raw("limit")),
        (
            "Passwords",
            number(&passwords, "running") + " running, " + passwords.raw("waiting") + " waiting",
        ),
        ("Admin Socket", sockets.text("admin")),
        ("Auth Socket", sockets.text("auth")),
    ])
}

fn kind(kind: &str) -> String {
    match kind {
        "own" => "its own".into(),
        "photoprism" => "PhotoPrism's".into(),
        other => other.into(),
    }
}
