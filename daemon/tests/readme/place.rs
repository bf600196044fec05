//! A checkout with somebody at home in it, and the terminals that a reader opens there.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};
use tempfile::TempDir;

use super::outside::{PATH, clear_env, with_own_clocks};
use super::settled::settled;

/// The home directory that the README shows.
const HOME: &str = "/home/you";

/// Runs the blocks in place of root, who has other default paths; nobody's account, and not the
/// overflow uid.
const SOMEBODY: u32 = 12345;

/// A checkout with its binaries, and somebody's home.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let release = place.path("checkout/target/release");
        for directory in [&release, &place.path("bin"), &place.path("home")] {
            fs::create_dir_all(directory).unwrap();
        }
        let daemon = Path::new(env!("CARGO_BIN_EXE_photoprismd"));
        for name in ["photoprismd", "photoprism", "photoprism-gate"] {
            let built = daemon.with_file_name(name);
            assert!(built.exists(), "{name} is not built: run cargo test --workspace");
            fs::copy(built, release.join(name)).unwrap();
        }
        fs::write(place.path("bin/cargo"), "#!/bin/sh\n").unwrap();
        let open = |path| fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        open(place.path("."));
        open(place.path("bin/cargo"));
        if Uid::effective().is_root() {
            for name in ["home", "checkout"] {
                chown(place.path(name), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// bash in the checkout, at home, with nothing else in its environment.
    pub(crate) fn bash(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        let [extra, built] = ["bin", "checkout/target/release"].map(|name| self.path(name));
        let path = format!("{}:{}:{PATH}", extra.display(), built.display());
        clear_env(&mut command).args(["-c", &with_own_clocks("unset", script)]);
        command.current_dir(self.path("checkout"));
        command.env("HOME", self.path("home")).env("PATH", path).stdin(Stdio::null());
        if Uid::effective().is_root() {
            command.uid(SOMEBODY).gid(SOMEBODY);
        }
        command
    }

    /// Without what differs from run to run.
    pub(crate) fn settled(&self, text: &str) -> String {
        let text = text.replace(self.path("home").to_str().unwrap(), HOME);
        settled(&text)
    }
}

/// A terminal in which something runs until Ctrl-C.
pub(crate) struct Terminal {
    shell: Child,
    log: BufReader<ChildStderr>,
}

impl Terminal {
    /// Starts it, and gives what it said until a line began with `sign`.
    pub(crate) fn start(place: &Place, script: &str, sign: &str) -> (Self, String) {
        let mut command = place.bash(script);
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut log = BufReader::new(shell.stderr.take().unwrap());
        let mut said = String::new();
        while !said.lines().any(|line| line.starts_with(sign)) {
            assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
        (Self { shell, log }, said)
    }

    /// Ctrl-C; gives the rest of what it said.
    pub(crate) fn stop(mut self) -> String {
        self.signal(Signal::SIGINT);
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        rest
    }

    fn signal(&mut self, signal: Signal) {
        let group = Pid::from_raw(self.shell.id().try_into().unwrap());
        // It may have ended already, where a test failed.
        let _ = killpg(group, signal);
        self.shell.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The parent of the tests may ignore SIGINT, and Python then ignores it as well.
        self.signal(Signal::SIGTERM);
    }
}
