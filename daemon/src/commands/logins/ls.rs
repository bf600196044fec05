//! `logins.ls`.

use jiff::Timestamp;
use photoprism_protocol::list::Page;
use photoprism_protocol::logins::{self, Entry, LoginsLs};

use super::{address, to_wire};
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page_until};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::parse_expires_at;
use crate::store::{Db, LoginFilter, LoginPage, cursor_key, logins_page, recorded_name};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<LoginsLs, _>(Ls::parse, ls).await
}

/// The checked arguments.
struct Ls {
    filter: LoginFilter,
    window: PageRequest,
}

impl Ls {
    fn parse(args: logins::Ls) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        refuse_nul("name", args.name.as_deref())?;
        let client_ip = args.client_ip.as_deref().map(address).transpose()?;
        let since = args.since.as_deref().map(since).transpose()?;
        let filter = LoginFilter {
            search: args.search.unwrap_or_default(),
            failed: args.failed,
            name: args.name.as_deref().map(recorded_name),
            client_ip: client_ip.map(|ip| ip.as_str().to_owned()),
            since,
        };
        let since = filter.since.map(Timestamp::as_second);
        let asked = (&filter.search, filter.failed, &filter.name, &filter.client_ip, since);
        let window = PageRequest::new(args.limit, args.cursor, fingerprint("logins.ls", &asked))?;
        Ok(Self { filter, window })
    }
}

fn since(text: &str) -> Result<Timestamp, CommandError> {
    match parse_expires_at(text) {
        Ok(Some(instant)) => Ok(instant),
        Ok(None) | Err(_) => {
            Err(CommandError::broken("since", "must be a time of RFC 3339: 2026-11-24T08:00:00Z"))
        }
    }
}

/// One page of records, the latest first.
fn ls(db: &Db, request: &Request<Ls>) -> Result<Reply<Page<Entry>>, CommandError> {
    let Ls { filter, window } = &request.args;
    let key = cursor_key(db)?;
    let after = window.position(&key, None)?;
    let found = logins_page(db, filter, &LoginPage { after, limit: window.limit })?;
    let rows = found.rows.into_iter().map(|(position, row)| (Some(position), to_wire(row)));
    page_until(window, &key, rows, found.rest.map(Some))
}
