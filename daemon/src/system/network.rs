//! Network file systems, whose locks and syncs guarantee less.

use std::path::Path;

use nix::sys::statfs::{FsType, statfs};

/// Magic numbers of `statfs(2)` for file systems over a network.
const NETWORK: [(i64, &str); 7] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];

/// The network file system that contains the directory of `file`; `None` on a local one, and where
/// the system does not report it.
pub(crate) fn network_file_system(file: &Path) -> Option<&'static str> {
    let directory = file.parent().unwrap_or(file);
    let FsType(kind) = statfs(directory).ok()?.filesystem_type();
    network_name(kind)
}

/// The type of the number has 32 or 64 bits depending on the machine.
fn network_name(kind: impl Into<i64>) -> Option<&'static str> {
    // The kernel's numbers have 32 bits; on some machines they are sign-extended.
    let number = kind.into() & 0xffff_ffff;
    NETWORK.iter().find(|(magic, _)| *magic == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use nix::sys::statfs::{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, TMPFS_MAGIC};

    use super::*;

    #[test]
    fn network_file_systems_are_distinguished_from_local_ones() {
        assert_eq!(network_name(NFS_SUPER_MAGIC.0), Some("NFS"));
        assert_eq!(network_name(SMB_SUPER_MAGIC.0), Some("SMB"));
        assert_eq!(network_name(TMPFS_MAGIC.0), None);
        assert_eq!(network_name(0xff53_4d42_u32.cast_signed()), Some("CIFS"));
        assert_eq!(network_file_system(Path::new("/proc/self")), None);
        assert_eq!(network_file_system(Path::new("/nowhere/at/all")), None);
    }
}
