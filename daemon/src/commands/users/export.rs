//! `users.export`: accounts as `users.import` reads them.

use photoprism_protocol::list::Page;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{self, Row, UsersExport};
use tracing::info;

use super::search;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page_until};
use crate::commands::properties::to_fields;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::store::{
    AccountPage, AccountSearch, Db, Found, StoreError, accounts_page, cursor_key, passcode_find,
    password_hash,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let mut secrets = false;
    let parse = |args: transfer::Export| {
        secrets = args.secrets.unwrap_or(false);
        Export::parse(args)
    };
    let page = runner.read::<UsersExport, _>(parse, export).await?;
    if secrets {
        // Not a write, so there is no audit record; but reading hashes must leave a trace.
        let uid = runner.uid();
        info!(target: REPEATED, uid, "password hashes and two-factor keys were exported");
    }
    Ok(page)
}

/// The checked arguments.
struct Export {
    search: AccountSearch,
    secrets: bool,
    window: PageRequest,
}

impl Export {
    fn parse(args: transfer::Export) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let secrets = args.secrets.unwrap_or(false);
        let print = fingerprint("users.export", &(&search, secrets));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::parse(&search), secrets, window })
    }
}

/// One page of accounts, without deleted ones and system rows: no import could create those.
fn export(db: &Db, request: &Request<Export>) -> Result<Reply<Page<Row>>, CommandError> {
    let Export { search, secrets, window } = &request.args;
    let key = cursor_key(db)?;
    let after = window.position(&key, i64::MIN)?.max(0);
    let limit = window.limit + 1;
    let search = search::resolve(db, search)?;
    let Found { rows, rest } =
        accounts_page(db, &search, AccountPage { after, limit, deleted: false })?;
    let mut written = Vec::with_capacity(rows.len());
    for (id, row) in rows {
        let (uid, two_factor) = (row.uid.clone(), row.has_two_factor());
        let mut line = Row { name: row.name.clone(), fields: to_fields(row), ..Row::default() };
        if *secrets {
            add_secrets(db, &uid, two_factor, &mut line)?;
        }
        written.push((id, line));
    }
    page_until(window, &key, written, rest)
}

/// A key that is not in use is left out: logins do not ask for its codes, and with the key in a row
/// an import turns two-factor authentication on.
fn add_secrets(db: &Db, uid: &str, two_factor: bool, line: &mut Row) -> Result<(), StoreError> {
    line.password_hash = password_hash(db, uid)?.map(Secret::new);
    if let Some(passcode) = passcode_find(db, uid)?.filter(|key| two_factor && key.is_active) {
        line.totp_url = Some(passcode.key_url);
        line.recovery_code = Some(passcode.recovery_code).filter(|code| !code.expose().is_empty());
    }
    Ok(())
}
