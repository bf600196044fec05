//! A warning for databases on network file systems, whose locks and syncs promise less.

use std::path::Path;

use nix::sys::statfs::{FsType, statfs};
use tracing::warn;

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

/// Logs a warning where the folder of the database is on one.
pub(super) fn warn_of_network(database: &Path) {
    let folder = database.parent().unwrap_or(database);
    // Where the system does not tell there is nothing to warn of.
    let Ok(found) = statfs(folder) else { return };
    if let Some(name) = network_name(found.filesystem_type()) {
        warn!(
            path = %folder.display(),
            "the database is on a network file system ({name}): its locks and syncs may not hold, \
             a power cut can cost more than the last write; use a local disk"
        );
    }
}

fn network_name(kind: FsType) -> Option<&'static str> {
    // The kernel's numbers have 32 bits; on some machines they arrive with their sign.
    let number = kind.0 & 0xffff_ffff;
    NETWORK.iter().find(|(magic, _)| *magic == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use nix::sys::statfs::{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, TMPFS_MAGIC};

    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        assert_eq!(network_name(NFS_SUPER_MAGIC), Some("NFS"));
        assert_eq!(network_name(SMB_SUPER_MAGIC), Some("SMB"));
        assert_eq!(network_name(TMPFS_MAGIC), None);
        assert!(network_name(statfs("/proc").unwrap().filesystem_type()).is_none());
    }
}
