//! Searches, and the memory that many accounts take.

use tempfile::TempDir;

use super::{Table, best_of_each, fill, times};
use crate::common::Daemon;
use crate::{directory, rate, resident_kib};

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;

/// Searches of each kind.
const ROUNDS: u32 = 2_000;

/// A daemon over so many accounts.
struct Filled {
    directory: TempDir,
    daemon: Daemon,
    /// A beginning that all have, and one that a single account has.
    beginnings: [&'static str; 2],
}

impl Filled {
    fn start(accounts: u32, beginnings: [&'static str; 2]) -> Self {
        let directory = directory();
        drop(Daemon::start(&directory, &[]));
        fill(&directory, accounts);
        let (daemon, _) = Daemon::start(&directory, &[]);
        Self { directory, daemon, beginnings }
    }

    /// Searches a second.
    fn rate(&self, way: usize) -> f64 {
        let args = format!("{{\"search\":\"{}\",\"limit\":100}}", self.beginnings[way]);
        let line = format!("{{\"cmd\":\"users.ls\",\"args\":{args}}}\n");
        let socket = self.directory.path().join("admin.sock");
        rate(&socket, (1, ROUNDS), |client| client.ask(line.as_bytes(), 1))
    }
}

/// A page of a search for the beginning of a name, in few and in many accounts.
pub(crate) fn searches(table: &mut Table) {
    let few = Filled::start(FEW, ["user", "user999"]);
    let many = Filled::start(MANY, ["user", "user999999"]);
    let mib = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
    let idle = resident_kib(&many.daemon);
    let of_few = times(idle / resident_kib(&few.daemon), "1,000 accounts");
    table.row("resident memory, idle, 1,000,000 accounts", &mib(idle), &of_few);
    for (way, what) in ["that all begin with, 100 rows", "of one account"].iter().enumerate() {
        let (of_few, of_many) = best_of_each(|| few.rate(way), || many.rate(way));
        let ms = |rate: f64| format!("{:.3} ms", 1e3 / rate);
        table.row(&format!("search for a beginning {what}, 1,000 accounts"), &ms(of_few), "");
        table.row(
            &format!("search for a beginning {what}, 1,000,000 accounts"),
            &ms(of_many),
            &format!("{:.2} x 1,000 accounts", of_few / of_many),
        );
    }
    let busy = resident_kib(&many.daemon);
    table.row(
        "resident memory, 1,000,000 accounts, after 12,000 searches",
        &mib(busy),
        &format!("{:.2} x idle", busy / idle),
    );
}
