//! `users.ls`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::users;

use crate::accounts::account::to_wire;
use crate::accounts::cursor::fingerprint;
use crate::accounts::search;
use crate::error::CommandError;
use crate::handlers::context::Context;
use crate::handlers::find::no_nul;
use crate::handlers::page::{PageRequest, page};
use crate::store::{Db, UserPage, UserSearch, cursor_key, users_page};

/// A checked request.
#[derive(Debug)]
pub struct Ls {
    search: UserSearch,
    deleted: bool,
    window: PageRequest,
}

impl Ls {
    /// Checks the arguments.
    pub fn parse(args: users::Ls) -> Result<Self, CommandError> {
        no_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let deleted = args.deleted.unwrap_or(false);
        let print = fingerprint("users.ls", &(&search, deleted));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::read(&search), deleted, window })
    }
}

/// One page of accounts.
pub fn ls(db: &Db, context: &Context, request: &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, i64::MIN)?;
    let limit = request.window.limit + 1;
    let rows =
        users_page(db, &request.search, UserPage { after, limit, deleted: request.deleted })?;
    let kind = db.kind();
    let rows = rows.into_iter().map(|row| (row.id, to_wire(row, kind, context.now)));
    page(&request.window, &key, rows)
}
