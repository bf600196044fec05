//! `auth ls`.

use clap::Args;
use photoprism_protocol::auth::{AuthLs, Session};
use photoprism_protocol::list;

use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags};
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism auth ls               the 100 that were used last
  photoprism auth ls bob           those of users and clients whose name begins with bob
  photoprism auth ls expired       those that have ended
  photoprism auth ls -n 0 --csv    all of them, for a spreadsheet";

const NO_TOKENS: &str = "--tokens: secrets are stored as hashes and cannot be shown, and preview \
                         tokens are not handed out; a session is named by its Session ID";

/// List sessions of users and clients, most recently active first
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ls {
    /// `expired`, a reference id, a session id, a secret, a UID, or how the name of the user,
    /// client or provider begins
    search: Option<String>,

    /// As in `PhotoPrism`, where the tables have them: refused
    #[arg(long, hide = true)]
    tokens: bool,

    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        if self.tokens {
            return Err(CliError::Usage(NO_TOKENS.into()));
        }
        let args = |limit, cursor| list::Search { search: self.search.clone(), limit, cursor };
        let listing = listing::fetch::<AuthLs, _>(context, self.count.count, args)?;
        listing.print(context, self.format, &Shown { noun: "session", table: &table })
    }
}

fn table(sessions: &[&Session]) -> Report {
    let rows = sessions.iter().map(|session| {
        let client = &session.client_name;
        vec![
            session.id.clone(),
            session.user.as_ref().map_or_else(String::new, |user| user.name.clone()),
            format::authentication(&session.provider, &session.method),
            if client.is_empty() { "n/a".into() } else { client.clone() },
            session.scope.clone(),
            session.login_ip.clone(),
            session.client_ip.clone(),
            format::time(session.last_active.as_deref()),
            format::time(session.created_at.as_deref()),
            format::expiry(session.expires_at.as_deref()),
        ]
    });
    let columns = vec![
        "Session ID",
        "User",
        "Authentication Method",
        "Client",
        "Scope",
        "Login IP",
        "Current IP",
        "Last Active",
        "Created At",
        "Expires At",
    ];
    let least =
        &["Login IP", "Created At", "Authentication Method", "Current IP", "Expires At", "Scope"];
    Report { columns, rows: rows.collect(), least, ..Report::default() }
}
