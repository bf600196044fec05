//! `admin backup restore`.

use clap::Args;
use photoprism_protocol::backup;
use photoprism_protocol::backup::{AccountChange, BackupRestore, RestoreResult};

use super::file::resolve;
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::{JsonFlag, YesFlag};
use crate::report::{Layout, Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup restore --dry-run FILE              what would change
  photoprism admin backup restore FILE                        asks first
  photoprism admin backup restore --yes --with-sessions FILE  undoes a reset to the last letter

What is there before goes into a backup of its own, which is named. All sessions, tokens and app
passwords end; with --with-sessions those of the backup come back, revoked ones too.";

/// Put the accounts of a backup in place of those that there are
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Restore {
    /// Name of the backup as `admin backup ls` lists it, or its path
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
        let question =
            format!("Put the accounts of {:?} in place of those that there are?", self.file);
        // A dry run needs nobody's consent.
        let given = self.yes.yes || self.dry_run;
        let consent = prompt::consent(&context.person, given, &question, "--yes")?;
        let args = backup::Restore {
            file: resolve(context, self.file)?,
            dry_run: self.dry_run.then_some(true),
            with_sessions: self.with_sessions.then_some(true),
        };
        let reply = context.call_agreed::<BackupRestore>(&consent, &args)?;
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
    Report { columns: vec!["UID", "Username", "Change", "Fields"], rows: rows.collect() }
}
