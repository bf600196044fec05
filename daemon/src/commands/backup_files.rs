//! What commands that work on the files of backups share: the turn, and the backups that peers send,
//! which are bounded in number, in bytes and in time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use data_encoding::HEXLOWER;
use tokio::sync::Mutex;

use crate::error::CommandError;
use crate::store::Upload;

/// Uploads at once: only administrators send backups.
const MOST: usize = 4;

/// Uploads of one uid at once, so that others find a place.
const MOST_OF_UID: usize = 2;

/// Bytes of one: accounts in the millions.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// After so long without a step an upload is forgotten: a client takes its next step at once.
const TIMEOUT: Duration = Duration::from_mins(1);

/// After so long it is, whatever its steps.
const WHOLE_TIMEOUT: Duration = Duration::from_hours(1);

/// Random bytes of a name.
const ID_BYTES: usize = 16;

/// What they share.
#[derive(Default)]
pub(crate) struct BackupFiles {
    /// Locked by the one that works on them.
    pub(in crate::commands) turn: Mutex<()>,
    /// Those that peers send.
    pub(crate) uploads: Uploads,
}

struct Entry {
    uid: u32,
    begun: Duration,
    touched: Duration,
    /// `None` while a step is running.
    upload: Option<Upload>,
}

/// All uploads that are on their way.
#[derive(Default)]
pub(crate) struct Uploads(RefCell<HashMap<String, Entry>>);

impl Uploads {
    /// A place for another one of `uid`, whose step is running.
    ///
    /// # Errors
    /// `busy` where there are too many.
    pub(in crate::commands) fn begin(
        &self,
        uid: u32,
        now: Duration,
        random: fn(&mut [u8]),
    ) -> Result<String, CommandError> {
        self.sweep(now);
        let mut entries = self.0.borrow_mut();
        let own = entries.values().filter(|entry| entry.uid == uid).count();
        if entries.len() >= MOST || own >= MOST_OF_UID {
            return Err(CommandError::Busy { retry_after_s: TIMEOUT.as_secs() });
        }
        let mut bytes = [0; ID_BYTES];
        random(&mut bytes);
        let id = HEXLOWER.encode(&bytes);
        entries.insert(id.clone(), Entry { uid, begun: now, touched: now, upload: None });
        Ok(id)
    }

    /// Takes one out for a step.
    ///
    /// # Errors
    /// `not_found` for one that is not there, or somebody else's; `conflict` while it is taken.
    pub(in crate::commands) fn take(&self, id: &str, uid: u32) -> Result<Upload, CommandError> {
        let mut entries = self.0.borrow_mut();
        let entry = entries.get_mut(id).filter(|entry| entry.uid == uid);
        let entry = entry.ok_or_else(|| CommandError::NotFound {
            message: "there is no such upload; it may have been forgotten, begin again".into(),
            hint: None,
        })?;
        entry.upload.take().ok_or_else(|| {
            CommandError::Conflict("another request for this upload is still running".into())
        })
    }

    /// Puts one back after a step.
    pub(in crate::commands) fn put_back(&self, id: &str, upload: Upload, now: Duration) {
        match self.0.borrow_mut().get_mut(id) {
            Some(entry) => (entry.touched, entry.upload) = (now, Some(upload)),
            None => drop_on_thread(upload),
        }
    }

    /// Forgets one: it is complete, or cannot go on.
    pub(in crate::commands) fn forget(&self, id: &str) {
        if let Some(upload) = self.0.borrow_mut().remove(id).and_then(|entry| entry.upload) {
            drop_on_thread(upload);
        }
    }

    /// Forgets those that nobody goes on with; their files go.
    pub(crate) fn sweep(&self, now: Duration) {
        let over = |entry: &Entry| {
            let idle = now.saturating_sub(entry.touched) >= TIMEOUT;
            entry.upload.is_some() && (idle || now.saturating_sub(entry.begun) >= WHOLE_TIMEOUT)
        };
        let gone: Vec<Entry> = {
            let mut entries = self.0.borrow_mut();
            entries.extract_if(|_, entry| over(entry)).map(|(_, entry)| entry).collect()
        };
        gone.into_iter().filter_map(|entry| entry.upload).for_each(drop_on_thread);
    }
}

