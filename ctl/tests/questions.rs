//! What is asked before something is destroyed.

mod common;

use common::Daemon;
use common::terminal::Terminal;
use serde_json::{Value, json};

/// What the golden files of the protocol say of a command.
fn golden_reply(command: &str) -> Value {
    let file = format!("../protocol/tests/golden/{command}.reply.json");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// How much of which database goes, and whether a backup is written first.
#[test]
fn what_destroys_asks_with_what_is_at_stake() {
    let mut status = golden_reply("status");
    status["result"]["counts"] = json!({"users": 12, "deleted": 1, "sessions": 3, "logins": 45});
    status["result"]["database"]["path"] = "/data/index.db".into();
    status["warnings"] = json!([]);
    let pruned = golden_reply("backup.prune").to_string();
    for (line, before, question) in [
        (
            "users reset",
            vec![],
            "Delete all 12 accounts and end 3 sessions of /data/index.db? A backup is written first.",
        ),
        (
            "auth reset",
            vec![],
            "End 3 sessions of /data/index.db, app passwords and access tokens among them? A \
             backup is written first.",
        ),
        (
            "admin backup restore x.db",
            vec![],
            "Put the accounts of \"x.db\" in place of 12 accounts of /data/index.db, and end 3 \
             sessions? A backup is written first.",
        ),
        (
            "admin backup rm x.db",
            vec![],
            "Delete the backup \"x.db\" of /data/index.db? It cannot be brought back.",
        ),
        (
            "admin backup prune --keep 7",
            vec![pruned],
            "Delete the oldest 1 of 8 manual backups of /data/index.db? They cannot be brought back.",
        ),
        (
            "logins clear",
            vec![],
            "Clear 45 login records of /data/index.db and all bans? No backup holds them.",
        ),
    ] {
        let asked = before.len() + 1;
        let script = before.into_iter().chain([status.to_string()]);
        let daemon = Daemon::playing(script);
        let mut terminal = Terminal::start(&mut daemon.command(line.split(' ')));
        terminal.wait_for("[y/N] ");
        let shown = terminal.shown.replace("\r\n", "");
        assert_eq!(shown, format!("{question} [y/N] "), "{line}");
        terminal.type_in("n\n");
        assert_eq!(terminal.finish(), Some(1), "{line}");
        assert_eq!(daemon.requests().len(), asked, "{line}: nothing else was asked for");
    }
}
