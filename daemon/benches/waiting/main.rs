//! Who waits for whom: each row with its bound, what was measured, and whether it holds.
//!
//! `cargo bench -p photoprism-daemon --bench waiting`, which takes minutes. `-- own` or
//! `photoprism` for one kind of database, `million` for a million accounts and sessions in place of
//! a hundred thousand and two hundred thousand (or `accounts=N sessions=N`), and any other word for
//! the rows whose name it is a part of. Three times a bound is a failure, and the exit code is 1.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "its client reads no result")]
mod common;
#[path = "../filled/mod.rs"]
mod filled;

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

use filled::Kind;
use options::Options;
use place::Template;
use probes::Probe;
use table::Table;

fn main() -> ExitCode {
    let options = Options::parse(std::env::args().skip(1));
    let mut table = Table::new(options.clone());
    for kind in options.kinds {
        table.title(kind);
        let (few, many) = (Template::new(kind, pages::FEW), Template::new(kind, options.size));
        start::start_and_memory(&mut table, &many);
        pages::pages(&mut table, &few, &many);
        meanwhile::durations(&mut table, &many);
        meanwhile::waits(&mut table, &many, Probe::Reader);
        meanwhile::waits(&mut table, &many, Probe::Writer);
        if kind == Kind::PhotoPrism {
            meanwhile::waits(&mut table, &many, Probe::PhotoPrism);
            locked::locked(&mut table, &many);
        }
    }
    if table.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
