//! `backup.fetch`: the file of a backup, page by page.

use data_encoding::BASE64;
use photoprism_protocol::backup::{BackupFetch, FetchResult};
use photoprism_protocol::secret::Secret;
use tracing::info;

use super::{directory, parse_file, refusal};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::store::{FileState, backup_page};

/// Bytes of a page: a reply has 1 MiB, and copying it must not keep the async thread busy.
const PAGE: usize = 192 * 1024;

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<BackupFetch>()?;
    let file = parse_file(&args.file)?;
    let place = args.cursor.as_deref().map(Place::parse).transpose()?;
    // No other command has the file open, which would be refused as the database in use is.
    let turn = runner.lock_backups().await?;
    let (directory, first) = (directory(runner), place.is_none());
    let read = move || page(&directory, file.as_str(), place.as_ref());
    let success = run_blocking(read).await.map_err(CommandError::of_read)?.into();
    drop(turn);
    if first {
        // Not a write, so there is no audit record; but reading hashes must leave a trace.
        let uid = runner.uid();
        info!(target: REPEATED, uid, file = args.file, "a backup was fetched");
    }
    Ok(success)
}

/// Where a page begins, and of which file.
struct Place {
    offset: u64,
    file: FileState,
}

fn page(
    directory: &std::path::Path,
    file: &str,
    place: Option<&Place>,
) -> Result<Reply<FetchResult>, CommandError> {
    let offset = place.map_or(0, |place| place.offset);
    let found = backup_page(directory, file, offset, PAGE).map_err(refusal)?;
    if place.is_some_and(|place| place.file != found.state) {
        return Err(CommandError::Conflict(
            "another file has this name by now, or it was written to; begin again".into(),
        ));
    }
    let end = offset.saturating_add(found.bytes.len() as u64);
    let next = Place { offset: end, file: found.state };
    Reply::new(&FetchResult {
        file: file.into(),
        bytes: found.state.bytes,
        data: Secret::new(BASE64.encode(&found.bytes)),
        next: (end < found.state.bytes && !found.bytes.is_empty()).then(|| next.text()),
    })
}

impl Place {
    fn text(&self) -> String {
        let FileState { inode, written: (second, nanosecond), bytes } = self.file;
        format!("{}.{inode}.{second}.{nanosecond}.{bytes}", self.offset)
    }

    fn parse(text: &str) -> Result<Self, CommandError> {
        let mut numbers = text.split('.');
        let mut next = || numbers.next().and_then(|number| number.parse::<i64>().ok());
        let found = (|| {
            let offset = u64::try_from(next()?).ok()?;
            let inode = u64::from_ne_bytes(next()?.to_ne_bytes());
            let written = (next()?, next()?);
            let bytes = u64::try_from(next()?).ok()?;
            Some(Self { offset, file: FileState { inode, written, bytes } })
        })();
        found
            .filter(|place| place.text() == text)
            .ok_or_else(|| CommandError::broken("cursor", "this is not the next of a page"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_one_that_was_given() {
        let state = FileState { inode: 7, written: (-1, 999), bytes: 10 };
        let text = Place { offset: 4, file: state }.text();
        let place = Place::parse(&text).map_err(|_| "it is not taken").unwrap();
        assert_eq!((place.offset, place.file), (4, state));
        for text in ["", "4", "a.b.c.d.e", "-1.7.1.1.10", "4.7.1.1.10.3", "04.7.1.1.10"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
