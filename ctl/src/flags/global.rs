//! Flags that every command takes, before or after its name.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::values;

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Socket of the daemon (or `PHOTOPRISM_ADMIN_SOCKET`)
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// How long to wait for each answer: 40s, 500ms, 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "40s", value_parser = values::timeout)]
    pub timeout: Duration,

    /// Do not ask questions (or `PHOTOPRISM_CLI=noninteractive`)
    #[arg(long, global = true)]
    pub no_input: bool,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}
