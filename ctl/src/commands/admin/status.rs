//! `admin status`.

use std::time::Duration;

use clap::Args;
use photoprism_protocol::status as wire;
use photoprism_protocol::status::{Backups, Database, NoArgs, StatusReply};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::output;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin status           for people
  photoprism admin status --json    for programs
  photoprism admin status --check   for health checks: exits 0 or 69 and says nothing";

/// Show daemon status: version, uptime, database, counts
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
        let reply = context.call::<wire::Status>(&NoArgs {})?;
        match self.format.layout() {
            None => output::json(&reply.raw, None),
            Some(layout) => Report::properties(properties(&reply.value), layout).print(layout),
        }
    }
}

/// Whatever is wrong, a health check sees one code.
fn check(context: &mut Context) -> Result<(), CliError> {
    context.mute();
    match context.call::<wire::Status>(&NoArgs {}) {
        Ok(reply) if !is_missing(&reply.value.database) => Ok(()),
        Ok(_) | Err(_) => Err(CliError::Reported(Exit::NoDaemon)),
    }
}

/// PhotoPrism's version is known as soon as its database exists.
fn is_missing(database: &Database) -> bool {
    database.kind == "photoprism" && database.photoprism_version.is_none()
}

fn properties(status: &StatusReply) -> Vec<(&'static str, String)> {
    let StatusReply { database, counts, connections, passwords, sockets, .. } = status;
    let daemons: Vec<&str> = status.daemons.iter().map(|daemon| &*daemon.host).collect();
    let missing = if is_missing(database) { " (does not exist yet)" } else { "" };
    let uptime = Duration::from_secs(status.uptime_s);
    vec![
        ("Version", status.version.clone()),
        ("Commit", status.commit.clone().unwrap_or_default()),
        ("Target", status.target.clone()),
        ("Protocol", status.protocol.to_string()),
        ("Process ID", status.pid.to_string()),
        ("Uptime", humantime::format_duration(uptime).to_string()),
        ("Database", [&database.path, missing].concat()),
        ("Database Kind", kind(&database.kind)),
        ("Database Server", database.server.clone().unwrap_or_default()),
        ("Schema", database.schema.map_or_else(String::new, |schema| schema.to_string())),
        ("PhotoPrism Version", database.photoprism_version.clone().unwrap_or_default()),
        ("PhotoPrism Edition", database.edition.clone().unwrap_or_default()),
        ("Users", counts.users.to_string()),
        ("Deleted Users", counts.deleted.to_string()),
        ("Sessions", counts.sessions.to_string()),
        ("Login Records", counts.logins.to_string()),
        ("Connections", format!("{} of {}", connections.open, connections.limit)),
        ("Passwords", format!("{} running, {} waiting", passwords.running, passwords.waiting)),
        ("Admin Socket", sockets.admin.clone()),
        ("Auth Socket", sockets.auth.clone().unwrap_or_default()),
        ("Daemons", daemons.join(", ")),
        ("Backups", status.backups.as_ref().map_or_else(String::new, backups)),
    ]
}

fn backups(backups: &Backups) -> String {
    let every = humantime::format_duration(Duration::from_secs(backups.every_s));
    let last =
        backups.last_at.as_deref().map_or_else(|| "none".into(), |at| format::time(Some(at)));
    let error = backups.last_error.iter().map(|error| format!(", then: {error}"));
    format!("every {every}, last: {last}") + &error.collect::<String>()
}

fn kind(kind: &str) -> String {
    match kind {
        "own" => "its own".into(),
        "photoprism" => "PhotoPrism's".into(),
        other => other.into(),
    }
}
