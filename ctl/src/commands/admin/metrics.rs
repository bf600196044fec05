//! `admin metrics`: figures for monitoring.

use clap::Args;
use photoprism_protocol::metrics as wire;
use photoprism_protocol::status::NoArgs;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  photoprism admin metrics
  photoprism admin metrics > /var/lib/prometheus/node-exporter/photoprismd.prom.$$ &&
    mv /var/lib/prometheus/node-exporter/photoprismd.prom.$$ \\
       /var/lib/prometheus/node-exporter/photoprismd.prom";

/// Print figures for monitoring, as Prometheus reads them
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Metrics {}

impl Metrics {
    pub(crate) fn run(context: &mut Context) -> Result<(), CliError> {
        let reply = context.call::<wire::Metrics>(&NoArgs {})?;
        // Needs no escaping: labels hold only names that the daemon itself defines.
        output::data(&reply.value.text)
    }
}
