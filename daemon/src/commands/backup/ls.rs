//! `backup.ls`.

use photoprism_protocol::backup::{self, Entry};
use photoprism_protocol::envelope::Success;

use crate::commands::context::Context;
use crate::commands::cursor::fingerprint;
use crate::commands::page::{PageRequest, page};
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{BackupEntry, BackupOrigin, Db, backup_directory, backup_list, cursor_key};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Ls(PageRequest);

impl Ls {
    /// Checks the arguments.
    pub(crate) fn parse(args: backup::Ls) -> Result<Self, CommandError> {
        PageRequest::new(args.limit, args.cursor, fingerprint("backup.ls", &())).map(Self)
    }
}

/// One page of backups, newest first.
pub(crate) fn ls(db: &Db, _: &Context, Ls(window): &Ls) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let first: Option<(i64, String)> = None;
    let before = window.position(&key, first)?;
    let found = backup_list(&backup_directory(db.path()))?;
    let rows = found
        .into_iter()
        .map(|entry| (Some((entry.made, entry.file.clone())), entry))
        .filter(|(place, _)| before.is_none() || *place < before)
        .take(window.limit + 1);
    page(window, &key, rows.map(|(place, entry)| (place, to_wire(entry)))).map(Success::from)
}

fn to_wire(entry: BackupEntry) -> Entry {
    let origin = match entry.origin {
        BackupOrigin::Automatic => "automatic",
        BackupOrigin::Manual => "manual",
        BackupOrigin::Migration => "migration",
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
