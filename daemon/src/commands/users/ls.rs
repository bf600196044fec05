//! `users.ls`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::users;

use super::properties::to_wire;
use super::search;
use crate::commands::context::Context;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page};
use crate::error::CommandError;
use crate::store::{AccountPage, AccountSearch, Db, accounts_page, cursor_key};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Ls {
    search: AccountSearch,
    deleted: bool,
    window: PageRequest,
}

impl Ls {
    /// Checks the arguments.
    pub(crate) fn parse(args: users::Ls) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let deleted = args.deleted.unwrap_or(false);
        let print = fingerprint("users.ls", &(&search, deleted));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::parse(&search), deleted, window })
    }
}

/// One page of accounts.
pub(crate) fn ls(db: &Db, context: &Context, request: &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, i64::MIN)?;
    let limit = request.window.limit + 1;
    let rows =
        accounts_page(db, &request.search, AccountPage { after, limit, deleted: request.deleted })?;
    let edition = db.kind().edition();
    let rows = rows.into_iter().map(|row| (row.id, to_wire(row, edition, context.now)));
    page(&request.window, &key, rows)
}
