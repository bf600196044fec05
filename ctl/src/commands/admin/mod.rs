//! `admin`: what concerns the daemon itself.

mod audit;
mod backup;
mod call;
mod clock;
mod compose;
mod doctor;
mod metrics;
mod prometheus_text;
mod status;
mod tree;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism admin status         show the daemon's status
  photoprism admin audit ls       who changed what
  photoprism admin audit verify   check that the record is complete
  photoprism admin backup create  a copy of the accounts
  photoprism admin doctor         what is wrong, and what to do
  photoprism admin metrics        figures for monitoring
  photoprism admin clock          what counts as now for all that expires
  photoprism admin compose        set up PhotoPrism's Compose project for the daemon
  photoprism admin completions bash > /etc/bash_completion.d/photoprism
  photoprism admin man /usr/local/share/man/man1";

/// Manage the daemon itself
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with the daemon.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Show daemon status
    Status(status::Status),
    /// The record of every change
    Audit(audit::Audit),
    /// Find out what is wrong with the installation, and what to do
    Doctor(doctor::Doctor),
    /// Print figures for monitoring, as Prometheus reads them
    Metrics(metrics::Metrics),
    /// Show the clock, and the floor under "now" for all that expires
    Clock(clock::Clock),
    /// Set up PhotoPrism's Compose project for the daemon, or take that back
    Compose(compose::Compose),
    /// Print a script that completes command lines: bash, zsh or fish
    Completions(tree::Completions),
    /// Write manual pages into a directory
    Man(tree::Man),
    /// Create and restore backups of the accounts
    Backup(backup::Backup),
    /// Send one command of the protocol, and print its result as JSON
    Call(call::Call),
}

impl Admin {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Status(command) => command.run(context),
            Verb::Audit(verb) => verb.run(context),
            Verb::Doctor(command) => command.run(context),
            Verb::Metrics(metrics) => metrics.run(context),
            Verb::Clock(command) => command.run(context),
            Verb::Compose(command) => command.run(context),
            Verb::Completions(command) => command.run(context),
            Verb::Man(command) => command.run(context),
            Verb::Backup(verb) => verb.run(context),
            Verb::Call(command) => command.run(context),
        }
    }
}
