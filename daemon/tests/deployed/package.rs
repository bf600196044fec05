//! The Debian package that cargo-deb builds: installed, upgraded, removed.

use std::process::Command;

use super::built::{self, TARGET};
use super::machine::Machine;
use super::shell::{succeed, works};
use super::skipped;

/// Puts the package into the machine, built from the static binaries.
fn build(machine: &Machine) {
    let mut command = Command::new("cargo");
    command.args(["deb", "--package", "photoprism-daemon", "--no-build", "--target", TARGET]);
    command.arg("--output").arg(machine.path("root/package.deb"));
    succeed(command.current_dir(built::root()));
}

#[test]
fn a_package_brings_everything_and_leaves_the_accounts() {
    if !works("cargo deb --version") {
        return skipped("no cargo-deb here");
    }
    let Some(machine) = Machine::start() else { return };
    build(&machine);
    machine.succeed("dpkg -i /root/package.deb");
    machine.succeed("photoprism users add -r user --generate bob");
    machine.succeed("systemctl is-active photoprismd.socket photoprismd-auth.socket photoprismd");
    machine.succeed("systemctl is-enabled photoprismd.socket photoprismd-auth.socket photoprismd");
    machine.succeed("systemd-analyze verify photoprismd.service photoprismd-auth.socket");

    let pid = "systemctl show -P MainPID photoprismd";
    let before = machine.succeed(pid);
    machine.succeed("dpkg -i /root/package.deb && photoprism users show bob");
    assert_ne!(machine.succeed(pid), before, "an upgrade starts the new one");

    machine.succeed("dpkg --purge photoprism-admin");
    assert_eq!(machine.run("systemctl cat photoprismd.service").code, Some(1));
    machine.succeed("[ ! -e /run/photoprism/admin.sock ] && ! pgrep -x photoprismd");
    machine.succeed("dpkg -i /root/package.deb && photoprism users show bob");
}
