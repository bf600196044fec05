//! A directory that is held open. All work in it is relative to its descriptor and follows no
//! links, so that a user who may rename the directory cannot lead the daemon to other files.

use std::ffi::CStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{AccessFlags, UnlinkatFlags, faccessat, unlinkat};
use rusqlite::{Connection, OpenFlags};
use tracing::warn;

use super::paths::file_uri;
use crate::sys::has_moved;
use crate::system::{FileId, Seen, descriptors_of};

/// Mode of every file that is created in one.
const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// Only one thread at a time opens files of directories and counts their descriptors: another
/// thread that opens or closes the same file meanwhile would change the count. Held only for that,
/// not while a file is read or synced.
#[derive(Debug)]
pub(super) struct OpenLock {
    _guard: MutexGuard<'static, ()>,
}

impl OpenLock {
    /// Waits for the other threads.
    pub(super) fn take() -> Self {
        static LOCK: Mutex<()> = Mutex::new(());
        Self { _guard: LOCK.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// A file of a directory that SQLite is about to open, and the lock that keeps other threads from
/// opening it or counting its descriptors meanwhile.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) name: &'a str,
    pub(super) file: &'a File,
    _lock: OpenLock,
}

impl<'a> Held<'a> {
    /// The file with that name.
    pub(super) const fn new(name: &'a str, file: &'a File, lock: OpenLock) -> Self {
        Self { name, file, _lock: lock }
    }

    /// How many descriptors refer to it.
    pub(super) fn descriptors(&self) -> io::Result<usize> {
        descriptors_of(FileId::of(&self.file.metadata()?))
    }
}

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory {
    file: File,
    path: PathBuf,
}

impl Directory {
    /// Opens it, unless its path ends in a link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(nix::fcntl::AT_FDCWD, path, flags, Mode::empty())?.into();
        Ok(Self { file, path: path.to_owned() })
    }

    /// The path by which it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Owner and mode of what is open.
    pub(super) fn seen(&self) -> io::Result<Seen> {
        Ok(Seen::of(&self.file.metadata()?))
    }

    /// Whether its path still leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        let (Ok(here), Ok(there)) = (self.file.metadata(), fs::symlink_metadata(&self.path)) else {
            return false;
        };
        FileId::of(&here) == FileId::of(&there)
    }

    /// The directory that is held, as a path for the standard library. On ARM of 32 bits the C library's
    /// own fstatat(3) and readdir(3) fail on times of 2038, and on large numbers of files.
    fn through_descriptor(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
    }

    /// The names in it, except those that are not UTF-8.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.through_descriptor())? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    /// Whether this process may create and remove names in it. A read-only file system refuses root
    /// as well.
    pub(super) fn check_writable(&self) -> io::Result<()> {
        let may = AccessFlags::W_OK | AccessFlags::X_OK;
        Ok(faccessat(&self.file, ".", may, AtFlags::AT_EACCESS)?)
    }

    /// The metadata of a name, of a link the link itself; no descriptor is opened. `None` where the
    /// name does not exist.
    pub(super) fn stat(&self, name: &str) -> io::Result<Option<Metadata>> {
        match fs::symlink_metadata(self.through_descriptor().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Holds a file without opening it for reading: devices are not touched, and no locks are lost
    /// when this is dropped. `None` where the name does not exist. The lock keeps other threads
    /// from counting its descriptors meanwhile.
    pub(super) fn find(&self, name: &str, _: &OpenLock) -> io::Result<Option<File>> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        match openat(&self.file, name, flags, Mode::empty()) {
            Err(Errno::ENOENT) => Ok(None),
            found => Ok(Some(found?.into())),
        }
    }

    /// Creates a file that does not exist yet, with mode 0600.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file: File = openat(&self.file, name, flags, MODE)?.into();
        // The umask may have removed more bits.
        fchmod(&file, MODE)?;
        Ok(file)
    }

    /// Opens a file with SQLite, which only takes paths, and checks that SQLite has a descriptor of
    /// the file that is held. Only the header was read by then.
    pub(super) fn connect(
        &self,
        held: &Held<'_>,
        flags: OpenFlags,
        vfs: &str,
    ) -> io::Result<Connection> {
        let before = held.descriptors()?;
        let path = self.real_path()?.join(held.name);
        let flags = flags | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let conn =
            Connection::open_with_flags_and_vfs(path, flags, vfs).map_err(io::Error::other)?;
        if held.descriptors()? > before { Ok(conn) } else { Err(replaced()) }
    }

    /// Attaches a file to a connection, and checks that SQLite has a descriptor of the file that is
    /// held. Only its header and its tables' names were read by then.
    pub(super) fn attach(&self, held: &Held<'_>, conn: &Connection, how: Attach) -> io::Result<()> {
        // SQLite follows a link here.
        self.check(held.file, held.name)?;
        let before = held.descriptors()?;
        let path = self.real_path()?.join(held.name);
        let uri = file_uri(&path, how.parameters);
        let statement = format!("ATTACH ?1 AS {}", how.schema.to_string_lossy());
        conn.execute(&statement, [uri]).map_err(io::Error::other)?;
        let id = FileId::of(&held.file.metadata()?);
        let checked = held.descriptors().and_then(|after| {
            // Where another connection has it open SQLite may use a descriptor that it kept.
            Ok(after > before || (before > 1 && is_open_as(conn, how.schema, &path, id)?))
        });
        if let Ok(true) = checked {
            return Ok(());
        }
        detach(conn, how.schema);
        Err(checked.err().unwrap_or_else(replaced))
    }

    /// The path by which the system knows it now, without links.
    fn real_path(&self) -> io::Result<PathBuf> {
        fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// Renames `file`, which has the name `from`; fails where another file has that name. The new
    /// name is on disk after `sync`.
    pub(super) fn rename(&self, file: &File, from: &str, to: &str) -> io::Result<()> {
        self.check(file, from)?;
        renameat(&self.file, from, &self.file, to)?;
        if let Err(error) = self.check(file, to) {
            // It was swapped at the last moment: the name now belongs to another file than the one
            // written.
            self.remove(to)?;
            return Err(error);
        }
        Ok(())
    }

    /// Syncs the names to disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Whether that name still belongs to the file.
    fn check(&self, file: &File, name: &str) -> io::Result<()> {
        let found = self.stat(name)?.ok_or_else(replaced)?;
        if FileId::of(&found) == FileId::of(&file.metadata()?) { Ok(()) } else { Err(replaced()) }
    }

    /// Removes a name, if it exists: of a link the link itself.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.file, name, UnlinkatFlags::NoRemoveDir) {
            Err(Errno::ENOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }
}

