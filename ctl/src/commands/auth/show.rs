//! `auth show`.

use clap::Args;
use photoprism_protocol::auth::{Session, Target};
use photoprism_protocol::command::CommandName;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::flags::FormatFlags;
use crate::commands::identifier;
use crate::context::{Context, decode};
use crate::failure::Failure;
use crate::output;
use crate::report::{Report, words};

const EXAMPLES: &str = "\
Examples:
  photoprism auth show sessabcd0123          for people
  photoprism auth show sessabcd0123 --json   for programs
  photoprism auth show - < token             whose is that secret";

/// Show all properties of a session
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Show {
    /// Reference id, session id, access token or app password, - for standard input; asked for
    /// where it is left out
    identifier: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        /// The object is kept as the daemon wrote it: a newer one may have more keys.
        #[derive(Deserialize)]
        struct OneSession {
            session: Box<RawValue>,
        }
        let session = identifier::take(context, self.identifier)?;
        let result = context.call(CommandName::AuthShow, &Target { session })?;
        let found: OneSession = decode(&result)?;
        match self.format.layout() {
            None => output::json(&found.session, None),
            Some(layout) => {
                Report::properties(properties(decode(&found.session)?), layout).print(layout)
            }
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(session: Session) -> Vec<(&'static str, String)> {
    let time = |value: &Option<String>| words::time(value.as_deref());
    let (user, user_uid) = session.user.map(|user| (user.name, user.uid)).unwrap_or_default();
    let idle = session.idle_timeout_s.map(words::seconds);
    vec![
        ("Authentication Method", words::authentication(&session.provider, &session.method)),
        ("Client", session.client_name),
        ("Client UID", session.client_uid),
        ("Created At", time(&session.created_at)),
        ("Current IP", session.client_ip),
        ("Expired", words::yes(session.expired)),
        ("Expires At", words::expiry(session.expires_at.as_deref())),
        ("Grant", session.grant),
        ("Idle Timeout", idle.unwrap_or_default()),
        ("Last Active", time(&session.last_active)),
        ("Last Login", time(&session.login_at)),
        ("Login IP", session.login_ip),
        ("Scope", session.scope),
        ("Session ID", session.id),
        ("User", user),
        ("User Agent", session.user_agent),
        ("User UID", user_uid),
    ]
}
