//! `users adopt`.

use clap::Args;
use photoprism_protocol::users;
use photoprism_protocol::users::{Adopted, UsersAdopt};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::JsonFlag;
use crate::output;
use crate::report::{Layout, Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism users legacy                  what an old PhotoPrism left
  photoprism users adopt --all --dry-run   what would become of it
  photoprism users adopt grandma           create an account from one
  photoprism users adopt --all             and from all

An account that exists is left alone. Names that break a rule are reported, never changed. Exits
with the code of the first that was not found (3) or refused (2).";

/// Create accounts from the legacy table of an old PhotoPrism
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Adopt {
    /// Names or UIDs of legacy accounts
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,

    /// Every legacy account
    #[arg(long)]
    all: bool,

    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Adopt {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let args = users::Adopt {
            names: (!self.all).then_some(self.names),
            all: self.all.then_some(true),
            dry_run: self.dry_run.then_some(true),
        };
        let reply = context.call::<UsersAdopt>(&args)?;
        let done = &reply.value;
        if self.json.json {
            output::json(&reply.raw, None)?;
        } else {
            table(&done.accounts).print(Layout::Table)?;
        }
        let adopted = format::count(done.adopted, "user");
        context.note(&if done.dry_run {
            format!("{adopted} would be adopted")
        } else {
            format!("adopted {adopted}")
        });
        let first = done.accounts.iter().find_map(|account| failed(&account.outcome));
        first.map_or(Ok(()), |exit| Err(CliError::Reported(exit)))
    }
}

/// The exit code of an outcome that is not a success.
fn failed(outcome: &str) -> Option<Exit> {
    match outcome {
        "adopted" | "exists" => None,
        "refused" => Some(Exit::Usage),
        "not_found" => Some(Exit::NotFound),
        _ => Some(Exit::Failed),
    }
}

fn table(accounts: &[Adopted]) -> Report {
    let columns = vec![
        "Name",
        "Outcome",
        "Username",
        "Display Name",
        "Email",
        "Role",
        "Web Login",
        "WebDAV",
        "Note",
    ];
    let least = &["Web Login", "WebDAV", "Display Name", "Role", "Email"];
    Report { columns, rows: accounts.iter().map(row).collect(), least, ..Report::default() }
}

fn row(account: &Adopted) -> Vec<String> {
    let outcome = account.outcome.replace('_', " ");
    let mut cells = vec![account.name.clone(), format::capital(&outcome)];
    match &account.user {
        None => cells.extend(std::iter::repeat_n(String::new(), 6)),
        Some(user) => cells.extend([
            user.name.clone(),
            user.display_name.clone(),
            user.email.clone(),
            format::role(&user.role),
            format::enabled(user.may_login),
            format::enabled(user.may_webdav),
        ]),
    }
    cells.push(account.message.clone().unwrap_or_default());
    cells
}
