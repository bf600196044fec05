//! Writers under whose hands the daemon dies or is stopped: nothing acknowledged is lost, nothing
//! is half done, nothing is done twice.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;
#[path = "../preload/mod.rs"]
mod preload;

mod backups;
mod checkpoint;
mod crowd;
mod jobs;
mod kept;
mod killed;
mod killer;
mod stopped;
mod two_files;
mod writers;