/// How a file is attached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attach {
    /// The name of its schema.
    pub(super) schema: &'static CStr,
    /// The parameters of its URI.
    pub(super) parameters: &'static str,
}

impl Attach {
    /// To be written.
    pub(super) const fn writable(schema: &'static CStr) -> Self {
        Self { schema, parameters: "vfs=unix&mode=rw" }
    }

    /// To be read.
    pub(super) const fn readable(schema: &'static CStr) -> Self {
        Self { schema, parameters: "vfs=unix&mode=ro" }
    }
}

/// Detaches a file; SQLite refuses that inside of a transaction.
pub(super) fn detach(conn: &Connection, schema: &CStr) {
    let schema = schema.to_string_lossy();
    if let Err(error) = conn.execute_batch(&format!("DETACH {schema}")) {
        warn!(%error, %schema, "a file stays attached");
    }
}

/// Whether a connection has that file open, and the path leads to it. A descriptor of a connection
/// that was closed is kept and used again as long as another one holds a lock on the file, so that
/// the number of descriptors does not always grow.
pub(super) fn is_open_as(
    conn: &Connection,
    schema: &CStr,
    path: &Path,
    file: FileId,
) -> io::Result<bool> {
    let is_there = || fs::metadata(path).is_ok_and(|found| FileId::of(&found) == file);
    Ok(is_there() && !has_moved(conn, schema)? && is_there())
}

