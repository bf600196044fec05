//! `photoprismd` with defences switched off, for the harnesses that must catch it:
//! `faulty FAILPOINT[,FAILPOINT] [photoprismd's arguments]`.

use std::process::ExitCode;

use photoprism_daemon::failpoints::{Failpoint, enable};

/// Exit code for an unknown failpoint (`EX_USAGE`).
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next();
    let names = args.next().unwrap_or_default();
    for wanted in names.to_string_lossy().split(',') {
        let Some((_, failpoint)) = Failpoint::ALL.into_iter().find(|(name, _)| wanted == *name)
        else {
            return ExitCode::from(EXIT_USAGE);
        };
        enable(failpoint);
    }
    photoprism_daemon::run(program.into_iter().chain(args))
}
