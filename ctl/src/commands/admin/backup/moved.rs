//! The file of a backup on its way from the daemon to this machine, and back.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use data_encoding::BASE64;
use photoprism_protocol::backup::{BackupFetch, BackupSend, Fetch, Send, SendResult};
use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CliError;
use crate::new_file::NewFile;
use crate::paths;

/// Bytes of a part: in base64 they fit a line of the daemon, which has 64 KiB.
const PART: usize = 48_000;

/// Where the bytes of a backup go.
pub(super) enum Output {
    Stdout,
    File(NewFile, PathBuf),
}

impl Output {
    /// Opens it; a file that is there stays, unless it shall be replaced.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a file that is there, and for a terminal; [`CliError::System`] where
    /// none can be created.
    pub(super) fn open(path: &Path, force: bool) -> Result<Self, CliError> {
        if path.as_os_str() == "-" {
            return if io::stdout().is_terminal() {
                Err(CliError::Usage("a backup is not text for a terminal; give -o FILE".into()))
            } else {
                Ok(Self::Stdout)
            };
        }
        paths::check(path, "-o")?;
        if !force && path.symlink_metadata().is_ok() {
            return Err(CliError::Usage(format!(
                "{} is there already; give another name, or --force to replace it",
                path.display()
            )));
        }
        let file = NewFile::create(path, 0o600).map_err(unwritten)?;
        Ok(Self::File(file, path.to_owned()))
    }

    /// Whether standard output belongs to the file.
    pub(super) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Fetches the backup of that name.
    ///
    /// # Errors
    /// As [`Context::call`], and those of writing; no part of it stays then.
    pub(super) fn fetch(mut self, context: &mut Context, file: &str) -> Result<(), CliError> {
        // Ctrl-C is found by the next request: what is half written goes.
        let interrupt = Rc::clone(&context.person.interrupt);
        let held = interrupt.hold();
        let (mut cursor, mut written) = (None, 0);
        let bytes = loop {
            let file = file.to_owned();
            let page = context.call::<BackupFetch>(&Fetch { file, cursor })?.value;
            let part = BASE64.decode(page.data.expose().as_bytes()).map(Zeroizing::new);
            let part = part.map_err(|_| incomplete())?;
            written += part.len() as u64;
            match &mut self {
                Self::Stdout => io::stdout().write_all(&part).map_err(CliError::output)?,
                Self::File(file, _) => file.write_all(&part).map_err(unwritten)?,
            }
            if page.next.is_none() {
                break page.bytes;
            }
            if part.is_empty() {
                return Err(incomplete());
            }
            cursor = page.next;
        };
        if written != bytes {
            return Err(incomplete());
        }
        match self {
            Self::Stdout => io::stdout().flush().map_err(CliError::output)?,
            Self::File(file, path) => {
                file.settle().map_err(unwritten)?;
                context.note(&format!("wrote {}: {bytes} bytes", path.display()));
            }
        }
        drop(held);
        Ok(())
    }
}

fn unwritten(error: io::Error) -> CliError {
    CliError::System("cannot write the file of -o", error)
}

fn incomplete() -> CliError {
    CliError::BadReply("unexpected pages of a backup from the daemon".into())
}

/// Sends a file, which becomes one of the daemon's backups.
///
/// # Errors
/// As [`Context::call`], and [`CliError::System`] where the file cannot be read.
pub(super) fn send(context: &mut Context, mut file: Box<dyn Read>) -> Result<SendResult, CliError> {
    let mut buffer = Zeroizing::new(Vec::with_capacity(PART));
    let mut upload = None;
    loop {
        buffer.clear();
        let read = file.by_ref().take(PART as u64).read_to_end(&mut buffer);
        read.map_err(|error| CliError::System("cannot read the file", error))?;
        // The first part goes whatever it holds: the daemon says what is wrong with it.
        if buffer.is_empty() && upload.is_some() {
            let args = Send { upload, data: None, done: Some(true) };
            return Ok(context.call::<BackupSend>(&args)?.value);
        }
        let data = Some(Secret::new(BASE64.encode(&buffer)));
        let args = Send { upload, data, done: None };
        upload = Some(context.call::<BackupSend>(&args)?.value.upload);
    }
}
