//! `admin backup restore`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::{AccountChange, BackupRestore, BackupRm, RestoreResult};

use super::file::{Source, source};
use super::moved::send;
use crate::commands::stakes;
use crate::context::{Context, Reply};
use crate::error::CliError;
use crate::escape;
use crate::flags::{JsonFlag, YesFlag};
use crate::output;
use crate::prompt::Consent;
use crate::report::{Layout, Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup restore --dry-run FILE              what would change
  photoprism admin backup restore FILE                        asks first
  photoprism admin backup restore --yes --with-sessions FILE  undoes a reset to the last letter
  photoprism admin backup restore ~/accounts.db               sends a file of this machine
  photoprism admin backup restore --yes - < accounts.db

FILE is a backup of the daemon where it has one of that name or path, else a file of this machine. The
copy that is sent is checked as the daemon's own are, and deleted again at the end.

What is there before goes into a backup of its own, which is named. All sessions, tokens and app
passwords end; with --with-sessions those of the backup come back, revoked ones too.";

/// Put the accounts of a backup in place of those that there are
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Restore {
    /// Name of the backup as `admin backup ls` lists it, or its path; else a file to send, - for
    /// standard input
    file: String,

    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Bring sessions, tokens and app passwords back as well
    #[arg(long)]
    with_sessions: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Restore {
    pub(super) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let file = format!("{:?}", self.file);
        let source = source(context, self.file)?;
        let short = format!("Put the accounts of {file} in place of those that there are?");
        // A dry run needs nobody's consent.
        let given = self.yes.yes || self.dry_run;
        let consent = stakes::consent(context, given, &short, &|status| {
            format!(
                "Put the accounts of {file} in place of {} of {}, and end {}? A backup is written first.",
                format::count(status.counts.users, "account"),
                status.database.path,
                format::count(status.counts.sessions, "session"),
            )
        })?;
        let mut args = backup::Restore {
            file: String::new(),
            dry_run: self.dry_run.then_some(true),
            with_sessions: self.with_sessions.then_some(true),
        };
        let reply = restore(context, &consent, source, &mut args)?;
        let done = &reply.value;
        context.note(&summary(done));
        if self.json.json {
            return output::json(&reply.raw, None);
        }
        match &done.backup {
            Some(backup) => output::line(&escape::line(backup)),
            None => table(&done.accounts).print(Layout::Table),
        }
    }
}

/// Restores it. A file of this machine is sent before, and goes again whatever the outcome.
fn restore(
    context: &mut Context,
    consent: &Consent,
    source: Source,
    args: &mut backup::Restore,
) -> Result<Reply<RestoreResult>, CliError> {
    let file = match source {
        Source::Named(name) => {
            args.file = name;
            return context.call_agreed::<BackupRestore>(consent, args);
        }
        Source::Local(file) => file,
    };
    args.file = send(context, file)?.file.unwrap_or_default();
    let reply = context.call_agreed::<BackupRestore>(consent, args);
    let sent = backup::Rm { backup: args.file.clone() };
    if context.call_agreed::<BackupRm>(consent, &sent).is_err() {
        context.note(&format!("the copy that was sent is still there: {}", args.file));
    }
    reply
}

fn summary(done: &RestoreResult) -> String {
    let would = if done.dry_run { "would be " } else { "" };
    let end = if done.dry_run { "" } else { "; the backup that holds what was there before:" };
    format!(
        "{} {would}added, {} changed, {} removed, {} left as they are; {} {would}ended, {} \
         {would}restored{end}",
        format::count(done.added, "user"),
        done.changed,
        done.removed,
        done.unchanged,
        format::count(done.sessions_revoked, "session"),
        done.sessions_restored,
    )
}

fn table(accounts: &[AccountChange]) -> Report {
    let rows = accounts.iter().map(|account| {
        let change = format::capital(&account.change);
        vec![account.uid.clone(), account.name.clone(), change, account.fields.join(", ")]
    });
    Report {
        columns: vec!["UID", "Username", "Change", "Fields"],
        rows: rows.collect(),
        ..Report::default()
    }
}
