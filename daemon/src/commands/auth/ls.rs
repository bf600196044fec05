//! `auth.ls`.

use photoprism_protocol::auth::{self, AuthLs};
use photoprism_protocol::list::{Page, Search};
use photoprism_protocol::token::SessionRef;
use photoprism_protocol::uid::looks_like_uid;

use super::find::{id_of, to_wire};
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::LastUse;
use crate::store::{Db, SessionKey, SessionSearch, cursor_key, overlay_last_use, sessions_page};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<AuthLs, _>(|args| Ls::parse(args, runner), ls).await
}

/// The checked arguments, with the uses of sessions that are not yet written.
struct Ls {
    search: SessionSearch,
    window: PageRequest,
    seen: Vec<LastUse>,
}

impl Ls {
    fn parse(args: Search, runner: &Runner<'_>) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("auth.ls", &text))?;
        let search = read(&text, runner.context.now.as_second());
        Ok(Self { search, window, seen: runner.app.index.pending_uses() })
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
        None => SessionSearch::Prefix { text: text.to_owned(), lower: text.to_lowercase() },
    }
}

/// One page of sessions, most recently active first.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<auth::Session>>, CommandError> {
    let Ls { search, window, seen } = &request.args;
    overlay_last_use(db, seen)?;
    let key = cursor_key(db)?;
    let after: Option<SessionKey> = window.position(&key, None)?;
    let rows = sessions_page(db, search, after.as_ref(), window.limit + 1)?;
    let now = request.context.now.as_second();
    page(window, &key, rows.into_iter().map(|(key, session)| (Some(key), to_wire(session, now))))
}
