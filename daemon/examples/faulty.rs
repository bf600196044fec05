//! `photoprismd` with one defence switched off, for the harnesses that must catch it:
//! `faulty FAULT [photoprismd's arguments]`.

use std::process::ExitCode;

use photoprism_daemon::faults::{Fault, switch_off};

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next();
    let word = args.next().unwrap_or_default();
    let Some((_, fault)) = Fault::ALL.into_iter().find(|(name, _)| word == *name) else {
        return ExitCode::from(64);
    };
    switch_off(fault);
    photoprism_daemon::run(program.into_iter().chain(args))
}
