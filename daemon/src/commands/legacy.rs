//! `users.legacy`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::list::Search;
use photoprism_protocol::users::Legacy;

use super::context::Context;
use super::cursor::fingerprint;
use super::find::refuse_nul;
use super::page::{PageRequest, page};
use super::users::{matches_legacy, parse_search};
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{AccountSearch, Db, LegacyRow, cursor_key, legacy_page};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Ls {
    search: AccountSearch,
    window: PageRequest,
}

impl Ls {
    /// Checks the arguments.
    pub(crate) fn parse(args: Search) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("users.legacy", &text))?;
        Ok(Self { search: parse_search(&text), window })
    }
}

/// One page of legacy accounts; an empty one where the table is missing.
pub(crate) fn ls(db: &Db, _: &Context, request: &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, 0)?;
    let rows = legacy_page(db, after, request.window.limit + 1, |row| {
        matches_legacy(&request.search, row)
    })?;
    page(&request.window, &key, rows.into_iter().map(|row| (row.id, to_wire(row))))
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
