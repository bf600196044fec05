//! `auth.ls`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::list::Search;
use photoprism_protocol::token::SessionRef;
use photoprism_protocol::uid::looks_like_uid;

use super::find::{id_of, to_wire};
use crate::commands::context::Context;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page};
use crate::error::CommandError;
use crate::model::LastUse;
use crate::store::{Db, SessionKey, SessionSearch, cursor_key, overlay_last_use, sessions_page};

/// A checked request, with the uses of sessions that are not yet written.
#[derive(Debug)]
pub(crate) struct Ls {
    search: SessionSearch,
    window: PageRequest,
    seen: Vec<LastUse>,
}

impl Ls {
    /// Checks the arguments.
    pub(crate) fn parse(
        args: Search,
        context: &Context,
        seen: Vec<LastUse>,
    ) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let text = args.search.unwrap_or_default();
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("auth.ls", &text))?;
        Ok(Self { search: read(&text, context.now.as_second()), window, seen })
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
pub(crate) fn ls(db: &Db, context: &Context, request: &Ls) -> Result<Success, CommandError> {
    overlay_last_use(db, &request.seen)?;
    let key = cursor_key(db)?;
    let after: Option<SessionKey> = request.window.position(&key, None)?;
    let limit = request.window.limit + 1;
    let rows = sessions_page(db, &request.search, after.as_ref(), limit)?;
    let now = context.now.as_second();
    let rows = rows.into_iter().map(|(key, session)| (Some(key), to_wire(session, now)));
    page(&request.window, &key, rows).map(Success::from)
}
