//! What a test takes from the machine around it: a few variables, and programs that may be missing.
//! Shared with the client's tests.

use std::io::{Write, stderr};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Where shells look for programs.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables of libfaketime, with which `.ci/clocks` runs the tests at another time. Not
/// `FAKETIME_SHARED`: it names memory that only the user who started the test can open.
const FAKETIME: [&str; 4] =
    ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"];

/// Where Debian and others put libfaketime.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// The library that gives a process another time; `None`, which is said, without it.
pub(crate) fn libfaketime() -> Option<&'static str> {
    let library = LIBRARIES.into_iter().find(|path| std::fs::exists(path).unwrap());
    let library = library.filter(|_| !has_another_clock());
    if library.is_none() {
        skipped("no libfaketime here, or in use already (Debian's package faketime)");
    }
    library
}

/// Whether this test runs at another time than the machine.
pub(crate) fn has_another_clock() -> bool {
    std::env::var_os("FAKETIME").is_some()
}

/// Clears the environment of a program and leaves it the time at which the test itself runs.
pub(crate) fn clear_env(command: &mut Command) -> &mut Command {
    command.env_clear();
    if has_another_clock() {
        let set = |name| std::env::var_os(name).map(|value| (name, value));
        command.envs(FAKETIME.into_iter().filter_map(set));
    }
    command
}

/// A script before which the shell forgets, with the command `unset`, what libfaketime shares with
/// the programs that it starts: each part of a pipeline removes it at its end, and the next one may
/// miss it.
pub(crate) fn with_own_clocks(unset: &str, script: &str) -> String {
    let name = "FAKETIME_SHARED";
    if has_another_clock() { format!("{unset} {name}\n{script}") } else { script.to_owned() }
}

/// Lets a program that keeps its environment run as another user, with that one's own group.
pub(crate) fn as_user(command: &mut Command, uid: u32) -> &mut Command {
    command.uid(uid).gid(uid).env_remove("FAKETIME_SHARED")
}

/// Says that a test did not run, past the test runner, which keeps what a good test prints.
pub(crate) fn skipped(why: &str) {
    stderr().write_all(format!("skipped: {why}\n").as_bytes()).unwrap();
}

/// Whether a program is missing in [`PATH`] and where those for administrators are, which is then
/// said.
pub(crate) fn lacks(program: &str) -> bool {
    let in_directory = |directory| std::path::Path::new(directory).join(program).is_file();
    let missing = !PATH.split(':').chain(["/usr/sbin"]).any(in_directory);
    if missing {
        skipped(&format!("no {program} here"));
    }
    missing
}
