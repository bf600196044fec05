//! What neither std nor nix can do without `unsafe`: the only module that uses it.
#![expect(
    unsafe_code,
    reason = "descriptors and groups of peers, memory that is zeroed, SQLite's file handles"
)]

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
pub(crate) mod names;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CStr;
use std::io;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use argon2::Block;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};
use rusqlite::{Connection, ffi};

/// Groups that the first attempt has room for; more are allocated when the kernel says so.
const FEW_GROUPS: usize = 64;

/// Most groups of a process: `NGROUPS_MAX` of Linux.
const MOST_GROUPS: usize = 65_536;

/// The supplementary groups that the peer had when it connected (`SO_PEERGROUPS`, Linux 4.13).
///
/// # Errors
/// Those of `getsockopt(2)`: not a Unix socket, not connected, an older kernel.
pub(crate) fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    groups_into(socket, FEW_GROUPS)
}

/// The same with room for `room` groups at first. Grows once: the list of a connection is fixed.
fn groups_into(socket: BorrowedFd<'_>, room: usize) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; room.min(MOST_GROUPS)];
    let needed = match ask_groups(socket, &mut groups) {
        Ok(count) => {
            groups.truncate(count);
            return Ok(groups);
        }
        Err((error, needed)) if error.raw_os_error() == Some(libc::ERANGE) => needed,
        Err((error, _)) => return Err(error),
    };
    if needed > MOST_GROUPS {
        return Err(io::Error::from_raw_os_error(libc::ERANGE));
    }
    groups.resize(needed, 0);
    let count = ask_groups(socket, &mut groups).map_err(|(error, _)| error)?;
    groups.truncate(count);
    Ok(groups)
}

/// One call: how many groups were written, or the error and how many there are.
fn ask_groups(socket: BorrowedFd<'_>, groups: &mut [u32]) -> Result<usize, (io::Error, usize)> {
    let invalid = || (io::Error::from_raw_os_error(libc::EINVAL), 0);
    let mut bytes =
        libc::socklen_t::try_from(size_of_val::<[libc::gid_t]>(groups)).map_err(|_| invalid())?;
    // SAFETY: the descriptor is open for as long as it is borrowed; the buffer is writable for
    // `bytes` bytes, any bytes make a gid, and both pointers outlive the call.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let error = io::Error::last_os_error();
    let count = usize::try_from(bytes).map_err(|_| invalid())? / size_of::<libc::gid_t>();
    if answer == 0 { Ok(count.min(groups.len())) } else { Err((error, count)) }
}

