//! Who waits for whom: each row with its bound, what was measured, and whether it holds.
//!
//! `cargo bench -p photoprism-daemon --bench waiting`, which takes minutes. `-- own`,
//! `photoprism` or `mariadb` for one kind of database, `million` for a million accounts and sessions in place of
//! a hundred thousand and two hundred thousand (or `accounts=N sessions=N`), and any other word for
//! the rows whose name it is a part of. Three times a bound is a failure, and the exit code is 1.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "its client reads no result")]
mod common;
#[path = "../filled/mod.rs"]
mod filled;
#[path = "../server/mod.rs"]
mod server;

mod client;
mod jobs;
mod locked;
mod meanwhile;
mod options;
mod pages;
mod place;
mod probes;
mod start;
mod table;
mod waits;

use std::process::ExitCode;

use options::{Options, Target};
use place::Template;
use probes::Probe;
use table::Table;

fn main() -> ExitCode {
    let options = Options::parse(std::env::args().skip(1));
    let mut table = Table::new(options.clone());
    for target in options.targets {
        table.title(target);
        let few = Template::new(target, pages::FEW);
        let Some((few, many)) = few.zip(Template::new(target, options.size)) else {
            Table::skipped("no MariaDB here");
            continue;
        };
        start::start_and_memory(&mut table, &many);
        pages::pages(&mut table, &few, &many);
        meanwhile::durations(&mut table, &many);
        meanwhile::waits(&mut table, &many, Probe::Reader);
        meanwhile::waits(&mut table, &many, Probe::Writer);
        match target {
            Target::Own => {}
            Target::PhotoPrism => {
                meanwhile::waits(&mut table, &many, Probe::PhotoPrism);
                locked::exclusively(&mut table, &many);
            }
            Target::MariaDb => locked::tables(&mut table, &many),
        }
    }
    if table.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
