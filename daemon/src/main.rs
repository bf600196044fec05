//! `photoprismd`: owns the account database and answers on a Unix socket.

use std::process::ExitCode;

fn main() -> ExitCode {
    photoprism_daemon::run(std::env::args_os())
}
