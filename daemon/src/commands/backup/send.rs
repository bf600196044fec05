//! `backup.send`, step by step: the file of a backup comes in parts, and is checked before it has a
//! name.

use data_encoding::BASE64;
use photoprism_protocol::backup::{self, BackupSend, SendResult};
use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use super::{directory, refusal, to_wire};
use crate::commands::backup_files::check_length;
use crate::commands::blocking::run_blocking;
use crate::commands::reply::{Reply, Written};
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::model::to_file_name;
use crate::store::{Backup, Tx, Upload};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<BackupSend>()?;
    match (&args.upload, &args.data, args.done) {
        (_, Some(data), None) => part(runner, args.upload.clone(), data).await,
        (Some(_), None, Some(true)) => complete(runner, args).await,
        (None, None, Some(true)) => {
            Err(CommandError::broken("upload", "give the upload of the step before"))
        }
        _ => Err(CommandError::broken("data", "give one of data and \"done\":true")),
    }
}

/// The next part, or the first.
async fn part(runner: &Runner<'_>, upload: Option<String>, data: &Secret) -> Outcome {
    let part = BASE64.decode(data.expose().as_bytes()).map(Zeroizing::new);
    let part = part.map_err(|_| CommandError::broken("data", "this is not base64"))?;
    let (uploads, started) = (&runner.app.backups.uploads, &runner.app.started);
    let (id, taken) = match upload {
        Some(id) => {
            let taken = uploads.take(&id, runner.uid())?;
            (id, Some(taken))
        }
        None => (uploads.begin(runner.uid(), started.elapsed(), runner.app.random)?, None),
    };
    let added = add(runner, &id, taken, part).await;
    match added {
        Ok(upload) => {
            let bytes = upload.bytes();
            uploads.put_back(&id, upload, started.elapsed());
            let (file, backup, counts) = (None, None, None);
            Ok(Reply::new(&SendResult { upload: id, bytes, file, backup, counts })?.into())
        }
        Err(error) => {
            uploads.forget(&id);
            Err(error)
        }
    }
}

/// Writes it to the file; what fails is removed.
async fn add(
    runner: &Runner<'_>,
    id: &str,
    upload: Option<Upload>,
    part: Zeroizing<Vec<u8>>,
) -> Result<Upload, CommandError> {
    check_length(upload.as_ref().map_or(0, Upload::bytes), part.len())?;
    let (directory, id) = (directory(runner), id.to_owned());
    run_blocking(move || {
        let mut upload = match upload {
            Some(upload) => upload,
            None => Upload::create(&directory, &id)?,
        };
        upload.add(&part)?;
        Ok(upload)
    })
    .await
}

/// Checks it and gives it a name, then records that.
async fn complete(runner: &Runner<'_>, args: backup::Send) -> Outcome {
    let mut file = None;
    // Held until the file is recorded.
    let mut turn = None;
    let prepare = async |mut args: backup::Send| {
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupSend>(&mut args).await?;
        let id = args.upload.unwrap_or_default();
        let upload = runner.app.backups.uploads.take(&id, runner.uid())?;
        runner.app.backups.uploads.forget(&id);
        let name = format!("sent-{}", to_file_name(runner.context.now));
        let created = run_blocking(move || upload.complete(&name).map_err(refused)).await?;
        file = Some(created.clone());
        Ok(Prepared::new((id, created)).after_long_work())
    };
    let outcome = runner.write_after::<BackupSend, _>(args, prepare, record).await;
    if let (Err(_), Some(file)) = (&outcome, file) {
        file.discard();
    }
    outcome
}

/// The same as of a file in the directory, but the argument is another.
fn refused(fault: crate::store::BackupFault) -> CommandError {
    match refusal(fault) {
        CommandError::Invalid { message, .. } => {
            CommandError::Invalid { field: "data".into(), message }
        }
        other => other,
    }
}

/// Records that the backup came.
fn record(
    _: &Tx<'_>,
    request: &Request<(String, Backup)>,
) -> Result<Written<SendResult>, CommandError> {
    let (upload, created) = &request.args;
    let file = created.path.file_name().unwrap_or_default().to_string_lossy();
    let result = SendResult {
        upload: upload.clone(),
        bytes: created.bytes,
        file: Some(file.clone().into_owned()),
        backup: Some(created.path.display().to_string()),
        counts: Some(to_wire(created.counts)),
    };
    Written::new(file, &result)
}
