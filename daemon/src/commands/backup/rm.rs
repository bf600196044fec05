//! `backup.rm`.

use std::path::Path;

use photoprism_protocol::backup::{BackupRm, FileName, Rm, RmResult};
use tracing::warn;

use super::{directory, refusal};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::store::{Tx, backup_find, backup_remove};

/// The file is deleted once its record is committed: a removal that cannot be recorded takes
/// nothing away. Where the daemon is killed in between, the backup is still listed.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let directory = directory(runner);
    let mut recorded = None;
    // Held until the file is gone.
    let mut turn = None;
    let prepare = async |mut args: Rm| {
        let file = parse(&args, &directory)?;
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupRm>(&mut args).await?;
        let (place, name) = (directory.clone(), file.clone());
        run_blocking(move || backup_find(&place, name.as_str()).map_err(refusal)).await?;
        recorded = Some(file.clone());
        Ok(Prepared::new(file))
    };
    let args = runner.args::<BackupRm>()?;
    let outcome = runner.write_after::<BackupRm, _>(args, prepare, rm).await;
    if let (Ok(_), Some(file)) = (&outcome, recorded) {
        let (place, name) = (directory.clone(), file.clone());
        let removed = run_blocking(move || Ok(backup_remove(&place, name.as_str())?)).await;
        if let Err(error) = removed {
            warn!(target: REPEATED, file = file.as_str(), %error, "a backup could not be deleted");
            let path = directory.join(file.as_str());
            let what = format!(
                "its removal was recorded, but the file could not be deleted ({error}); delete it \
                 by hand: {}",
                path.display()
            );
            return Err(CommandError::Unavailable(what.into()));
        }
    }
    outcome
}

/// The name of a backup, or its absolute path as other commands reply it.
fn parse(args: &Rm, directory: &Path) -> Result<FileName, CommandError> {
    let path = Path::new(&args.backup);
    let name = path.strip_prefix(directory).ok().and_then(Path::to_str).unwrap_or(&args.backup);
    FileName::parse(name).map_err(|rule| CommandError::invalid("backup", &rule))
}

/// Records the removal.
fn rm(_: &Tx<'_>, request: &Request<FileName>) -> Result<Written<RmResult>, CommandError> {
    Written::new(request.args.as_str(), &RmResult { removed: true })
}
