//! The lock file: the process that holds it is the daemon.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, Uid, fchown, geteuid};

use super::error::{Holder, Owned, SocketError};

/// Bytes of the first line: a process id, padded with blanks, and the newline. The fixed length
/// allows overwriting it without touching the note after it.
const PID_LINE: usize = 11;

/// The most bytes that are read.
const LONGEST: u64 = 64;

/// How often a lock file that is removed meanwhile is opened again.
const ATTEMPTS: u32 = 10;

/// The held lock. When it is dropped or the process is gone, another daemon may start; the file
/// stays, because removing it would let two daemons hold two files of one name.
#[derive(Debug)]
pub struct Lock {
    file: Flock<File>,
    path: PathBuf,
    /// The note on its second line.
    note: String,
    /// This process created the file and does not need it yet: it is removed when this is dropped.
    fresh: bool,
}

impl Lock {
    /// Takes the lock next to `path`: the file `PATH.lock`, mode 0600, which then contains the
    /// daemon's pid.
    ///
    /// # Errors
    /// [`SocketError::Locked`] naming the holder, [`SocketError::PathOccupied`] where the lock file is
    /// not a regular file of the daemon, [`SocketError::Io`] where it cannot be opened or written.
    pub fn take(path: &Path, what: Owned) -> Result<Self, SocketError> {
        let lock_file = lock_path(path);
        for _ in 0..ATTEMPTS {
            let (file, fresh) = open(&lock_file, what)?;
            let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => file,
                Err((file, Errno::EWOULDBLOCK)) => {
                    let holder = holder(&file);
                    return Err(SocketError::Locked { what, path: path.to_owned(), holder });
                }
                Err((_, error)) => return Err(SocketError::io("lock", &lock_file)(error)),
            };
            // A start that failed may have removed it since it was opened.
            if !is_still_at(&file, &lock_file) {
                continue;
            }
            let note = note_in(&content(&file).unwrap_or_default()).to_owned();
            let mut lock = Self { file, path: lock_file, note, fresh };
            // On a full disk the lock still holds, but the file does not name its holder.
            lock.sign().or_else(forgive_full).map_err(SocketError::io("write", &lock.path))?;
            lock.fresh &= what == Owned::Database;
            return Ok(lock);
        }
        Err(SocketError::PathOccupied { path: lock_file, what: "a lock file that comes and goes" })
    }

    /// The note of an earlier holder.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Whether the lock file is still at its path. Where it is not, another process could take a
    /// lock of that name.
    pub(super) fn is_in_place(&self) -> bool {
        is_still_at(&self.file, &self.path)
    }

    /// The path of the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the file from now on, even where this process created it.
    pub const fn keep(&mut self) {
        self.fresh = false;
    }

    /// Stores `note`, one name, for later holders; synced when this returns.
    ///
    /// # Errors
    /// Those of writing and syncing.
    pub fn remember(&mut self, note: &str) -> io::Result<()> {
        self.keep();
        if self.note == note {
            return Ok(());
        }
        note.clone_into(&mut self.note);
        self.sign()?;
        self.file.sync_all()?;
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        File::open(directory)?.sync_all()
    }

    /// Overwrites pid and note: an existing note is not lost at any moment.
    fn sign(&mut self) -> io::Result<()> {
        let mut text = pid_line(&std::process::id().to_string());
        if !self.note.is_empty() {
            text.push_str(&self.note);
            text.push('\n');
        }
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.fresh && is_still_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
            return;
        }
        // The next reader must not be referred to a pid that may be another process by then.
        let _ = if self.note.is_empty() {
            self.file.set_len(0)
        } else {
            self.file.write_all_at(pid_line("").as_bytes(), 0)
        };
    }
}

/// Takes the lock next to the database.
pub fn lock_database(database: &Path) -> Result<Lock, SocketError> {
    Lock::take(database, Owned::Database)
}

/// The note in the lock file next to the database, without taking or touching the lock.
pub fn database_note(database: &Path) -> String {
    let file = OpenOptions::new().read(true).custom_flags(SAFELY).open(lock_path(database));
    let text = file.and_then(|file| content(&file)).unwrap_or_default();
    note_in(&text).to_owned()
}

