//! `auth show`.

use clap::Args;
use photoprism_protocol::auth::{AuthShow, Session, Target};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::commands::identifier;
use crate::context::Context;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::output;
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism auth show sessabcd0123          for people
  photoprism auth show sessabcd0123 --json   for programs
  photoprism auth show - < token             which session a secret belongs to";

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
        let reply = context.call::<AuthShow>(&Target { session })?;
        match self.format.layout() {
            None => {
                let written: Written = decode::result(reply.raw.get())?;
                output::line(&escape::json(written.session.get()))
            }
            Some(layout) => {
                Report::properties(properties(&reply.value.session), layout).print(layout)
            }
        }
    }
}

/// The session as the daemon wrote it: a newer one may have more keys.
#[derive(Deserialize)]
struct Written {
    session: Box<RawValue>,
}

/// Names and values for people, sorted by name.
fn properties(session: &Session) -> Vec<(&'static str, String)> {
    let (name, uid) = match &session.user {
        Some(user) => (user.name.clone(), user.uid.clone()),
        None => (String::new(), String::new()),
    };
    vec![
        ("Authentication Method", format::authentication(&session.provider, &session.method)),
        ("Client", session.client_name.clone()),
        ("Client UID", session.client_uid.clone()),
        ("Created At", format::time(session.created_at.as_deref())),
        ("Current IP", session.client_ip.clone()),
        ("Expired", format::yes(session.expired)),
        ("Expires At", format::expiry(session.expires_at.as_deref())),
        ("Grant", session.grant.clone()),
        ("Idle Timeout", session.idle_timeout_s.map_or_else(String::new, format::seconds)),
        ("Last Active", format::time(session.last_active.as_deref())),
        ("Last Login", format::time(session.login_at.as_deref())),
        ("Login IP", session.login_ip.clone()),
        ("Scope", session.scope.clone()),
        ("Session ID", session.id.clone()),
        ("User", name),
        ("User Agent", session.user_agent.clone()),
        ("User UID", uid),
    ]
}
