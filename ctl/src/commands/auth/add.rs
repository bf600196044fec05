//! `auth add`.

use clap::Args;
use photoprism_protocol::args::Int;
use photoprism_protocol::auth;
use photoprism_protocol::auth::{AuthAdd, Session};
use photoprism_protocol::secret::Secret;

use crate::commands::checked::live_user;
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{JsonFlag, values};
use crate::report::{Layout, Report};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism auth add -n Sync -s webdav admin           an app password of admin for WebDAV
  photoprism auth add -n Phone -s '*' -e never bob      one with all scopes that never expires
  photoprism auth add -n Metrics -s metrics -e 90d      an access token not tied to a user, for 90 days
  photoprism auth add -q -n Sync -s webdav bob > file   only the secret

The secret is shown this once: only its hash is kept. It ends after a year unless -e is given.";

/// Create an app password, or without a user name an access token
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Add {
    /// User name or UID; without one the access token is not tied to a user
    username: Option<String>,

    /// Name of the client, asked for if left out
    #[arg(short, long, value_name = "CLIENT")]
    name: Option<String>,

    /// Authorization scopes, * for all; asked for if left out
    #[arg(short, long, value_name = "SCOPES")]
    scope: Option<String>,

    /// Lifetime: seconds, 90d, 12h or never
    #[arg(short, long, value_name = "LIFETIME", allow_hyphen_values = true,
          value_parser = values::lifetime)]
    expires: Option<i64>,

    /// Print only the secret
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Add {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let asks = self.name.is_none() || self.scope.is_none();
        if let Some(user) = self.username.as_ref().filter(|_| asks && context.person.interactive) {
            live_user(context, user)?;
        }
        let name = prompt::text(&context.person, self.name, "Client Name", "--name")?;
        let scope = prompt::text(&context.person, self.scope, "Authorization Scope", "--scope")?;
        let expires_in = self.expires.map(|seconds| Int(seconds.into()));
        let args = auth::Add { name, scope, user: self.username, expires_in };
        let reply = context.call::<AuthAdd>(&args)?;
        let secret = output::shown(reply.value.secret.as_ref())?;
        if self.json.json {
            output::json(&reply.raw, None)
        } else if self.quiet {
            output::line(secret.expose())
        } else {
            show(context, &reply.value.session, secret)
        }
    }
}

fn show(context: &mut Context, session: &Session, secret: &Secret) -> Result<(), CliError> {
    let (kind, column) = match &session.user {
        Some(user) => (format!("app password of {}", user.name), "App Password"),
        None => ("access token".into(), "Access Token"),
    };
    context.note(&format!("write this {kind} down, it will not be shown again:"));
    let rows = vec![vec![secret.expose().into(), session.scope.clone()]];
    let columns = vec![column, "Authorization Scope"];
    Report { columns, rows, ..Report::default() }.print(Layout::Table)
}