/// Removing a file may wait for a disk. There are no more of these threads than there were uploads.
fn drop_on_thread(upload: Upload) {
    // If no thread can be started, the closure is dropped here, with what it holds.
    let _ = std::thread::Builder::new().name("forget".into()).spawn(move || drop(upload));
}

/// Refuses a part that would make a file too long.
pub(in crate::commands) fn check_length(bytes: u64, more: usize) -> Result<(), CommandError> {
    if bytes.saturating_add(more as u64) <= MOST_BYTES {
        return Ok(());
    }
    Err(CommandError::broken(
        "data",
        "a backup that is sent has at most 1 GiB; copy this one into the directory of the backups",
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn begin(uploads: &Uploads, uid: u32, seconds: u64) -> Result<String, CommandError> {
        uploads.begin(uid, Duration::from_secs(seconds), crate::clock::random)
    }

    /// One with a file, whose last step was then.
    fn place(uploads: &Uploads, path: &Path, seconds: u64) -> String {
        let id = begin(uploads, 7, seconds).unwrap();
        let upload = Upload::create(path, &id).unwrap();
        uploads.put_back(&id, upload, Duration::from_secs(seconds));
        id
    }

    /// Waits for the threads that remove files.
    fn wait_for_files(path: &Path, count: usize) {
        while fs::read_dir(path).unwrap().count() != count {
            std::thread::yield_now();
        }
    }

    #[test]
    fn uploads_are_bounded_in_number() {
        let uploads = Uploads::default();
        let ids: Vec<String> =
            [7, 7, 8, 8].into_iter().map(|uid| begin(&uploads, uid, 0).unwrap()).collect();
        assert!(matches!(begin(&uploads, 9, 0), Err(CommandError::Busy { .. })));
        uploads.forget(&ids[2]);
        assert!(matches!(begin(&uploads, 7, 0), Err(CommandError::Busy { .. })));
        begin(&uploads, 9, 0).unwrap();
    }

    #[test]
    fn uploads_are_bounded_in_time_and_their_files_go() {
        let directory = tempfile::tempdir().unwrap();
        let (uploads, path) = (Uploads::default(), directory.path());
        let idle = place(&uploads, path, 0);
        let running = place(&uploads, path, 0);
        let taken = uploads.take(&running, 7).unwrap();
        uploads.sweep(Duration::from_secs(59));
        uploads.put_back(&idle, uploads.take(&idle, 7).unwrap(), Duration::ZERO);
        uploads.sweep(Duration::from_mins(1));
        assert!(matches!(uploads.take(&idle, 7), Err(CommandError::NotFound { .. })));
        wait_for_files(path, 1);
        // One that goes on, but for too long.
        uploads.put_back(&running, taken, Duration::from_secs(3599));
        uploads.sweep(Duration::from_secs(3599));
        uploads.put_back(&running, uploads.take(&running, 7).unwrap(), Duration::from_secs(3599));
        uploads.sweep(Duration::from_hours(1));
        assert!(matches!(uploads.take(&running, 7), Err(CommandError::NotFound { .. })));
        wait_for_files(path, 0);
    }

    #[test]
    fn an_upload_is_bounded_in_bytes() {
        check_length(MOST_BYTES - 5, 5).unwrap();
        let refused = check_length(MOST_BYTES - 5, 6);
        assert!(matches!(refused, Err(CommandError::Invalid { .. })));
        check_length(u64::MAX, 1).unwrap_err();
    }

    #[test]
    fn an_upload_is_for_one_uid_and_one_step_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let uploads = Uploads::default();
        let id = place(&uploads, directory.path(), 0);
        assert!(matches!(uploads.take(&id, 8), Err(CommandError::NotFound { .. })));
        let _upload = uploads.take(&id, 7).unwrap();
        assert!(matches!(uploads.take(&id, 7), Err(CommandError::Conflict(_))));
    }
}
