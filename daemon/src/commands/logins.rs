//! The noun `logins`: the record of attempts.

use jiff::Timestamp;
use photoprism_protocol::client::check_realm;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::logins::{self, ClearResult, Entry, RecordResult};
use photoprism_protocol::name::UserName;

use super::context::{Context, Outcome, success};
use super::find::refuse_nul;
use super::page::{PageRequest, page};
use super::write::{Key, WriteResult, run_write};
use crate::commands::cursor::fingerprint;
use crate::error::CommandError;
use crate::limiter::{ClientIp, NameHash, Subject};
use crate::model::{parse_expires_at, to_rfc3339};
use crate::store::{
    Attempt, AttemptStatus, Db, LoginFilter, LoginPage, LoginRow, Tx, account_by_name, cursor_key,
    limits_delete, limits_delete_all, login_record, logins_clear, logins_page, recorded_name,
};

/// A checked `logins.ls`.
#[derive(Debug)]
pub(crate) struct Ls {
    filter: LoginFilter,
    window: PageRequest,
}

impl Ls {
    /// Checks the arguments.
    pub(crate) fn parse(args: logins::Ls) -> Result<Self, CommandError> {
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

fn address(text: &str) -> Result<ClientIp, CommandError> {
    ClientIp::parse(text).map_err(|rule| CommandError::invalid("client_ip", &rule))
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
pub(crate) fn ls(db: &Db, _: &Context, request: &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, None)?;
    let rows = logins_page(db, &request.filter, &LoginPage { after, limit: request.window.limit })?;
    page(
        &request.window,
        &key,
        rows.into_iter().map(|row| (Some(row.position.clone()), to_wire(row))),
    )
    .map(Success::from)
}

/// The record as the wire shows it.
pub(super) fn to_wire(row: LoginRow) -> Entry {
    Entry {
        login_at: row.login_at.map(to_rfc3339),
        failed_at: row.failed_at.map(to_rfc3339),
        banned_at: row.banned_at.map(to_rfc3339),
        updated_at: row.updated_at.map(to_rfc3339),
        client_ip: row.client_ip,
        name: row.name,
        realm: row.realm,
        status: row.status,
        error: row.error,
        repeated: row.repeated,
        user_agent: row.user_agent,
    }
}

/// A checked `logins.record`.
#[derive(Debug)]
pub(crate) struct Record {
    client_ip: ClientIp,
    args: logins::Record,
}

impl Record {
    /// Checks the arguments.
    ///
    /// # Errors
    /// `invalid_argument`; nothing is recorded then.
    pub(crate) fn parse(args: logins::Record) -> Result<Self, CommandError> {
        let client_ip = address(&args.client_ip)?;
        refuse_nul("name", Some(&args.name))?;
        if let Some(realm) = &args.realm {
            check_realm(realm).map_err(|rule| CommandError::invalid("realm", &rule))?;
        }
        refuse_nul("error", args.error.as_deref())?;
        if args.ok && args.error.is_some() {
            return Err(CommandError::broken("error", "an attempt that succeeded has no error"));
        }
        refuse_nul("user_agent", args.user_agent.as_deref())?;
        Ok(Self { client_ip, args })
    }
}

/// Records an attempt that another program checked: it neither counts as a failure nor makes its
/// address trusted.
pub(crate) fn record(
    tx: &Tx<'_>,
    context: &Context,
    request: &Record,
) -> Result<Success, CommandError> {
    let args = &request.args;
    let error = args.error.as_deref().unwrap_or("");
    let status =
        if args.ok { AttemptStatus::Ok } else { AttemptStatus::Failed { reason: "failed", error } };
    login_record(
        tx,
        &Attempt {
            client_ip: request.client_ip.as_str(),
            name: &args.name,
            realm: args.realm.as_deref().unwrap_or("api"),
            status,
            user_agent: args.user_agent.as_deref().unwrap_or(""),
            banned: false,
            now: context.now,
        },
    )?;
    success(&RecordResult { recorded: true })
}

/// A checked `logins.clear`.
#[derive(Clone, Debug)]
pub(crate) struct Clear {
    name: Option<String>,
    client_ip: Option<ClientIp>,
}

/// Whose places `logins.clear` gives back, once it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lifted {
    /// Everybody's.
    All,
    /// Those of these subjects.
    Some(Vec<Subject>),
}

impl Clear {
    /// Checks the arguments.
    pub(crate) fn parse(args: &logins::Clear) -> Result<Self, CommandError> {
        refuse_nul("name", args.name.as_deref())?;
        let client_ip = args.client_ip.as_deref().map(address).transpose()?;
        Ok(Self { name: args.name.clone(), client_ip })
    }

    /// Whose places go with it.
    pub(crate) fn lifted(&self, db: &Db) -> Result<Lifted, CommandError> {
        if self.name.is_none() && self.client_ip.is_none() {
            return Ok(Lifted::All);
        }
        let mut subjects = Vec::new();
        if let Some(name) = &self.name {
            match account_by_name(db, &UserName::lookup_form(name))? {
                Some(row) => subjects.extend(Subject::of_account(&row.uid)),
                None => subjects.push(Subject::Name(NameHash::of(name))),
            }
        }
        subjects.extend(self.client_ip.as_ref().map(|ip| Subject::Address(ip.network())));
        Ok(Lifted::Some(subjects))
    }
}

/// Clears records, with the places of the account and the address.
pub(crate) fn clear(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    request: &Clear,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let ip = request.client_ip.as_ref().map(ClientIp::as_str);
        let removed = logins_clear(tx, request.name.as_deref(), ip)?;
        match request.lifted(tx)? {
            Lifted::All => limits_delete_all(tx)?,
            Lifted::Some(subjects) => {
                let rows: Vec<_> =
                    subjects.iter().map(|subject| (subject.kind(), subject.text())).collect();
                limits_delete(tx, &rows)?
            }
        };
        let target = request.name.as_deref().map(recorded_name).or_else(|| ip.map(Into::into));
        WriteResult::new(target.unwrap_or_default(), &ClearResult { removed })
    })
}
