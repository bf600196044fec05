//! `auth ls`.

use clap::Args;
use photoprism_protocol::auth::AuthLs;
use photoprism_protocol::list;

use crate::commands::listing;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags};
use crate::object::Object;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism auth ls               the 100 that were used last
  photoprism auth ls bob           those of users and clients whose name begins with bob
  photoprism auth ls expired       those that have ended
  photoprism auth ls -n 0 --csv    all of them, for a spreadsheet";

/// List sessions of users and clients, most recently active first
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ls {
    /// `expired`, a reference id, a session id, a secret, a UID, or how the name of the user,
    /// client or provider begins
    search: Option<String>,

    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let args = |limit, cursor| list::Search { search: self.search.clone(), limit, cursor };
        let listing = listing::fetch::<AuthLs>(context, self.count.count, args)?;
        listing.print(context, self.format, ("session", &table))
    }
}

fn table(sessions: &[Object<'_>]) -> Report {
    let rows = sessions.iter().map(|session| {
        let client = session.text("client_name");
        vec![
            session.text("id"),
            session.within("user").text("name"),
            format::authentication(&session.text("provider"), &session.text("method")),
            if client.is_empty() { "n/a".into() } else { client },
            session.text("scope"),
            session.text("login_ip"),
            session.text("client_ip"),
            session.time("last_active"),
            session.time("created_at"),
            format::expiry(session.some_text("expires_at").as_deref()),
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
    Report { columns, rows: rows.collect() }
}
