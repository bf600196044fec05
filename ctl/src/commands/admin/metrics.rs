//! `admin metrics`: figures for monitoring.

use std::path::PathBuf;

use clap::Args;
use photoprism_protocol::metrics as wire;
use photoprism_protocol::status::NoArgs;

use super::prometheus_text;
use crate::context::Context;
use crate::error::CliError;
use crate::new_file::replace;
use crate::{output, paths};

const EXAMPLES: &str = "\
Examples:
  photoprism admin metrics
  photoprism admin metrics --file /var/lib/prometheus/node-exporter/photoprismd.prom
  photoprism admin metrics --openmetrics";

/// Print figures for monitoring, as Prometheus reads them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Metrics {
    /// OpenMetrics in place of the text format 0.0.4
    #[arg(long)]
    openmetrics: bool,

    /// Write a file, and rename it
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

impl Metrics {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        if let Some(path) = &self.file {
            paths::check(path, "--file")?;
        }
        let reply = context.call::<wire::Metrics>(&NoArgs {})?.value;
        let is_openmetrics = reply.content_type.starts_with("application/openmetrics-text");
        let text = if is_openmetrics && !self.openmetrics {
            prometheus_text::from_openmetrics(&reply.text)
        } else {
            reply.text
        };
        // Needs no escaping: labels hold only names that the daemon itself defines.
        match &self.file {
            None => output::data(&text),
            // Others may read it: the collector is another user's.
            Some(path) => replace(path, &text, 0o644, None)
                .map_err(|error| CliError::System("cannot write the file of --file", error)),
        }
    }
}
