//! Finds the process that holds a lock on a database.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The process that holds a POSIX lock on `path`, according to `/proc/locks`; never this process.
/// Uses only `stat` on the file: opening and closing it would drop this process's locks.
pub(super) fn lock_holder(path: &Path) -> Option<u32> {
    let inode = std::fs::metadata(path).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().filter_map(|line| holder(line, inode)).find(|pid| *pid != std::process::id())
}

/// A line is `1: POSIX  ADVISORY  WRITE 1234 fe:01:5678 0 EOF`.
fn holder(line: &str, inode: u64) -> Option<u32> {
    let mut fields = line.split_whitespace().skip_while(|field| *field != "POSIX").skip(3);
    let pid = fields.next()?.parse().ok()?;
    let held: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
    (held == inode).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_names_process_and_inode() {
        let line = "3: POSIX  ADVISORY  WRITE 1234 fe:01:5678 1073741825 1073742335";
        assert_eq!(holder(line, 5678), Some(1234));
        assert_eq!(holder(line, 5679), None);
        assert_eq!(holder("4: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF", 5678), None);
        assert_eq!(holder("", 5678), None);
    }
}
