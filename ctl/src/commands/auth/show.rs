//! `auth show`.

use clap::Args;
use photoprism_protocol::auth::{AuthShow, Target};

use crate::commands::identifier;
use crate::context::{Context, decode};
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::output;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism auth show sessabcd0123          for people
  photoprism auth show sessabcd0123 --json   for programs
  photoprism auth show - < token             whose is that secret";

/// Show all properties of a session
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Show {
    /// Reference id, session id, access token or app password, - for standard input; asked for
    /// where it is left out
    identifier: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let session = identifier::take(context, self.identifier)?;
        let result = context.call::<AuthShow>(&Target { session })?;
        let found = decode(&result)?;
        let session = found.object("session")?;
        match self.format.layout() {
            None => output::line(&escape::json(found.raw("session"))),
            Some(layout) => Report::properties(properties(&session), layout).print(layout),
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(session: &Object<'_>) -> Vec<(&'static str, String)> {
    let text = |key| session.text(key);
    let time = |key| session.time(key);
    let user = session.within("user");
    let idle =
        session.raw("idle_timeout_s").parse().map_or_else(|_| String::new(), format::seconds);
    vec![
        ("Authentication Method", format::authentication(&text("provider"), &text("method"))),
        ("Client", text("client_name")),
        ("Client UID", text("client_uid")),
        ("Created At", time("created_at")),
        ("Current IP", text("client_ip")),
        ("Expired", format::yes(session.is_true("expired"))),
        ("Expires At", format::expiry(session.some_text("expires_at").as_deref())),
        ("Grant", text("grant")),
        ("Idle Timeout", idle),
        ("Last Active", time("last_active")),
        ("Last Login", time("login_at")),
        ("Login IP", text("login_ip")),
        ("Scope", text("scope")),
        ("Session ID", text("id")),
        ("User", user.text("name")),
        ("User Agent", text("user_agent")),
        ("User UID", user.text("uid")),
    ]
}
