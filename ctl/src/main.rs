//! `photoprism`: forwards account commands to the daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    photoprism_ctl::run(std::env::args_os().collect()).into()
}
