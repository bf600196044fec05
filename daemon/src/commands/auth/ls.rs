//! `auth.ls`.

use std::borrow::Cow;

use photoprism_protocol::auth::{self, AuthLs};
use photoprism_protocol::list::{Page, Search};
use photoprism_protocol::token::SessionRef;
use photoprism_protocol::uid::looks_like_uid;

use super::find::{id_of, to_wire};
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page_until};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::session_index::PendingUses;
use crate::store::{
    Db, SessionKey, SessionSearch, StoreError, account_by_uid, cursor_key, sessions_page,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<AuthLs, _>(|args| Ls::parse(args, runner), ls).await
}

/// The checked arguments, with the uses of sessions that are not yet written.
struct Ls {
    search: SessionSearch,
    text: String,
    window: PageRequest,
    uses: PendingUses,
}

impl Ls {
    fn parse(args: Search, runner: &Runner<'_>) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("auth.ls", &text))?;
        let search = read(&text, runner.context.now.as_second());
        Ok(Self { search, text, window, uses: runner.app.index.uses() })
    }
}

fn read(text: &str, now: i64) -> SessionSearch {
    match SessionRef::classify(text) {
        _ if text.is_empty() => SessionSearch::Everything,
        _ if text == "expired" => SessionSearch::Expired(now),
        Some(SessionRef::RefId(id)) => SessionSearch::RefId(id),
        Some(SessionRef::SessionId(id)) => SessionSearch::Id(id),
        Some(SessionRef::AccessToken(secret) | SessionRef::AppPassword(secret)) => {
            SessionSearch::Id(id_of(&secret))
        }
        None if looks_like_uid(text) => SessionSearch::Uid(text.to_owned()),
        None => prefix(text),
    }
}

fn prefix(text: &str) -> SessionSearch {
    SessionSearch::Prefix { text: text.to_owned(), lower: text.to_lowercase() }
}

/// The search in a database: what only has the form of an identifier is the beginning of a name, as
/// `sessionmaker` is.
fn resolve<'a>(db: &Db, args: &'a Ls) -> Result<Cow<'a, SessionSearch>, StoreError> {
    let Ls { search, text, uses, .. } = args;
    let is_nobodys = match search {
        SessionSearch::Everything | SessionSearch::Expired(_) | SessionSearch::Prefix { .. } => {
            false
        }
        SessionSearch::Uid(uid) if account_by_uid(db, uid)?.is_some() => false,
        SessionSearch::Uid(_) | SessionSearch::Id(_) | SessionSearch::RefId(_) => {
            let found = sessions_page(db, search, None, 1, uses)?;
            found.rows.is_empty() && found.rest.is_none()
        }
    };
    Ok(if is_nobodys { Cow::Owned(prefix(text)) } else { Cow::Borrowed(search) })
}

/// One page of sessions, most recently active first.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<auth::Session>>, CommandError> {
    let Ls { window, uses, .. } = &request.args;
    let search = resolve(db, &request.args)?;
    let key = cursor_key(db)?;
    let after: Option<SessionKey> = window.position(&key, None)?;
    let found = sessions_page(db, &search, after.as_ref(), window.limit + 1, uses)?;
    let now = request.context.now.as_second();
    let rows = found.rows.into_iter().map(|(key, session)| (Some(key), to_wire(session, now)));
    page_until(window, &key, rows, found.rest.map(Some))
}
