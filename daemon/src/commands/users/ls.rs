//! `users.ls`.

use photoprism_protocol::list::Page;
use photoprism_protocol::users::{self, User, UsersLs};

use super::search;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page_until};
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::store::{AccountPage, AccountSearch, Db, accounts_page, cursor_key};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<UsersLs, _>(Ls::parse, ls).await
}

/// The checked arguments.
struct Ls {
    search: AccountSearch,
    deleted: bool,
    window: PageRequest,
}

impl Ls {
    fn parse(args: users::Ls) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let deleted = args.deleted.unwrap_or(false);
        let print = fingerprint("users.ls", &(&search, deleted));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::parse(&search), deleted, window })
    }
}

/// One page of accounts.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<User>>, CommandError> {
    let Ls { search, deleted, window } = &request.args;
    let key = cursor_key(db)?;
    let after = window.position(&key, i64::MIN)?;
    let limit = window.limit + 1;
    let search = search::resolve(db, search)?;
    let found = accounts_page(db, &search, AccountPage { after, limit, deleted: *deleted })?;
    let (edition, now) = (db.kind().edition(), request.context.now);
    let rows = found.rows.into_iter().map(|(id, row)| (id, to_wire(row, edition, now)));
    page_until(window, &key, rows, found.rest)
}
