//! Default paths, and the modes of what is created there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, chown};
use tempfile::TempDir;

use crate::bare::{End, photoprismd};
use crate::common::running::Running;
use crate::common::{is_root, run_to_end};

/// Somebody who is not root.
const USER: u32 = 54_002;

/// A home directory of somebody who is not root, and the daemon as that user.
fn home_of_user() -> (TempDir, Command) {
    let home = tempfile::tempdir().unwrap();
    let mut command = photoprismd();
    command.env("HOME", home.path()).current_dir("/");
    if is_root() {
        chown(home.path(), Some(Uid::from_raw(USER)), None).unwrap();
        command.uid(USER).gid(USER);
    }
    (home, command)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn without_any_setting_everything_is_below_home() {
    let (home, command) = home_of_user();
    let running = Running::start(command);
    let at = |name: &str| home.path().join(name);
    let share = ".local/share/photoprism";
    assert!(
        running.log().contains(&format!("socket={}", at(share).join("run/admin.sock").display()))
    );
    assert_eq!(mode(&at(share).join("admin.db")), 0o600);
    assert_eq!(mode(&at(share).join("run/admin.sock")), 0o600);
    assert_eq!(mode(&at(share).join("run")), 0o750);
    for directory in [share, ".local/share", ".local"] {
        assert_eq!(mode(&at(directory)), 0o700, "{directory}");
    }
    running.stop();
    assert!(!at(share).join("run/admin.sock").exists());
    assert!(at(share).join("admin.db").exists());
}

#[test]
fn xdg_directories_are_used_where_they_are_set() {
    let (home, mut command) = home_of_user();
    let (data, run) = (home.path().join("data"), home.path().join("run"));
    command.env("XDG_DATA_HOME", &data).env("XDG_RUNTIME_DIR", &run);
    let running = Running::start(command);
    assert_eq!(mode(&data.join("photoprism")), 0o700);
    assert_eq!(mode(&run.join("photoprism")), 0o750);
    assert!(
        data.join("photoprism/admin.db").exists() && run.join("photoprism/admin.sock").exists()
    );
    assert!(!home.path().join(".local").exists());
    running.stop();
}

#[test]
fn variables_that_are_empty_or_not_absolute_are_passed_over() {
    let (home, mut command) = home_of_user();
    command.env("XDG_DATA_HOME", "").env("XDG_RUNTIME_DIR", "relative/path");
    let running = Running::start(command);
    assert!(home.path().join(".local/share/photoprism/run/admin.sock").exists());
    running.stop();
}

#[test]
fn without_a_home_a_path_has_to_be_given() {
    let (_home, mut command) = home_of_user();
    command.env_remove("HOME");
    End::from(run_to_end(&mut command)).assert(2, &["HOME", "--socket"]);
    command.args(["--socket", "/tmp/never-created.sock"]);
    End::from(run_to_end(&mut command)).assert(2, &["HOME", "--database"]);
}

#[test]
fn a_directory_that_cannot_be_created_is_a_storage_error() {
    if !is_root() {
        return crate::common::skipped("needs root");
    }
    let (home, mut command) = home_of_user();
    chown(home.path(), Some(Uid::from_raw(0)), None).unwrap();
    command.env("XDG_RUNTIME_DIR", "/proc/nowhere");
    let end = End::from(run_to_end(&mut command));
    assert_eq!(end.code, Some(74), "{}", end.said);
}
