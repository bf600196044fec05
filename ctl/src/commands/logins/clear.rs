//! `logins clear`.

use clap::Args;
use photoprism_protocol::logins;
use photoprism_protocol::logins::LoginsClear;

use crate::commands::stakes;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, YesFlag};
use crate::report::format;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism logins clear --user bob        bob may try again at once
  photoprism logins clear --ip 192.0.2.7    that address may
  photoprism logins clear --yes             all records, and everybody may";

/// Clear records, counters and bans: all, or those of a user and of an address
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Clear {
    /// Only those under this name
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Only those from this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,

    #[command(flatten)]
    yes: YesFlag,

    #[command(flatten)]
    json: JsonFlag,
}

impl Clear {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let all = self.user.is_none() && self.ip.is_none();
        let short = format!("Clear {}?", whose(self.user.as_deref(), self.ip.as_deref()));
        let consent = if all {
            stakes::consent(context, self.yes.yes, &short, &|status| {
                format!(
                    "Clear {} of {} and all bans? No backup holds them.",
                    format::count(status.counts.logins, "login record"),
                    status.database.path,
                )
            })?
        } else {
            prompt::consent(&context.person, self.yes.yes, &short, "--yes")?
        };
        let args = logins::Clear { name: self.user, client_ip: self.ip };
        let reply = context.call_agreed::<LoginsClear>(&consent, &args)?;
        let removed = format::count(reply.value.removed, "login record");
        context.note(&format!("removed {removed}"));
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }
}

fn whose(user: Option<&str>, ip: Option<&str>) -> String {
    match (user, ip) {
        (None, None) => "all login records and bans".into(),
        (Some(user), None) => format!("the login records and bans of {user:?}"),
        (None, Some(ip)) => format!("the login records and bans of {ip:?}"),
        (Some(user), Some(ip)) => format!("the login records and bans of {user:?} and {ip:?}"),
    }
}
