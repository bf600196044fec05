//! An import out of another PhotoPrism's database: its accounts become the rows.

use std::path::{Path, PathBuf};

use super::super::aside::aside;
use super::super::call::Call;
use super::super::command::Answer;
use super::prepare::{MOST_ROWS, checkable};
use super::steps::begun;
use crate::error::CommandError;
use crate::handlers::users::{Bad, Ready};
use crate::store::{Foreign, ForeignAccount, ForeignFault, StoreError};

/// Accounts that are read in one piece.
const STEP: u32 = 500;

/// Begins an import with the accounts of the database at that path. Deleted ones are left there.
pub(super) async fn database(call: &Call<'_>, path: &str) -> Answer {
    let path = absolute(path)?;
    let accounts = read(call, path).await?;
    let deleted = accounts.iter().filter(|account| is_deleted(account)).count();
    let rows: Vec<Result<Ready, Bad>> = accounts
        .into_iter()
        .filter(|account| !is_deleted(account))
        .map(|a| ready(call, a))
        .collect();
    let mut answer = begun(call, rows)?;
    if deleted > 0 {
        answer.warnings.push(format!("{deleted} deleted accounts are left where they are"));
    }
    Ok(answer)
}

fn is_deleted(account: &ForeignAccount) -> bool {
    crate::accounts::standing::is_deleted(&account.row)
}

fn ready(call: &Call<'_>, account: ForeignAccount) -> Result<Ready, Bad> {
    let only_bcrypt = !call.app.own;
    Ready::taken_over(account, &call.app.rules, |text| checkable(text, only_bcrypt))
}

fn absolute(path: &str) -> Result<PathBuf, CommandError> {
    let path = Path::new(path);
    if path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0) {
        return Ok(path.to_owned());
    }
    Err(CommandError::broken("database", "give the whole path, as the daemon sees the file"))
}

/// Reads on a thread of its own: it may have to wait for a lock, or for a slow disk.
async fn read(call: &Call<'_>, path: PathBuf) -> Result<Vec<ForeignAccount>, CommandError> {
    let own = call.app.places.database.clone();
    aside(move || {
        let foreign = Foreign::open(&path, &own).map_err(told)?;
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let mut accounts = foreign.accounts(after, STEP)?;
            let Some(last) = accounts.last() else { return Ok(all) };
            after = last.row.id;
            all.append(&mut accounts);
            if all.len() > MOST_ROWS {
                return Err(CommandError::broken("database", "it has more than 20,000 accounts"));
            }
        }
    })
    .await
}

fn told(fault: ForeignFault) -> CommandError {
    match fault {
        ForeignFault::Missing => CommandError::NotFound {
            message: "there is no such file where the daemon runs; in a container it sees only \
                      what is mounted there"
                .into(),
            hint: None,
        },
        ForeignFault::NotOne(what) => {
            CommandError::broken("database", format!("this is not PhotoPrism's index.db: {what}"))
        }
        ForeignFault::Store(error @ StoreError::Locked(_)) => error.into(),
        ForeignFault::Store(_) => CommandError::broken(
            "database",
            "the daemon cannot read this file; see who owns it, and its mode",
        ),
    }
}
