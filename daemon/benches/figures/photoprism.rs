//! PhotoPrism's database next to one of the daemon's own.

use std::path::Path;

use super::{Table, best_of_each, fill};
use crate::common::Daemon;
use crate::{access_token, directory, rate};

/// A database that a real PhotoPrism created, with ten accounts.
pub(super) const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

const ACCOUNTS: u32 = 10;

const ROUNDS: u32 = 10_000;

/// Writes of one run: each waits for two syncs or more.
const WRITES: u32 = 500;

const LIST: &str = "{\"cmd\":\"users.ls\"}\n";

/// Each the best of three, in turn.
pub(crate) fn photoprism(table: &mut Table) {
    let (own, photoprism) = (directory(), directory());
    drop(Daemon::start(&own, &[]));
    fill(&own, ACCOUNTS);
    std::fs::copy(FIXTURE, photoprism.path().join("index.db")).expect("a copy");
    let _running = (Daemon::start(&own, &[]), Daemon::start_on(&photoprism, "index.db", &[]));
    let sockets = [&own, &photoprism].map(|directory| directory.path().join("admin.sock"));
    let tokens = [&sockets[0], &sockets[1]].map(|socket| access_token(socket));
    let verify = tokens
        .map(|token| format!("{{\"cmd\":\"auth.verify\",\"args\":{{\"token\":\"{token}\"}}}}\n"));
    let lists = [LIST.to_owned(), LIST.to_owned()];
    for (what, lines) in [("users.ls", &lists), ("auth.verify", &verify)] {
        let asked = |way: usize| {
            rate(&sockets[way], (1, ROUNDS), |client| client.ask(lines[way].as_bytes(), 1))
        };
        row(table, what, best_of_each(|| asked(0), || asked(1)));
    }
    let changed = |way: usize| changes(&sockets[way]);
    row(table, "users.mod", best_of_each(|| changed(0), || changed(1)));
}

/// Changes of one account a second, each of which differs from the one before.
fn changes(socket: &Path) -> f64 {
    let count = std::sync::atomic::AtomicU32::new(0);
    rate(socket, (1, WRITES), |client| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let args = format!("{{\"user\":\"admin\",\"display_name\":\"{number}\"}}");
        client.ask(format!("{{\"cmd\":\"users.mod\",\"args\":{args}}}\n").as_bytes(), 1);
    })
}

fn row(table: &mut Table, what: &str, (own, photoprism): (f64, f64)) {
    table.row(
        &format!("`{what}` on PhotoPrism's database, 10 accounts, 1 connection"),
        &format!("{photoprism:.0} /s"),
        &format!("{:.2} x the daemon's own", photoprism / own),
    );
}