/// Sets the supplementary groups of the calling thread only; the C library's call sets them for
/// all.
pub(crate) fn set_groups_of_thread(groups: &[u32]) -> io::Result<()> {
    // On these two architectures the older call takes gids of 16 bits.
    #[cfg(any(target_arch = "arm", target_arch = "x86"))]
    const CALL: libc::c_long = libc::SYS_setgroups32;
    #[cfg(not(any(target_arch = "arm", target_arch = "x86")))]
    const CALL: libc::c_long = libc::SYS_setgroups;
    // SAFETY: the kernel reads as many gids as the slice has, each of 32 bits, and keeps nothing.
    let answer = unsafe { libc::syscall(CALL, groups.len(), groups.as_ptr()) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// From now on SQLite never blocks when it opens a file: a FIFO in place of a database, or of its
/// journal, would block its thread for ever. Call this before the first file is opened.
pub(crate) fn sqlite_opens_without_waiting() -> io::Result<()> {
    type Open = unsafe extern "C" fn(*const libc::c_char, libc::c_int, libc::c_int) -> libc::c_int;
    unsafe extern "C" fn open(
        path: *const libc::c_char,
        flags: libc::c_int,
        mode: libc::c_int,
    ) -> libc::c_int {
        // SAFETY: SQLite gives the arguments that it would give to `open(2)` itself.
        unsafe { libc::open(path, flags | libc::O_NONBLOCK, mode) }
    }
    let failed = || io::Error::other("SQLite takes no open(2) of the daemon's own");
    // SAFETY: without a name it gives the default VFS, which lives as long as the program, or null.
    let vfs = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: as above; the method is that of this VFS.
    let set = unsafe { vfs.as_ref() }.and_then(|vfs| vfs.xSetSystemCall).ok_or_else(failed)?;
    // SAFETY: SQLite keeps the pointer without its type, and calls it as what it replaces: the
    // three arguments and the result of `Open`.
    let call = unsafe { std::mem::transmute::<Open, unsafe extern "C" fn()>(open) };
    // SAFETY: the name is a C string of a call that this VFS has, and the function never goes away.
    let code = unsafe { set(vfs, c"open".as_ptr(), Some(call)) };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(failed()) }
}

/// The descriptors that systemd passed, with their names, closed on exec from now on.
///
/// Only the first call of a process gets them.
///
/// # Errors
/// `LISTEN_PID` is this process, and `LISTEN_FDS` or the names do not fit what is open.
pub(crate) fn passed_descriptors() -> io::Result<Vec<(OwnedFd, String)>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    let passed = sd_notify::listen_fds_with_names()?;
    // SAFETY: each was open a moment ago (setting close-on-exec succeeded), systemd made them
    // for this process (LISTEN_PID is its pid), and the flag above lets nobody own them twice.
    Ok(passed.map(|(fd, name)| (unsafe { OwnedFd::from_raw_fd(fd) }, name)).collect())
}

/// Where the change counter is in the header of a SQLite file: four bytes, the highest first.
const CHANGE_COUNTER: i64 = 24;

/// The change counter of a connection's main file. Call it inside a transaction; in WAL mode the
/// file lags behind.
pub(crate) fn change_counter(conn: &Connection) -> io::Result<u32> {
    file_bytes(conn, CHANGE_COUNTER).map(u32::from_be_bytes)
}

/// Bytes of a connection's main file from offset `from`, read through SQLite's own descriptor:
/// opening another one, and closing it, would drop the locks of this process.
///
/// # Errors
/// Where SQLite has no such file, cannot read it, or it is too short.
pub(crate) fn file_bytes<const N: usize>(conn: &Connection, from: i64) -> io::Result<[u8; N]> {
    let file = file_of(conn, ffi::SQLITE_FCNTL_FILE_POINTER)?;
    let unsupported = || io::Error::from(io::ErrorKind::Unsupported);
    let length = std::ffi::c_int::try_from(N).map_err(|_| unsupported())?;
    // SAFETY: the connection is borrowed, so its file is open and its handle valid; methods that
    // are not null are a table that lives as long as the program.
    let read = unsafe { file.read().pMethods.as_ref() }.and_then(|methods| methods.xRead);
    let read = read.ok_or_else(unsupported)?;
    let mut bytes = [0_u8; N];
    // SAFETY: the handle as above; the buffer is writable for the bytes that are asked for, and
    // reading moves nothing that SQLite relies upon (its own calls name their offset too).
    let code = unsafe { read(file.as_ptr(), bytes.as_mut_ptr().cast(), length, from) };
    if code == ffi::SQLITE_OK {
        return Ok(bytes);
    }
    Err(io::Error::other(format!("SQLite could not read its file: code {code}")))
}

/// Whether a connection has the rollback journal of its main file open: in a transaction that is so
/// from the first page that it changes. In WAL mode always.
pub(crate) fn journal_is_open(conn: &Connection) -> io::Result<bool> {
    let file = file_of(conn, ffi::SQLITE_FCNTL_JOURNAL_POINTER)?;
    // SAFETY: the connection is borrowed, so the handle that it gave is valid, open or not.
    Ok(!unsafe { file.read() }.pMethods.is_null())
}

