//! Disk, file system and limits of the machine.

use std::path::Path;

use photoprism_protocol::doctor::Check;

use super::DaemonState;
use crate::system::{OTHER_FILES, Seen, Space, descriptor_limit, network_file_system, space};

/// Less than this is too little for a day of records on a busy machine.
const LEAST_FREE: u64 = 64 << 20;

pub(super) fn checks(daemon: &DaemonState) -> Vec<Check> {
    if daemon.server.is_some() {
        return vec![disk(&daemon.backups, 0), descriptors(daemon)];
    }
    let length = Seen::through(&daemon.database).map_or(0, |seen| seen.length);
    vec![disk(&daemon.database, length), file_system(&daemon.database), descriptors(daemon)]
}

/// Where the database is, of that length, or where its backups are going to be.
fn disk(path: &Path, length: u64) -> Check {
    let directory = path.ancestors().skip(1).find(|directory| directory.is_dir());
    let directory = directory.unwrap_or(Path::new("/"));
    match space(directory) {
        Ok(found) => judge_space(found, length),
        Err(error) => Check::bad(
            "disk space",
            format!("{}: {error}", directory.display()),
            "check the disk of the database",
        ),
    }
}

/// A backup before a migration needs as much again as the database has.
fn judge_space(found: Space, database: u64) -> Check {
    let least = LEAST_FREE.max(database.saturating_mul(2));
    let mib = |bytes: u64| bytes >> 20;
    let advice = (found.free < least)
        .then(|| format!("at least {} MiB should be free, for records and backups", mib(least)));
    let text = format!("{} of {} MiB free", mib(found.free), mib(found.total));
    Check::from_advice("disk space", text, advice)
}

fn file_system(database: &Path) -> Check {
    match network_file_system(database) {
        None => Check::ok("file system", "local"),
        Some(name) => Check::bad(
            "file system",
            format!("{name}, over a network"),
            "its locks and syncs may not hold: move the database to a local disk",
        ),
    }
}

fn descriptors(daemon: &DaemonState) -> Check {
    match descriptor_limit() {
        Ok((soft, hard)) => judge_descriptors(soft, hard, daemon.connections),
        Err(error) => {
            Check::bad("open files", error.to_string(), "check the limit with `ulimit -n`")
        }
    }
}

fn judge_descriptors(soft: u64, hard: u64, connections: u64) -> Check {
    let needed = connections.saturating_add(OTHER_FILES);
    let advice = if soft >= needed {
        None
    } else if hard >= needed {
        // A reload raised `max-connections`; the limit is raised at a start.
        Some("restart photoprismd, which raises its limit".to_owned())
    } else {
        Some(format!(
            "raise the hard limit to {needed} (`LimitNOFILE=` of the unit, `ulimits:` of the \
             service), or lower --max-connections"
        ))
    };
    let found = format!("limit {soft}, {needed} needed for {connections} connections");
    Check::from_advice("open files", found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_reported() {
        const GIB: u64 = 1 << 30;
        let judged = |free, database| judge_space(Space { free, total: 4 * GIB }, database);
        assert!(judged(GIB, 1000).ok);
        assert_eq!(judged(GIB, 1000).found, "1024 of 4096 MiB free");
        assert!(!judged(LEAST_FREE - 1, 0).ok);
        let advice = judged(GIB, GIB).advice.unwrap();
        assert!(advice.contains("2048 MiB"), "{advice}");
    }

    #[test]
    fn too_few_descriptors_are_reported_with_the_fix() {
        let advice = |soft, hard| judge_descriptors(soft, hard, 260).advice.unwrap_or_default();
        assert_eq!(advice(324, 324), "");
        assert!(advice(323, 324).contains("restart"));
        assert!(advice(256, 256).contains("raise the hard limit to 324"));
    }
}
