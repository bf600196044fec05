//! `admin completions` and `admin man`: the tree of commands for shells and for `man`. They need
//! no daemon.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output;
use crate::paths;
use crate::tree::completions::{Shell, script};
use crate::tree::{manual, visit};

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  photoprism admin completions bash > /etc/bash_completion.d/photoprism
  photoprism admin completions zsh > \"${fpath[1]}/_photoprism\"
  photoprism admin completions fish > ~/.config/fish/completions/photoprism.fish
  source <(photoprism admin completions bash)    for this shell alone";

/// Print a script that completes command lines: bash, zsh or fish
#[derive(Debug, Args)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct Completions {
    /// bash, zsh or fish
    #[arg(value_parser = shell)]
    shell: Shell,
}

fn shell(text: &str) -> Result<Shell, String> {
    match text {
        "bash" => Ok(Shell::Bash),
        "zsh" => Ok(Shell::Zsh),
        "fish" => Ok(Shell::Fish),
        _ => Err("give bash, zsh or fish".into()),
    }
}

impl Completions {
    pub(crate) fn run(self, context: &Context) -> Result<(), CliError> {
        output::data(&script(self.shell, (context.tree)()))
    }
}

const MAN_EXAMPLES: &str = "\
Examples:
  photoprism admin man /usr/local/share/man/man1
  photoprism admin man . && man -l photoprism.1

Where they are in /usr/local/share/man/man1, `man photoprism` finds them; `mandb` lists them
for `apropos`.";

/// Write manual pages into a directory, which is created where it is missing
#[derive(Debug, Args)]
#[command(after_long_help = MAN_EXAMPLES)]
pub(crate) struct Man {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let failed = |error| CliError::System("cannot write the manual pages", error);
        paths::check(&self.directory, "DIR")?;
        fs::create_dir_all(&self.directory).map_err(failed)?;
        let (mut count, mut written) = (0, Ok(()));
        visit((context.tree)(), &mut |path, command| {
            if written.is_ok() {
                let file = self.directory.join(manual::name(path) + ".1");
                written = fs::write(file, manual::page(path, command));
                count += 1;
            }
        });
        written.map_err(failed)?;
        context.note(&format!("wrote {count} pages to {}", self.directory.display()));
        context.note("man finds those in /usr/local/share/man/man1; mandb lists them for apropos");
        Ok(())
    }
}