/// Whether another file than the one that a connection has open is at its path by now.
pub(crate) fn has_moved(conn: &Connection, schema: &CStr) -> io::Result<bool> {
    let mut moved: std::ffi::c_int = 0;
    // SAFETY: the connection is open for as long as it is borrowed, the name is a C string, and
    // the code writes one integer to where the last argument points.
    let code = unsafe {
        ffi::sqlite3_file_control(
            conn.handle(),
            schema.as_ptr(),
            ffi::SQLITE_FCNTL_HAS_MOVED,
            (&raw mut moved).cast(),
        )
    };
    if code == ffi::SQLITE_OK {
        return Ok(moved != 0);
    }
    Err(io::Error::other(format!("SQLite did not look its file up: code {code}")))
}

/// One of the file handles that SQLite has for the main file of a connection.
fn file_of(conn: &Connection, which: std::ffi::c_int) -> io::Result<NonNull<ffi::sqlite3_file>> {
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    // SAFETY: the connection is open for as long as it is borrowed, the name is a C string, and
    // both codes write one pointer to where the last argument points.
    let code = unsafe {
        ffi::sqlite3_file_control(conn.handle(), c"main".as_ptr(), which, (&raw mut file).cast())
    };
    match NonNull::new(file) {
        Some(file) if code == ffi::SQLITE_OK => Ok(file),
        _ => Err(io::Error::other(format!("SQLite gave no file: code {code}"))),
    }
}

/// Memory of Argon2: reserved at once, touched when it is used, returned to the system on request
/// and when it is dropped. Always zero at first.
#[derive(Debug)]
pub(crate) struct HashMemory {
    start: NonNull<Block>,
    blocks: usize,
}

// SAFETY: it owns its pages alone, as a `Vec<Block>` would, and blocks are plain numbers.
unsafe impl Send for HashMemory {}

impl HashMemory {
    /// Reserves `blocks` blocks of 1 KiB.
    ///
    /// # Errors
    /// Those of `mmap(2)`; running out of memory must not end the daemon.
    pub(crate) fn reserve(blocks: NonZeroUsize) -> io::Result<Self> {
        let bytes = blocks
            .checked_mul(NonZeroUsize::new(size_of::<Block>()).ok_or(io::ErrorKind::InvalidInput)?)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new private mapping at a place of the kernel's choice touches no memory that
        // is in use.
        let start = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_PRIVATE) }?;
        // Argon2 accesses it at random: large pages save TLB misses.
        // SAFETY: the pages were mapped above with that length, and the advice changes nothing
        // that they hold. A system without large pages fails, and has small ones as before.
        let _ = unsafe { madvise(start, bytes.get(), MmapAdvise::MADV_HUGEPAGE) };
        Ok(Self { start: start.cast(), blocks: blocks.get() })
    }

    fn bytes(&self) -> usize {
        self.blocks * size_of::<Block>()
    }

    /// Returns the pages; they are zero when they are next touched.
    pub(crate) fn release(&mut self) {
        // SAFETY: the pages belong to this value alone, and this borrow is the only one, so that
        // nothing reads their old contents. On failure they stay as they were.
        let _ = unsafe { madvise(self.start.cast(), self.bytes(), MmapAdvise::MADV_DONTNEED) };
    }
}

impl Deref for HashMemory {
    type Target = [Block];

    fn deref(&self) -> &[Block] {
        // SAFETY: the mapping holds that many blocks, is page-aligned, lives as long as `self`,
        // and began as zeroes, which are a valid `Block` of 128 integers.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.blocks) }
    }
}

impl DerefMut for HashMemory {
    fn deref_mut(&mut self) -> &mut [Block] {
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.blocks) }
    }
}

impl Drop for HashMemory {
    fn drop(&mut self) {
        // SAFETY: mapped by `reserve` with this length, and no borrow outlives `self`.
        let _ = unsafe { munmap(self.start.cast(), self.bytes()) };
    }
}

