//! `audit.ls`.

use photoprism_protocol::audit::{self, AuditLs, Record};
use photoprism_protocol::list::Page;

use crate::commands::cursor::fingerprint;
use crate::commands::page::{PageRequest, page};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{AuditRow, Db, audit_page, cursor_key};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<AuditLs, _>(parse, ls).await
}

fn parse(args: audit::Ls) -> Result<PageRequest, CommandError> {
    PageRequest::new(args.limit, args.cursor, fingerprint("audit.ls", &()))
}

/// One page of records, newest first.
fn ls(db: &Db, request: &Request<PageRequest>) -> Result<Reply<Page<Record>>, CommandError> {
    let window = &request.args;
    let key = cursor_key(db)?;
    let before = window.position(&key, i64::MAX)?;
    let rows = audit_page(db, before, window.limit + 1)?;
    page(window, &key, rows.into_iter().map(|row| (row.number, record(row))))
}

fn record(row: AuditRow) -> Record {
    Record {
        number: row.number.unsigned_abs(),
        at: jiff::Timestamp::from_second(row.entry.at).map(to_rfc3339).unwrap_or_default(),
        host: row.host,
        uid: row.entry.uid,
        gid: row.entry.gid,
        pid: row.entry.pid,
        socket: Some(row.entry.socket).filter(|socket| !socket.is_empty()),
        command: row.entry.command,
        target: row.entry.target,
        hash: row.hash,
    }
}
