//! Which module may use which.

use crate::source::{Source, words};

/// Each module of the daemon with those that it may use, in the order of `lib.rs`; written by
/// hand. A new module needs a row here, and a reason. What is refused in any case, a cycle, is not
/// up to this list: `cycles.rs` computes it.
const MAY_USE: [(&str, &[&str]); 27] = [
    ("main", &[]),
    ("lib", &[]),
    ("process", &["system", "sys"]),
    ("config", &["log", "photoprism", "server_address", "system"]),
    ("log", &["clock"]),
    (
        "startup",
        &[
            "admin_password",
            "clock",
            "config",
            "commands",
            "error",
            "failpoints",
            "hashing",
            "limiter",
            "log",
            "metrics",
            "model",
            "notify",
            "peer",
            "photoprism",
            "process",
            "server",
            "session_index",
            "signals",
            "socket",
            "store",
            "system",
        ],
    ),
    ("signals", &[]),
    ("socket", &["peer", "sys"]),
    ("server", &["commands", "connection", "failpoints", "log", "peer"]),
    ("peer", &["sys"]),
    ("connection", &["clock", "commands", "peer"]),
    (
        "commands",
        &[
            "admin_password",
            "clock",
            "config",
            "error",
            "failpoints",
            "hashing",
            "limiter",
            "log",
            "metrics",
            "model",
            "notify",
            "peer",
            "photoprism",
            "session_index",
            "store",
            "sys",
            "system",
        ],
    ),
    ("notify", &["clock", "model", "photoprism", "session_index", "store"]),
    ("admin_password", &["config", "hashing", "model"]),
    ("hashing", &["sys"]),
    ("limiter", &["clock", "store"]),
    ("model", &[]),
    ("photoprism", &["clock", "model"]),
    ("session_index", &["clock", "model"]),
    ("server_address", &[]),
    // The uses that are not yet written have their places in the list of sessions.
    (
        "store",
        &[
            "clock",
            "failpoints",
            "log",
            "model",
            "server_address",
            "session_index",
            "system",
            "sys",
        ],
    ),
    ("failpoints", &[]),
    ("metrics", &[]),
    ("clock", &[]),
    ("error", &["store"]),
    ("system", &[]),
    ("sys", &[]),
];

/// The modules above the file: `["commands", "users"]` of `daemon/src/commands/users/add.rs`.
fn place(source: &Source) -> Vec<&str> {
    let path = source.path.strip_prefix("daemon/src/").unwrap().strip_suffix(".rs").unwrap();
    path.split('/').filter(|part| *part != "mod").collect()
}

/// Every use of a module that this file's may not use.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    let place = place(source);
    let Some((_, may)) = MAY_USE.iter().find(|(name, _)| *name == place[0]) else {
        return vec![source.fault(1, &format!("the module {} has no row in MAY_USE", place[0]))];
    };
    let allowed = |name: &str| name == place[0] || may.contains(&name);
    let mut faults = Vec::new();
    for (at, line) in source.code() {
        for used in used(line, place.len()).filter(|used| !allowed(used)) {
            faults.push(source.fault(at, &format!("{} may not use {used}", place[0])));
        }
    }
    faults
}

/// The modules of the first level that a line names, seen from a module of that depth.
fn used(line: &str, depth: usize) -> impl Iterator<Item = &str> {
    let from_root = words(line, "crate").filter_map(|at| line[at..].strip_prefix("crate::"));
    let above = line.match_indices("super::").filter_map(move |(at, _)| {
        let mut rest = &line[at..];
        let mut up = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            (rest, up) = (next, up + 1);
        }
        (up == depth && !line[..at].ends_with("super::")).then_some(rest)
    });
    from_root.chain(above).map(first_word)
}

/// A group of names is reported as it is: each module is to be named by itself.
fn first_word(rest: &str) -> &str {
    let end = rest.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(rest.len());
    if end == 0 { rest } else { &rest[..end] }
}

/// Dependencies between the crates that are not `ctl → protocol ← daemon`.
pub(crate) fn crate_faults(name: &str, manifest: &str) -> Vec<String> {
    let (_, rest) = manifest.split_once("[dependencies]").unwrap();
    let dependencies = rest.split("\n[").next().unwrap();
    let names = dependencies.lines().filter(|line| line.starts_with("photoprism-"));
    names
        .filter(|line| name == "protocol" || !line.starts_with("photoprism-protocol"))
        .map(|line| format!("{name} may not depend on {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        faults(&Source::new(&format!("daemon/src/{path}"), text))
    }

    #[test]
    fn what_is_allowed_passes() {
        for (path, line) in [
            ("commands/users/add.rs", "use crate::store::Tx;"),
            ("commands/users/add.rs", "use crate::commands::page;"),
            ("commands/users/add.rs", "use super::super::page;"),
            ("commands/mod.rs", "    crate::hashing::is_hash(x)"),
            ("store/open.rs", "// never crate::commands here"),
            ("store/open.rs", "pub(crate) fn x() {}"),
            ("store/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::model::bootstrap;\n}"),
            ("store/tests/place.rs", "use crate::model::bootstrap;"),
            ("lib.rs", "pub use self::start::run;"),
        ] {
            assert_eq!(found(path, line), [""; 0], "{path} {line}");
        }
    }

    #[test]
    fn what_goes_back_or_past_is_found() {
        for (path, line) in [
            ("store/open.rs", "use crate::commands::Context;"),
            ("store/open.rs", "    let x = crate::limiter::now();"),
            ("store/open.rs", "use super::super::commands::Context;"),
            ("store.rs", "use super::commands::Context;"),
            ("commands/find.rs", "use crate::socket::Lock;"),
            ("commands/find.rs", "use crate::connection::serve;"),
            ("commands/users/add.rs", "use super::super::super::server::Server;"),
            ("hashing/pool.rs", "use crate::store::Db;"),
            ("connection/codec.rs", "use crate::store::Db;"),
            ("peer/policy.rs", "use crate::{store, commands};"),
            ("unknown.rs", ""),
        ] {
            assert_eq!(found(path, line).len(), 1, "{path} {line}");
        }
        assert_eq!(
            found("peer/a.rs", "\nuse crate::store::A;")[0],
            "daemon/src/peer/a.rs:2: peer may not use store"
        );
    }

    #[test]
    fn crates_that_know_each_other_are_found() {
        let of = |line: &str| {
            format!(
                "[package]\n[dependencies]\n{line}\n[dev-dependencies]\nphotoprism-daemon = 1\n"
            )
        };
        assert_eq!(crate_faults("ctl", &of("photoprism-protocol.workspace = true")), [""; 0]);
        assert_eq!(crate_faults("ctl", &of("photoprism-daemon.workspace = true")).len(), 1);
        assert_eq!(crate_faults("daemon", &of("photoprism-ctl = 1")).len(), 1);
        assert_eq!(crate_faults("protocol", &of("photoprism-protocol = 1")).len(), 1);
    }
}
