//! The lock file: whoever holds it is the daemon.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::geteuid;

use super::error::{Owned, SocketError};

/// Longest pid that is read back from a lock file, with its newline.
const LONGEST_PID: u64 = 16;

/// The held lock. Dropped, or the process gone, another daemon may start; the file stays,
/// because removing it would let two daemons hold two files of one name.
#[derive(Debug)]
pub struct Lock {
    file: Flock<File>,
}

impl Lock {
    /// Takes the lock beside `path`: the file `PATH.lock`, mode 0600, which then holds our pid.
    ///
    /// # Errors
    /// [`SocketError::Held`] naming the holder, [`SocketError::InTheWay`] where the lock file is
    /// no plain file of ours, [`SocketError::Io`] where it cannot be opened or written.
    pub fn take(path: &Path, what: Owned) -> Result<Self, SocketError> {
        let beside = lock_path(path);
        let file = open(&beside)?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((mut file, Errno::EWOULDBLOCK)) => {
                let pid = holder(&mut file);
                return Err(SocketError::Held { what, path: path.to_owned(), pid });
            }
            Err((_, error)) => return Err(SocketError::io("lock", &beside)(error)),
        };
        sign(&mut file).map_err(SocketError::io("write", &beside))?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Whoever reads the file next must not be sent to a process that may be another by then.
        let _ = self.file.set_len(0);
    }
}

/// The lock beside the database, for a daemon whose sockets systemd made.
///
/// # Errors
/// As [`Lock::take`].
pub fn lock_beside(database: &Path) -> Result<Lock, SocketError> {
    Lock::take(database, Owned::Database)
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Opens the lock file without ever following a symlink or waiting for a pipe.
fn open(path: &Path) -> Result<File, SocketError> {
    let in_the_way = |what| SocketError::InTheWay { path: path.to_owned(), what };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => in_the_way("a symlink"),
            Some(libc::EISDIR) => in_the_way("a folder"),
            Some(libc::ENXIO) => in_the_way("something that is no file"),
            _ => SocketError::io("open the lock file", path)(error),
        })?;
    let found = file.metadata().map_err(SocketError::io("look at", path))?;
    if !found.is_file() || found.nlink() != 1 {
        return Err(in_the_way("something that is no plain file"));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(in_the_way("a lock file of another user"));
    }
    fchmod(&file, Mode::from_bits_truncate(0o600))
        .map_err(SocketError::io("set the mode of", path))?;
    Ok(file)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(LONGEST_PID).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
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
    fn one_holder_at_a_time_named_by_its_pid() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        let held = Lock::take(&path, Owned::Socket).unwrap();
        let mode = fs::metadata(lock_path(&path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let error = refused(&path);
        assert_eq!(error.exit_code(), 73);
        assert!(error.to_string().contains(&format!("(pid {})", std::process::id())), "{error}");
        drop(held);
        assert_eq!(fs::read(lock_path(&path)).unwrap(), b"");
        drop(Lock::take(&path, Owned::Socket).unwrap());
        assert!(lock_path(&path).exists());
    }

    #[test]
    fn a_pid_left_by_a_kill_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("admin.db");
        fs::write(lock_path(&database), "4194304999\n").unwrap();
        let _held = lock_beside(&database).unwrap();
        let text = fs::read_to_string(lock_path(&database)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        let error = lock_beside(&database).unwrap_err();
        assert!(error.to_string().contains("owns the database"), "{error}");
    }

    #[test]
    fn what_is_no_plain_file_of_ours_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, root.path().join("a.lock")).unwrap();
        fs::create_dir(root.path().join("b.lock")).unwrap();
        fs::hard_link(&target, root.path().join("c.lock")).unwrap();
        nix::unistd::mkfifo(&root.path().join("d.lock"), Mode::S_IRWXU).unwrap();
        for name in ["a", "b", "c", "d"] {
            let error = refused(&root.path().join(name));
            assert!(matches!(error, SocketError::InTheWay { .. }), "{name}: {error}");
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_storage_error() {
        let error = refused(Path::new("/nowhere/at/all/admin.sock"));
        assert_eq!(error.exit_code(), 74);
    }
}
