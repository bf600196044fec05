//! What the process gives up at its start, tried in a process of its own.

use std::process::Command;

use nix::sys::prctl::get_dumpable;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use photoprism_daemon::process::{harden, raise_descriptor_limit};

const ROLE: &str = "HARDENING_TEST";

/// Runs the ignored-unless-asked part of this file again as a process of its own.
fn alone(test: &str) {
    let exe = std::env::current_exe().unwrap();
    let output =
        Command::new(exe).args(["--exact", test, "--nocapture"]).env(ROLE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn is_alone() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn no_core_no_dump_no_rights_for_others() {
    if !is_alone() {
        return alone("no_core_no_dump_no_rights_for_others");
    }
    umask(Mode::empty());
    harden().unwrap();
    assert_eq!(umask(Mode::empty()).bits(), 0o077);
    assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
    assert!(!get_dumpable().unwrap());
}

#[test]
fn the_descriptor_limit_is_raised_as_far_as_it_goes() {
    if !is_alone() {
        return alone("the_descriptor_limit_is_raised_as_far_as_it_goes");
    }
    setrlimit(Resource::RLIMIT_NOFILE, 128, 512).unwrap();
    assert_eq!(raise_descriptor_limit(8).unwrap(), 64, "128 are enough for 8");
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, 128);
    assert_eq!(raise_descriptor_limit(256).unwrap(), 256);
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, 320);
    assert_eq!(raise_descriptor_limit(65_536).unwrap(), 448, "the hard limit stays");
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (512, 512));
}