fn replaced() -> io::Error {
    io::Error::other("somebody put another file in its place meanwhile")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE;

    /// An open directory inside another one, and a database outside it.
    fn place() -> (tempfile::TempDir, Directory, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("in")).unwrap();
        let directory = Directory::open(&root.path().join("in")).unwrap();
        let outside = root.path().join("outside.db");
        Connection::open(&outside).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        (root, directory, outside)
    }

    fn connect(directory: &Directory, file: &File) -> io::Result<Connection> {
        directory.connect(&Held::new("x", file, OpenLock::take()), FLAGS, "unix")
    }

    /// What somebody may put in the place of a file, with a file outside of the directory.
    const SWAPS: [fn(&Path, &Path); 4] = [
        |at, outside| symlink(outside, at).unwrap(),
        |at, outside| fs::hard_link(outside, at).unwrap(),
        |at, _| fs::write(at, "").unwrap(),
        |_, _| {},
    ];

    #[test]
    fn sqlite_has_the_file_open_that_is_held_or_nothing_is_done() {
        let (_root, directory, outside) = place();
        let file = directory.create("x").unwrap();
        let conn = connect(&directory, &file).unwrap();
        conn.execute_batch("CREATE TABLE t (a)").unwrap();
        conn.close().unwrap();
        assert!(file.metadata().unwrap().len() > 0);
        let before = fs::read(&outside).unwrap();
        for swap in SWAPS {
            directory.remove("x").unwrap();
            swap(&directory.path().join("x"), &outside);
            assert!(connect(&directory, &file).is_err());
            assert!(directory.rename(&file, "x", "y").is_err());
            assert!(directory.stat("y").unwrap().is_none());
        }
        assert_eq!(fs::read(&outside).unwrap(), before);
    }

    #[test]
    fn the_file_that_is_held_is_attached_or_none() {
        let (root, directory, outside) = place();
        let file = directory.create("x").unwrap();
        let flags = FLAGS | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI;
        let conn = Connection::open_with_flags(root.path().join("main.db"), flags).unwrap();
        let attach = |how| {
            let attached = directory.attach(&Held::new("x", &file, OpenLock::take()), &conn, how);
            attached.inspect(|()| assert!(conn.is_readonly("more").is_ok()))
        };
        attach(Attach::writable(c"more")).unwrap();
        conn.execute_batch("CREATE TABLE more.t (a)").unwrap();
        detach(&conn, c"more");
        attach(Attach::readable(c"more")).unwrap();
        conn.execute_batch("DROP TABLE more.t").unwrap_err();
        detach(&conn, c"more");
        let before = fs::read(&outside).unwrap();
        for swap in SWAPS {
            directory.remove("x").unwrap();
            swap(&directory.path().join("x"), &outside);
            attach(Attach::writable(c"more")).unwrap_err();
            assert!(conn.is_readonly("more").is_err(), "nothing stays attached");
        }
        assert_eq!(fs::read(&outside).unwrap(), before);
    }

    #[test]
    fn a_file_is_created_where_there_is_none_and_for_its_owner_alone() {
        let (_root, directory, outside) = place();
        let file = directory.create("x").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        let at = |name: &str| directory.path().join(name);
        symlink(&outside, at("link")).unwrap();
        symlink("nowhere", at("loose")).unwrap();
        for name in ["x", "link", "loose"] {
            assert!(directory.create(name).is_err(), "{name}");
        }
        assert!(!at("nowhere").exists());
        let lock = OpenLock::take();
        assert!(directory.find("link", &lock).unwrap().unwrap().metadata().unwrap().is_symlink());
        let found = directory.stat("link").unwrap().unwrap();
        assert!(found.is_symlink());
        directory.remove("link").unwrap();
        directory.remove("link").unwrap();
        assert!(outside.exists());
    }

    #[test]
    fn the_held_directory_is_used_wherever_its_name_leads() {
        let (root, directory, _) = place();
        let file = directory.create("x").unwrap();
        assert!(directory.is_in_place());
        let (path, away) = (root.path().join("in"), root.path().join("away"));
        fs::rename(&path, &away).unwrap();
        assert!(!directory.is_in_place());
        fs::create_dir(&path).unwrap();
        fs::write(path.join("x"), "another").unwrap();
        assert!(!directory.is_in_place());
        connect(&directory, &file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        directory.rename(&file, "x", "y").unwrap();
        assert_eq!(directory.names().unwrap(), ["y"]);
        directory.remove("y").unwrap();
        assert_eq!(fs::read_dir(&away).unwrap().count(), 0);
        assert_eq!(fs::read(path.join("x")).unwrap(), b"another");
    }

    #[test]
    fn a_link_is_not_opened_and_a_file_is_not_either() {
        let (root, _, outside) = place();
        symlink("in", root.path().join("link")).unwrap();
        assert!(Directory::open(&root.path().join("link")).is_err());
        assert!(Directory::open(&outside).is_err());
        let missing = Directory::open(&root.path().join("nothing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
