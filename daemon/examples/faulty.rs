//! `photoprismd` with defences switched off, for the harnesses that must catch it:
//! `faulty FAULT[,FAULT] [photoprismd's arguments]`.

use std::process::ExitCode;

use photoprism_daemon::failpoints::{Failpoint, enable};

/// Exit code for a fault that nobody knows (`EX_USAGE`).
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next();
    let words = args.next().unwrap_or_default();
    for word in words.to_string_lossy().split(',') {
        let Some((_, fault)) = Failpoint::ALL.into_iter().find(|(name, _)| word == *name) else {
            return ExitCode::from(EXIT_USAGE);
        };
        enable(fault);
    }
    photoprism_daemon::run(program.into_iter().chain(args))
}
