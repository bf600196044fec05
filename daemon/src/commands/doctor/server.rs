//! Checks of a database server.

use photoprism_protocol::doctor::Check;

use super::DaemonState;
use crate::error::CommandError;
use crate::store::{Db, Durability, ServerHealth, server_health};

/// Seconds by which the clocks of two machines may differ.
const MOST_DIFFERENCE: i64 = 5;

pub(super) fn checks(db: &Db, daemon: &DaemonState) -> Result<Vec<Check>, CommandError> {
    Ok(server_health(db, daemon.clock)?.map_or_else(Vec::new, |health| of(&health)))
}

fn of(health: &ServerHealth) -> Vec<Check> {
    let mut checks = vec![
        Check::ok(
            "server",
            format!("{}, answers in {} µs", health.version, health.round_trip.as_micros()),
        ),
        Check::ok("collation", health.collations.join(", ")),
        durability(health.durability),
        writable(health),
        clock(health.ahead_s),
        engines(&health.other_engines),
        doubles(&health.doubles),
    ];
    checks.extend(health.cluster.as_deref().map(cluster));
    checks
}

fn durability(of: Durability) -> Check {
    let mut found = vec![format!("innodb_flush_log_at_trx_commit = {}", of.flush_log)];
    let wrong = of.wrong();
    if let Some(sync) = of.sync_binlog {
        found.push(format!("sync_binlog = {sync}"));
    }
    let advice = (!wrong.is_empty()).then(|| {
        format!(
            "what is acknowledged may be lost in a power cut: set {} to 1 in the server's options",
            wrong.join(" and ")
        )
    });
    Check::from_advice("durability", found.join(", "), advice)
}

fn writable(health: &ServerHealth) -> Check {
    let (found, advice) = if health.is_read_only {
        ("read-only", Some("no account can be changed: switch read_only off, or use the primary"))
    } else {
        ("yes", None)
    };
    Check::from_advice("server writable", found, advice.map(Into::into))
}

fn clock(ahead: i64) -> Check {
    let found = match ahead {
        0 => "as here".to_owned(),
        ahead if ahead > 0 => format!("{ahead} s ahead"),
        behind => format!("{} s behind", -behind),
    };
    let advice = (ahead.abs() > MOST_DIFFERENCE).then(|| {
        "set the clocks of both machines, by NTP: what expires is decided by this one's".into()
    });
    Check::from_advice("server clock", found, advice)
}

fn engines(others: &[String]) -> Check {
    if others.is_empty() {
        return Check::ok("engine", "InnoDB");
    }
    let first = &others[0];
    Check::bad(
        "engine",
        format!("not in InnoDB: {}", others.join(", ")),
        format!("a change of them cannot be undone: ALTER TABLE {first} ENGINE=InnoDB"),
    )
}

fn doubles(pairs: &[String]) -> Check {
    if pairs.is_empty() {
        return Check::ok("double names", "none");
    }
    Check::bad(
        "double names",
        pairs.join("; "),
        "PhotoPrism takes them for one, and logs in the first: give one of each another name or email",
    )
}

fn cluster(state: &str) -> Check {
    let advice = (state != "Primary").then(|| {
        "the node has lost the others, and refuses everything: see wsrep_cluster_status".into()
    });
    Check::from_advice("cluster", state, advice)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SAFE: Durability = Durability { flush_log: 1, sync_binlog: None };

    fn healthy() -> ServerHealth {
        ServerHealth {
            version: "11.8.9-MariaDB".into(),
            round_trip: Duration::from_micros(27),
            collations: vec!["utf8mb4_unicode_ci".into()],
            durability: SAFE,
            is_read_only: false,
            ahead_s: 0,
            other_engines: Vec::new(),
            doubles: Vec::new(),
            cluster: None,
        }
    }

    #[test]
    fn a_healthy_server_has_nothing_to_do() {
        let whole = ServerHealth {
            durability: Durability { sync_binlog: Some(1), ..SAFE },
            ahead_s: -MOST_DIFFERENCE,
            cluster: Some("Primary".into()),
            ..healthy()
        };
        for health in [healthy(), whole] {
            assert!(of(&health).iter().all(|check| check.ok), "{health:?}");
        }
    }

    #[test]
    fn each_fault_says_what_to_do() {
        for (health, name, words) in [
            (
                ServerHealth { durability: Durability { flush_log: 2, ..SAFE }, ..healthy() },
                "durability",
                "flush_log_at_trx_commit to 1",
            ),
            (
                ServerHealth {
                    durability: Durability { sync_binlog: Some(0), ..SAFE },
                    ..healthy()
                },
                "durability",
                "sync_binlog to 1",
            ),
            (ServerHealth { is_read_only: true, ..healthy() }, "server writable", "read_only"),
            (ServerHealth { ahead_s: 6, ..healthy() }, "server clock", "NTP"),
            (
                ServerHealth { other_engines: vec!["passwords".into()], ..healthy() },
                "engine",
                "ALTER",
            ),
            (
                ServerHealth { doubles: vec!["bob and böb".into()], ..healthy() },
                "double names",
                "another",
            ),
            (ServerHealth { cluster: Some("non-Primary".into()), ..healthy() }, "cluster", "lost"),
        ] {
            let bad: Vec<Check> = of(&health).into_iter().filter(|check| !check.ok).collect();
            let [found] = &bad[..] else { panic!("{bad:?}") };
            assert_eq!(found.check, name);
            assert!(found.advice.as_ref().unwrap().contains(words), "{found:?}");
        }
    }
}
