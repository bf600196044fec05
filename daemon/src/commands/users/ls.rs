//! `users.ls`.

use std::time::Duration;

use photoprism_protocol::args::Int;
use photoprism_protocol::list::Page;
use photoprism_protocol::users::{self, User, UsersLs};
use serde::Serialize;

use super::search;
use crate::clock::Stopwatch;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page_until};
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Account, Edition, effective_rights};
use crate::session_index::PendingUses;
use crate::store::{
    AccountPage, AccountSearch, Db, Found, StoreError, accounts_page, cursor_key,
    session_used_since,
};

/// Longest time that may be asked about, in seconds: a hundred years.
const LONGEST: i64 = 100 * 365 * 24 * 3600;

/// When a page of what is filtered ends at the latest, full or not.
const READING: Duration = Duration::from_millis(40);

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<UsersLs, _>(|args| Ls::parse(args, runner), ls).await
}

/// The checked arguments, with the uses of sessions that are not yet written.
struct Ls {
    search: AccountSearch,
    deleted: bool,
    filter: Filter,
    window: PageRequest,
    uses: PendingUses,
}

/// Which of the accounts that are found are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Filter {
    expiring_within_s: Option<i64>,
    inactive_for_s: Option<i64>,
    without_2fa: bool,
}

impl Ls {
    fn parse(args: users::Ls, runner: &Runner<'_>) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let deleted = args.deleted.unwrap_or(false);
        let filter = Filter {
            expiring_within_s: seconds("expiring_within_s", args.expiring_within_s)?,
            inactive_for_s: seconds("inactive_for_s", args.inactive_for_s)?,
            without_2fa: args.without_2fa.unwrap_or(false),
        };
        let print = fingerprint("users.ls", &(&search, deleted, filter));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        let uses = runner.app.index.uses();
        Ok(Self { search: search::parse(&search), deleted, filter, window, uses })
    }
}

fn seconds(field: &'static str, given: Option<Int>) -> Result<Option<i64>, CommandError> {
    let Some(Int(given)) = given else { return Ok(None) };
    match i64::try_from(given) {
        Ok(seconds @ 1..=LONGEST) => Ok(Some(seconds)),
        _ => Err(CommandError::broken(
            field,
            "must be a number of seconds from 1 to 3153600000, which is a hundred years",
        )),
    }
}

/// One page of accounts.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<User>>, CommandError> {
    let key = cursor_key(db)?;
    let after = request.args.window.position(&key, i64::MIN)?;
    let (edition, now) = (db.kind().edition(), request.context.now);
    let found = filtered(db, request, after, edition)?;
    let rows = found.rows.into_iter().map(|(id, row)| (id, to_wire(row, edition, now)));
    page_until(&request.args.window, &key, rows, found.rest)
}

/// The accounts behind that id that the filter admits; without one that is the next page.
fn filtered(
    db: &Db,
    request: &Request<Ls>,
    mut after: i64,
    edition: Edition,
) -> Result<Found<i64, Account>, CommandError> {
    let Ls { search, deleted, filter, window, uses } = &request.args;
    let (limit, now) = (window.limit + 1, request.context.now.as_second());
    let search = search::resolve(db, search)?;
    let watch = Stopwatch::start();
    let mut listed = Vec::new();
    loop {
        let page = AccountPage { after, limit, deleted: *deleted };
        let found = accounts_page(db, &search, page)?;
        let last = found.rows.last().filter(|_| found.rows.len() == limit).map(|(id, _)| *id);
        if *filter == Filter::default() {
            return Ok(found);
        }
        for (id, account) in found.rows {
            let rights = effective_rights(&account, edition, request.context.now);
            if filter.admits(&account, rights.may_login, now)
                && filter.is_idle(db, &account, now, uses)?
            {
                listed.push((id, account));
            }
        }
        let rest = found.rest.or(last);
        match rest {
            Some(place) if listed.len() < limit && watch.elapsed() < READING => after = place,
            _ => {
                listed.truncate(limit);
                return Ok(Found { rows: listed, rest });
            }
        }
    }
}

impl Filter {
    /// What the account itself says; when it was used last, its sessions say as well.
    fn admits(self, account: &Account, may_login: bool, now: i64) -> bool {
        let ends = account.expires_at.map(|end| end.as_second() - now);
        let is_expiring = self
            .expiring_within_s
            .is_none_or(|within| ends.is_some_and(|left| (1..=within).contains(&left)));
        let login = account.login_at.map(|login| now - login.as_second());
        let is_away = self.inactive_for_s.is_none_or(|long| login.is_none_or(|ago| ago >= long));
        is_expiring && is_away && !(self.without_2fa && (account.has_two_factor() || !may_login))
    }

    /// Whether no session of the account was used for as long as is asked.
    fn is_idle(
        self,
        db: &Db,
        account: &Account,
        now: i64,
        uses: &PendingUses,
    ) -> Result<bool, StoreError> {
        let Some(long) = self.inactive_for_s else { return Ok(true) };
        let since = now - long + 1;
        let last_use = |id: &str| uses.last_use_of(id);
        Ok(!session_used_since(db, &account.uid, since, &last_use)?)
    }
}
