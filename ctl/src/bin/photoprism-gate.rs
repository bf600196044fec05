//! `photoprism-gate`: answers for proxies and other programs whether somebody may pass.

use std::process::ExitCode;

fn main() -> ExitCode {
    photoprism_ctl::gate::run(std::env::args_os().collect())
}
