//! `admin status`.

use std::time::Duration;

use clap::Args;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::status::{self, Database, NoArgs};

use crate::cli::flags::FormatFlags;
use crate::context::{Context, decode};
use crate::exit::Exit;
use crate::failure::Failure;
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
pub struct Status {
    /// Exit with 0, or with 69 where the daemon or its database is missing; print nothing
    #[arg(long, conflicts_with = "format")]
    check: bool,

    #[command(flatten)]
    format: FormatFlags,
}

impl Status {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        if self.check {
            return check(context);
        }
        let result = context.call(CommandName::Status, &NoArgs {})?;
        match self.format.layout() {
            None => output::json(&result, None),
            Some(layout) => Report::properties(properties(decode(&result)?), layout).print(layout),
        }
    }
}

/// Whatever is wrong, a health check sees one code.
fn check(context: &mut Context) -> Result<(), Failure> {
    context.mute();
    let result = context.call(CommandName::Status, &NoArgs {});
    match result.and_then(|result| decode::<status::Status>(&result)) {
        Ok(status) if !is_missing(&status.database) => Ok(()),
        Ok(_) | Err(_) => Err(Failure::Reported(Exit::NoDaemon)),
    }
}

/// PhotoPrism's database tells its version as soon as it is there.
fn is_missing(database: &Database) -> bool {
    database.kind == "photoprism" && database.photoprism_version.is_none()
}

fn properties(status: status::Status) -> Vec<(&'static str, String)> {
    let missing = is_missing(&status.database);
    let status::Status { database, counts, connections, passwords, sockets, .. } = status;
    let text = Option::unwrap_or_default;
    vec![
        ("Version", status.version),
        ("Protocol", status.protocol.to_string()),
        ("Process ID", status.pid.to_string()),
        ("Uptime", humantime::format_duration(Duration::from_secs(status.uptime_s)).to_string()),
        (
            "Database",
            if missing { format!("{} (not there yet)", database.path) } else { database.path },
        ),
        ("Database Kind", kind(&database.kind)),
        ("Schema", database.schema.map_or_else(String::new, |version| version.to_string())),
        ("PhotoPrism Version", text(database.photoprism_version)),
        ("PhotoPrism Edition", text(database.edition)),
        ("Users", counts.users.to_string()),
        ("Deleted Users", counts.deleted.to_string()),
        ("Sessions", counts.sessions.to_string()),
        ("Login Records", counts.logins.to_string()),
        ("Connections", format!("{} of {}", connections.open, connections.limit)),
        ("Passwords", format!("{} running, {} waiting", passwords.running, passwords.waiting)),
        ("Admin Socket", sockets.admin),
        ("Auth Socket", text(sockets.auth)),
    ]
}

fn kind(kind: &str) -> String {
    match kind {
        "own" => "its own".into(),
        "photoprism" => "PhotoPrism's".into(),
        other => other.into(),
    }
}
