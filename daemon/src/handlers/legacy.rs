//! `users.legacy`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::list::Search;
use photoprism_protocol::users::Legacy;

use super::context::Context;
use super::find::no_nul;
use super::page::{PageRequest, page};
use crate::accounts::cursor::fingerprint;
use crate::accounts::{search, times};
use crate::error::CommandError;
use crate::store::{Db, LegacyRow, UserSearch, cursor_key, legacy_page};

/// A checked request.
#[derive(Debug)]
pub struct Ls {
    search: UserSearch,
    window: PageRequest,
}

impl Ls {
    /// Checks the arguments.
    pub fn parse(args: Search) -> Result<Self, CommandError> {
        no_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("users.legacy", &text))?;
        Ok(Self { search: search::read(&text), window })
    }
}

/// One page of legacy accounts; an empty one where the table is missing.
pub fn ls(db: &Db, _: &Context, request: &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, 0)?;
    let rows = legacy_page(db, after, request.window.limit + 1, |row| {
        search::matches_legacy(&request.search, row)
    })?;
    page(&request.window, &key, rows.into_iter().map(|row| (row.id, to_wire(row))))
}

fn to_wire(row: LegacyRow) -> Legacy {
    Legacy {
        created_at: times::parse_stored(&row.created_at).map(times::to_rfc3339),
        id: row.id,
        uid: row.uid,
        name: row.name,
        user_name: row.user_name,
        email: row.email,
        admin: row.admin,
    }
}
