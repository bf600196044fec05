//! `backup.ls`.

use photoprism_protocol::backup::{self, BackupLs, Entry};
use photoprism_protocol::list::Page;

use crate::commands::cursor::fingerprint;
use crate::commands::page::{PageRequest, page};
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{BackupEntry, BackupOrigin, Db, backup_list, cursor_key};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<BackupLs, _>(parse, ls).await.map_err(CommandError::of_read)
}

fn parse(args: backup::Ls) -> Result<PageRequest, CommandError> {
    PageRequest::new(args.limit, args.cursor, fingerprint("backup.ls", &()))
}

/// One page of backups, newest first.
fn ls(db: &Db, request: &Request<PageRequest>) -> Result<Reply<Page<Entry>>, CommandError> {
    let window = &request.args;
    let key = cursor_key(db)?;
    let first: Option<(i64, String)> = None;
    let before = window.position(&key, first)?;
    let found = backup_list(db.backups())?;
    let rows = found
        .into_iter()
        .map(|entry| (Some((entry.made, entry.file.clone())), entry))
        .filter(|(place, _)| before.is_none() || *place < before)
        .take(window.limit + 1);
    page(window, &key, rows.map(|(place, entry)| (place, to_wire(entry))))
}

fn to_wire(entry: BackupEntry) -> Entry {
    let origin = match entry.origin {
        BackupOrigin::Automatic => "automatic",
        BackupOrigin::Manual => "manual",
        BackupOrigin::Migration => "migration",
        BackupOrigin::Periodic => "periodic",
    };
    let created = jiff::Timestamp::from_second(entry.made);
    Entry {
        file: entry.file,
        path: entry.path.display().to_string(),
        origin: origin.into(),
        bytes: entry.bytes,
        created_at: created.map(to_rfc3339).unwrap_or_default(),
    }
}
