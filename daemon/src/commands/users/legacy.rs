//! `users.legacy`.

use photoprism_protocol::list::{Page, Search};
use photoprism_protocol::users::{Legacy, UsersLegacy};

use super::search;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{AccountSearch, Db, LegacyRow, cursor_key, legacy_page};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<UsersLegacy, _>(Ls::parse, ls).await
}

/// The checked arguments.
struct Ls {
    search: AccountSearch,
    window: PageRequest,
}

impl Ls {
    fn parse(args: Search) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("users.legacy", &text))?;
        Ok(Self { search: search::parse(&text), window })
    }
}

/// One page of legacy accounts; an empty one where the table is missing.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<Legacy>>, CommandError> {
    let Ls { search, window } = &request.args;
    let key = cursor_key(db)?;
    let after = window.position(&key, 0)?;
    let search = search::resolve_legacy(db, search)?;
    let matches = |row: &LegacyRow| search::matches_legacy(&search, row);
    let rows = legacy_page(db, after, window.limit + 1, matches)?;
    page(window, &key, rows.into_iter().map(|row| (row.id, to_wire(row))))
}

fn to_wire(row: LegacyRow) -> Legacy {
    Legacy {
        created_at: row.created_at.map(to_rfc3339),
        id: row.id,
        uid: row.uid,
        name: row.name,
        user_name: row.user_name,
        email: row.email,
        admin: row.admin,
    }
}
