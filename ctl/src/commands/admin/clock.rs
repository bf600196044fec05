//! `admin clock`: the instant that counts as "now" for all that expires.

use clap::Args;
use photoprism_protocol::clock::{ClockReset, ClockShow};
use photoprism_protocol::status::NoArgs;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::{FormatFlags, YesFlag};
use crate::report::{Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism admin clock           what is now, what the clock says
  photoprism admin clock --reset   after a clock that was wrong; see `date` first

The floor is the newest instant that is known; it keeps expired what has expired when the clock
goes back. `--reset` sets it to the clock, so that what expired by a wrong clock is good again.";

/// Show the clock, and the floor under "now" for all that expires
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Clock {
    /// Set the floor to the clock
    #[arg(long)]
    reset: bool,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Clock {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let time = |text: &str| format::time(Some(text));
        let (raw, pairs) = if self.reset {
            let question = "Set the floor to the clock? What expired since may be good again.";
            let consent = prompt::consent(&context.person, self.yes.yes, question, "--yes")?;
            let reply = context.call_agreed::<ClockReset>(&consent, &NoArgs {})?;
            let found = reply.value;
            (reply.raw, vec![("Floor", time(&found.floor)), ("Before", time(&found.before))])
        } else {
            let reply = context.call::<ClockShow>(&NoArgs {})?;
            let found = reply.value;
            let away = format::seconds(found.ahead_s.saturating_abs());
            let pairs = vec![
                ("Now", time(&found.now)),
                ("Clock", time(&found.clock)),
                ("Floor", time(&found.floor)),
                ("Difference", [if found.ahead_s < 0 { "-" } else { "" }, &away].concat()),
                ("State", found.state),
                ("Accepted At", format::time(found.accepted_at.as_deref())),
            ];
            (reply.raw, pairs)
        };
        match self.format.layout() {
            None => output::json(&raw, None),
            Some(layout) => Report::properties(pairs, layout).print(layout),
        }
    }
}