/// The lock file of a database or a socket.
pub fn lock_path(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Never follows a symlink or waits for a FIFO.
const SAFELY: i32 = libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK;

/// Opens the lock file; true where this call created it.
fn open(path: &Path, what: Owned) -> Result<(File, bool), SocketError> {
    let in_the_way = |what| SocketError::PathOccupied { path: path.to_owned(), what };
    let (file, fresh) = open_or_create(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => in_the_way("a symlink"),
        Some(libc::EISDIR) => in_the_way("a directory"),
        Some(libc::ENXIO) => in_the_way("something that is not a file"),
        _ => SocketError::io("open the lock file", path)(error),
    })?;
    let found = file.metadata().map_err(SocketError::io("read", path))?;
    if !found.is_file() || found.nlink() > 1 {
        return Err(in_the_way("something that is not a regular file"));
    }
    let us = geteuid();
    // Root may give the file to the owner of PhotoPrism's files, who may write in their directory
    // anyway.
    let may_follow = us.is_root() && what == Owned::Database;
    if found.uid() != us.as_raw() && !may_follow {
        return Err(in_the_way("a lock file of another user"));
    }
    if may_follow {
        follow(&file, path);
    }
    if found.uid() == us.as_raw() {
        fchmod(&file, Mode::from_bits_truncate(0o600))
            .map_err(SocketError::io("set the mode of", path))?;
    }
    Ok((file, fresh))
}

/// Gives root's lock file to the owner of the database, whose user may run the daemon next time.
/// Where there is no database yet the file stays root's, as the database will be.
fn follow(file: &File, path: &Path) {
    if let Ok(database) = std::fs::metadata(path.with_extension("")) {
        let (uid, gid) = (Uid::from_raw(database.uid()), Gid::from_raw(database.gid()));
        // If it fails, only root can start the daemon, as before.
        let _ = fchown(file, Some(uid), Some(gid));
    }
}

