//! An import out of another PhotoPrism's database: its accounts become the rows.

use std::path::{Path, PathBuf};

use photoprism_protocol::account_text::MOST_ROWS;
use photoprism_protocol::transfer::ImportResult;

use super::prepare::checkable;
use super::steps::begin_with_rows;
use super::worker::{Turn, check};
use crate::commands::import_sessions::{Cancel, MOST_BYTES_OF_ALL, RejectedRow, Rows, ValidRow};
use crate::commands::reply::Reply;
use crate::commands::runner::Runner;
use crate::error::CommandError;
use crate::peer::Rights;
use crate::store::{
    MOST_APP_PASSWORDS, OwnFiles, PhotoPrismReader, SourceAccount, SourceError, StoreError,
};

/// Accounts that are read in one piece.
const STEP: u32 = 20;

/// What all accounts of a database have at most.
const MOST_DATABASE_BYTES: usize = MOST_BYTES_OF_ALL;

/// What was found in a database.
#[derive(Default)]
struct Accounts {
    rows: Rows,
    bytes: usize,
    deleted: usize,
}

/// Begins an import with the accounts of the database at that path. Deleted ones are left there.
pub(super) async fn begin(
    runner: &Runner<'_>,
    path: &str,
) -> Result<Reply<ImportResult>, CommandError> {
    let path = absolute(path)?;
    // It may take long to read, so it is not read for an import that could not begin.
    runner.app.imports.check_place(runner.uid(), 1, runner.app.started.elapsed())?;
    let found = read(runner, path).await?;
    let reply = begin_with_rows(runner, found.rows, found.bytes)?;
    let deleted = found.deleted;
    let left = (deleted > 0).then(|| format!("{deleted} deleted accounts are left where they are"));
    Ok(reply.with_warnings(left))
}

fn absolute(path: &str) -> Result<PathBuf, CommandError> {
    let path = Path::new(path);
    if path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0) {
        return Ok(path.to_owned());
    }
    Err(CommandError::broken("database", "give the whole path, as the daemon sees the file"))
}

/// Reads on the thread for imports, with the rights of the peer: it may have to wait for a lock,
/// or for a slow disk.
async fn read(runner: &Runner<'_>, path: PathBuf) -> Result<Accounts, CommandError> {
    let places = &runner.app.places;
    let (database, backups) = (places.database.clone(), places.backups.clone());
    let (rules, only_bcrypt) = (runner.app.rules, !runner.app.own);
    let rights = runner.context.permit.rights();
    let work = move |cancel: &Cancel| {
        // With the daemon's own rights, so before it has those of the peer.
        let own = OwnFiles::of(&database, &backups);
        rights.take_on().map_err(|_| no_rights())?;
        let foreign =
            PhotoPrismReader::open(&path, &own).map_err(|error| refusal(error, &rights))?;
        let (mut found, mut after) = (Accounts::default(), 0);
        loop {
            check(cancel)?;
            let accounts = foreign.accounts(after, STEP);
            let accounts = accounts.map_err(|error| refusal(error.into(), &rights))?;
            let Some(last) = accounts.last() else { return Ok(found) };
            after = last.account.id;
            for account in accounts {
                found.add(account, |account| {
                    ValidRow::from_photoprism(account, &rules, |text| checkable(text, only_bcrypt))
                })?;
            }
        }
    };
    Turn::take(runner).await?.run(runner, work).await
}

impl Accounts {
    fn add(
        &mut self,
        account: SourceAccount,
        ready: impl FnOnce(SourceAccount) -> Result<ValidRow, RejectedRow>,
    ) -> Result<(), CommandError> {
        if account.account.is_deleted() {
            self.deleted += 1;
            return Ok(());
        }
        self.bytes += account.bytes();
        if self.rows.len() == MOST_ROWS {
            return Err(CommandError::broken(
                "database",
                "it has more than 20,000 accounts; import them as texts in several pieces, with \
                 password_hash in each row",
            ));
        }
        if self.bytes > MOST_DATABASE_BYTES {
            return Err(CommandError::broken(
                "database",
                "its accounts have more than 32 MiB; end app passwords there that nobody needs, or \
                 import the accounts as texts in several pieces, with password_hash in each row",
            ));
        }
        if account.app_passwords.len() > MOST_APP_PASSWORDS as usize {
            return Err(CommandError::broken(
                "database",
                "an account in it has more than 1,000 app passwords; end some of them there",
            ));
        }
        self.rows.push(ready(account));
        Ok(())
    }
}

/// The same whatever the path is: no file was read.
fn no_rights() -> CommandError {
    CommandError::Forbidden {
        message:
            "this daemon does not run as root, or has no capabilities, and cannot open a file \
                  with your rights; ask as root or as its own user, or import a text"
                .into(),
        field: Some("database"),
    }
}

/// What is wrong with the file, and what to do. Only a peer that may read the file learns more of
/// it than that it cannot be read.
fn refusal(fault: SourceError, rights: &Rights) -> CommandError {
    let whose = rights.whose();
    let message = match fault {
        SourceError::Missing => {
            return CommandError::NotFound {
                message:
                    "there is no such file where the daemon runs; in a container it sees only \
                          what is mounted there"
                        .into(),
                hint: None,
            };
        }
        SourceError::Store(error @ StoreError::Locked(_)) => return error.into(),
        SourceError::NotOne(what) => format!("this is not PhotoPrism's index.db: {what}"),
        SourceError::Wal => format!(
            "this database is in WAL mode, and while its PhotoPrism is stopped it is read only \
             where {whose} allow writing in its directory; copy it, with its -wal if there is one, \
             to such a directory, or start its PhotoPrism"
        ),
        SourceError::Store(StoreError::TooBig(_)) => {
            "a text of an account in it has more than 64 KiB; shorten it there".into()
        }
        SourceError::Store(StoreError::Damaged(_)) => {
            "this database is damaged; check it with PRAGMA integrity_check, or use a backup of it"
                .into()
        }
        SourceError::Store(_) => format!(
            "this file cannot be read with {whose}; see its owner and mode, and those of the \
             directories above it"
        ),
    };
    CommandError::broken("database", message)
}
