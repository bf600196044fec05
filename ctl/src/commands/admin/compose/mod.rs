//! `admin compose`: sets up PhotoPrism's Compose project for the daemon, and takes that back. Needs
//! no daemon.

mod changes;
mod container;
mod env_lines;
mod project;
mod refused;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use self::changes::Changes;
use self::project::Project;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples, in PhotoPrism's directory:
  photoprism admin compose --dry-run   what it would change; exits with 10 if something
  photoprism admin compose             shows it, and asks
  photoprism admin compose --url       sessions end at once in the running PhotoPrism, too
  photoprism admin compose --undo      takes it back

It changes .env, keeps a copy of it, and with MariaDB writes photoprism-admin.env.";

/// What is to be done.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one switch each")]
pub(crate) struct Compose {
    url: bool,
    undo: bool,
    dry_run: bool,
    yes: bool,
}

/// By hand: what clap derives for switches is larger than all of this.
impl Args for Compose {
    fn augment_args(command: Command) -> Command {
        let switch = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        let dry_run = "Change nothing, only show what would be done: exits with 0 if nothing, 10 if something";
        command
            .arg(switch("url", "Let the daemon end sessions in the running PhotoPrism"))
            .arg(switch("undo", "Take it back; other lines stay"))
            .arg(switch("dry-run", dry_run))
            .arg(switch("yes", "Do not ask").short('y'))
            .after_long_help(EXAMPLES)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Compose {
    fn from_arg_matches(given: &ArgMatches) -> Result<Self, clap::Error> {
        let [url, undo, dry_run, yes] =
            ["url", "undo", "dry-run", "yes"].map(|name| given.get_flag(name));
        Ok(Self { url, undo, dry_run, yes })
    }

    fn update_from_arg_matches(&mut self, given: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(given)?;
        Ok(())
    }
}

impl Compose {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let mut changes = Changes::read()?;
        if self.undo {
            changes.undo();
        } else {
            let project = Project::find(&changes.old)?;
            changes.set_up(&project, self.url)?;
        }
        let shown = changes.shown();
        if shown.is_empty() {
            context.note("nothing to do");
            return Ok(());
        }
        output::data(&shown)?;
        if self.dry_run {
            return Err(CliError::Reported(Exit::Pending));
        }
        prompt::consent(&context.person, self.yes, "Change this?", "--yes")?;
        changes.write().map_err(|error| CliError::System("cannot write .env", error))?;
        let more = if self.undo { " --remove-orphans" } else { "" };
        context.note(&["changed; now run: docker compose up -d", more].concat());
        Ok(())
    }
}