fn open_or_create(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(SAFELY);
    match options.clone().create_new(true).open(path) {
        Ok(file) => return Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    // With `create`, so that removing the file in between is not an error.
    Ok((options.create(true).truncate(false).open(path)?, false))
}

fn is_still_at(file: &File, path: &Path) -> bool {
    let same = |one: std::fs::Metadata, other: std::fs::Metadata| {
        one.dev() == other.dev() && one.ino() == other.ino()
    };
    file.metadata().and_then(|one| Ok(same(one, path.symlink_metadata()?))).unwrap_or(false)
}

fn content(mut file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The process that the lock file names. It has that id in its own namespace: in two containers both
/// daemons are process 1.
fn holder(file: &File) -> Holder {
    let named = |text: String| text.lines().next()?.trim().parse().ok();
    match content(file).ok().and_then(named) {
        None => Holder::Unknown,
        Some(pid) if pid != std::process::id() && program(pid) == program(std::process::id()) => {
            Holder::Process(pid)
        }
        Some(_) => Holder::Elsewhere,
    }
}

/// The name of the program that a process runs, as the kernel has it.
fn program(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()
}

fn note_in(text: &str) -> &str {
    text.lines().nth(1).unwrap_or_default().trim()
}

fn pid_line(pid: &str) -> String {
    format!("{pid:<width$}\n", width = PID_LINE - 1)
}

fn forgive_full(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn refused(path: &Path) -> SocketError {
        Lock::take(path, Owned::Socket).unwrap_err()
    }

    #[test]
    fn one_holder_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        let held = Lock::take(&path, Owned::Socket).unwrap();
        let mode = fs::metadata(lock_path(&path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let error = refused(&path);
        assert_eq!(error.exit_code(), 73);
        drop(held);
        assert_eq!(fs::read(lock_path(&path)).unwrap(), b"");
        drop(Lock::take(&path, Owned::Socket).unwrap());
        assert!(lock_path(&path).exists());
    }

    #[test]
    fn a_holder_is_named_where_its_pid_is_one_of_here() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.db");
        let _held = lock_database(&path).unwrap();
        let found = |pid: &str| {
            fs::write(lock_path(&path), format!("{pid:<10}\n")).unwrap();
            match lock_database(&path).unwrap_err() {
                SocketError::Locked { holder, .. } => holder,
                other => panic!("{other}"),
            }
        };
        assert_eq!(found(""), Holder::Unknown);
        // This process in another namespace, something else, and nobody.
        let own = std::process::id().to_string();
        for pid in [&*own, "1", "4194305"] {
            assert_eq!(found(pid), Holder::Elsewhere, "{pid}");
        }
    }

    #[test]
    fn a_pid_left_by_a_kill_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("admin.db");
        fs::write(lock_path(&database), "4194304999\n").unwrap();
        let _held = lock_database(&database).unwrap();
        let text = fs::read_to_string(lock_path(&database)).unwrap();
        assert_eq!(text, format!("{:<10}\n", std::process::id()));
        let error = lock_database(&database).unwrap_err();
        assert!(error.to_string().contains("owns the database"), "{error}");
    }

    #[test]
    fn what_is_not_the_daemon_s_regular_file_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, root.path().join("a.lock")).unwrap();
        fs::create_dir(root.path().join("b.lock")).unwrap();
        fs::hard_link(&target, root.path().join("c.lock")).unwrap();
        nix::unistd::mkfifo(&root.path().join("d.lock"), Mode::S_IRWXU).unwrap();
        for name in ["a", "b", "c", "d"] {
            let error = refused(&root.path().join(name));
            assert!(matches!(error, SocketError::PathOccupied { .. }), "{name}: {error}");
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }

    #[test]
    fn root_gives_the_lock_file_of_a_database_to_its_owner() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("index.db");
        fs::write(&database, "").unwrap();
        if std::os::unix::fs::chown(&database, Some(12_345), Some(12_346)).is_err() {
            std::io::Write::write_all(&mut io::stderr(), b"skipped: needs root\n").unwrap();
            return;
        }
        for _ in 0..2 {
            let _held = lock_database(&database).unwrap();
            let found = fs::metadata(lock_path(&database)).unwrap();
            assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (12_345, 12_346, 0o600));
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_a_storage_error() {
        let error = refused(Path::new("/nowhere/at/all/admin.sock"));
        assert_eq!(error.exit_code(), 74);
    }

    #[test]
    fn a_note_survives_its_holders() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("admin.db");
        let mut lock = lock_database(&database).unwrap();
        assert_eq!(lock.note(), "");
        lock.remember("photoprism").unwrap();
        lock.remember("own").unwrap();
        let text = fs::read_to_string(lock_path(&database)).unwrap();
        assert_eq!(text, format!("{:<10}\nown\n", std::process::id()));
        assert_eq!(database_note(&database), "own");
        drop(lock);
        assert_eq!(fs::read_to_string(lock_path(&database)).unwrap(), "          \nown\n");
        assert_eq!(lock_database(&database).unwrap().note(), "own");
        assert_eq!(database_note(&database), "own");
        // Text left behind by a crash between writing and truncating is ignored.
        fs::write(lock_path(&database), "1         \nown\ntoprism\n").unwrap();
        assert_eq!(lock_database(&database).unwrap().note(), "own");
        // A file of an earlier version contains no note.
        fs::write(lock_path(&database), "4194304\n").unwrap();
        assert_eq!(lock_database(&database).unwrap().note(), "");
    }

    #[test]
    fn a_failed_start_leaves_no_lock_file_of_a_database() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("admin.db");
        drop(lock_database(&database).unwrap());
        assert!(!lock_path(&database).exists());
        lock_database(&database).unwrap().keep();
        assert!(lock_path(&database).exists());
        // It existed before: it stays.
        drop(lock_database(&database).unwrap());
        assert!(lock_path(&database).exists());
    }

    #[test]
    fn a_lock_file_that_was_removed_is_not_held_in_secret() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("admin.db");
        let old = lock_database(&database).unwrap();
        assert!(is_still_at(&old.file, &old.path));
        fs::remove_file(&old.path).unwrap();
        assert!(!is_still_at(&old.file, &old.path));
        fs::write(&old.path, "").unwrap();
        assert!(!is_still_at(&old.file, &old.path));
    }
}
