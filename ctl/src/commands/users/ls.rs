//! `users ls`.

use clap::Args;
use photoprism_protocol::args::Int;
use photoprism_protocol::users;
use photoprism_protocol::users::{User, UsersLs};

use crate::commands::listing::{self, Shown};
use crate::context::Context;
use crate::error::CliError;
use crate::flags::{CountFlag, FormatFlags, values};
use crate::report::{Report, format};

const EXAMPLES: &str = "\
Examples:
  photoprism users ls              all accounts
  photoprism users ls bob          those whose name or email begins with bob
  photoprism users ls -lar --csv   with all times, deleted ones too, for a spreadsheet
  photoprism users ls -n 0 --json  every one of them, for a program
  photoprism users ls --expiring 14d  those that end within two weeks";

/// List accounts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ls {
    /// `all`, an id, a UID, or how the name, email or display name begins
    search: Option<String>,

    /// Only accounts that expire within that time, as in 14d
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    expiring: Option<u64>,

    /// Only accounts without a login and without a use of a session for that time, as in 90d
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    inactive: Option<u64>,

    /// Only accounts that may log in and have no second factor
    #[arg(long)]
    without_2fa: bool,

    #[command(flatten)]
    columns: Columns,

    #[command(flatten)]
    count: CountFlag,

    #[command(flatten)]
    format: FormatFlags,
}

#[derive(Clone, Copy, Debug, Args)]
struct Columns {
    /// Show when each account last logged in
    #[arg(short, long)]
    login: bool,

    /// Show when each account was created
    #[arg(short = 'a', long)]
    created: bool,

    /// Show deleted accounts too
    #[arg(short = 'r', long)]
    deleted: bool,
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let deleted = self.columns.deleted.then_some(true);
        let args = |limit, cursor| users::Ls {
            search: self.search.clone(),
            deleted,
            expiring_within_s: self.expiring.map(|seconds| Int(seconds.into())),
            inactive_for_s: self.inactive.map(|seconds| Int(seconds.into())),
            without_2fa: self.without_2fa.then_some(true),
            limit,
            cursor,
        };
        let listing = listing::fetch::<UsersLs, _>(context, self.count.count, args)?;
        let table = |users: &[&User]| table(users, self.columns);
        listing.print(context, self.format, &Shown { noun: "user", table: &table })
    }
}

fn table(users: &[&User], show: Columns) -> Report {
    let mut columns =
        vec!["UID", "Username", "Role", "Authentication", "Super Admin", "Web Login", "WebDAV"];
    columns.extend(show.login.then_some("Last Login"));
    columns.extend(show.created.then_some("Created At"));
    columns.extend(show.deleted.then_some("Deleted At"));
    let least = &["UID", "Super Admin", "WebDAV", "Web Login", "Authentication", "Created At"];
    Report {
        columns,
        rows: users.iter().map(|user| row(user, show)).collect(),
        least,
        ..Report::default()
    }
}

fn row(user: &User, show: Columns) -> Vec<String> {
    let mut cells = vec![
        user.uid.clone(),
        user.name.clone(),
        format::role(&user.role),
        format::authentication(&user.provider, &user.method),
        format::yes(user.super_admin),
        format::enabled(user.may_login),
        format::enabled(user.may_webdav),
    ];
    cells.extend(show.login.then(|| format::time(user.login_at.as_deref())));
    cells.extend(show.created.then(|| format::time(user.created_at.as_deref())));
    cells.extend(show.deleted.then(|| format::time(user.deleted_at.as_deref())));
    cells
}