/// Gives freed memory back to the system, of which glibc keeps hundreds of MB after long work.
pub(crate) fn give_memory_back() {
    // SAFETY: it takes no pointer, and locks what it looks through.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The system's allocator, which gets memory back zeroed. serde, the buffers of a connection, keys
/// and rows hold secrets, and what grows leaves a copy behind: here all of them end.
pub(crate) struct ZeroOnFree;

// SAFETY: every call goes to the system's allocator with its own arguments. What grows or shrinks
// is a new block, a copy, and the old one freed: the default of the trait.
unsafe impl GlobalAlloc for ZeroOnFree {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the block has as many bytes as its layout says, and nobody reads it any more.
        unsafe { libc::explicit_bzero(start.cast(), layout.size()) };
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn own_groups() -> Vec<u32> {
        let mut groups: Vec<u32> =
            nix::unistd::getgroups().unwrap().into_iter().map(nix::unistd::Gid::as_raw).collect();
        groups.sort_unstable();
        groups
    }

    #[test]
    fn a_pair_has_our_own_groups_whatever_the_room() {
        let (here, _there) = UnixStream::pair().unwrap();
        for room in [0, 1, FEW_GROUPS, MOST_GROUPS + 1] {
            let mut groups = groups_into(here.as_fd(), room).unwrap();
            groups.sort_unstable();
            assert_eq!(groups, own_groups());
        }
    }

    #[test]
    fn what_is_not_a_socket_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(peer_groups(file.as_fd()).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    }

    #[test]
    fn the_change_counter_is_read_and_an_open_journal_seen() {
        let directory = tempfile::tempdir().unwrap();
        let conn = Connection::open(directory.path().join("a.db")).unwrap();
        conn.execute_batch("CREATE TABLE t (a)").unwrap();
        let before = change_counter(&conn).unwrap();
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(!journal_is_open(&conn).unwrap(), "nothing is changed yet");
        conn.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert!(journal_is_open(&conn).unwrap());
        assert_eq!(change_counter(&conn).unwrap(), before);
        conn.execute_batch("COMMIT").unwrap();
        assert_eq!(change_counter(&conn).unwrap(), before + 1);
        conn.execute_batch("BEGIN IMMEDIATE; COMMIT").unwrap();
        assert_eq!(change_counter(&conn).unwrap(), before + 1);
        let nowhere = Connection::open_in_memory().unwrap();
        assert!(change_counter(&nowhere).is_err());
    }

    #[test]
    fn sqlite_waits_for_no_fifo() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        Connection::open(at("a.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        for name in ["a.db-journal", "b.db"] {
            nix::unistd::mkfifo(&at(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        sqlite_opens_without_waiting().unwrap();
        for path in [at("a.db"), at("b.db")] {
            let (ended, end) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
                let conn = Connection::open_with_flags(path, flags);
                let read = conn.and_then(|conn| conn.prepare("SELECT * FROM t").map(drop));
                ended.send(read.is_err()).unwrap();
            });
            assert!(end.recv_timeout(std::time::Duration::from_mins(1)).unwrap());
        }
    }

    /// Whether a line of `/proc/self/smaps` begins the mapping that contains an address.
    fn holds(line: &str, address: usize) -> bool {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |digits| usize::from_str_radix(digits, 16).ok();
        let range = range.and_then(|(start, end)| Some(number(start)?..number(end)?));
        range.is_some_and(|range| range.contains(&address))
    }

    #[test]
    fn hash_memory_asks_for_large_pages() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            // Bypasses the test runner, which captures what a passing test prints.
            let mut stderr = std::io::stderr();
            std::io::Write::write_all(&mut stderr, b"skipped: no large pages here\n").unwrap();
            return;
        }
        let memory = HashMemory::reserve(NonZeroUsize::new(4096).unwrap()).unwrap();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let address = memory.start.as_ptr().addr();
        let mut lines = maps.lines().skip_while(|line| !holds(line, address));
        let flags = lines.find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        assert!(flags.split(' ').any(|flag| flag == "hg"), "{flags}");
    }
}
