//! The Debian package that `systemd/debian/build` builds: checked by lintian, installed, upgraded,
//! removed, purged.

use std::fs;
use std::process::Command;

use super::blocks::{blocks, section};
use super::built::{self, TARGET};
use super::machine::Machine;
use super::shell::{succeed, works};
use super::skipped;
use super::systemd_page::PAGE;

/// Where the page expects it, below the checkout.
const PACKAGE: &str = "target/debian/photoprism-admin_0_all.deb";

const UNITS: &str = "photoprismd.socket photoprismd-auth.socket photoprismd.service";

/// Builds the package from the static binaries.
pub(crate) fn build(output: &str) {
    let mut command = Command::new(built::root().join("systemd/debian/build"));
    command.args(["--target", TARGET, "--output", output]);
    succeed(command.current_dir(built::root()));
}

#[test]
fn lintian_has_nothing_to_say() {
    if !works("cargo deb --version") || !works("lintian --version") {
        return skipped("no cargo-deb, or no lintian here");
    }
    if let Err(why) = built::binaries() {
        return skipped(&why);
    }
    let directory = tempfile::tempdir().unwrap();
    let package = directory.path().join("package.deb");
    build(package.to_str().unwrap());
    let mut command = Command::new("lintian");
    command.args(["--allow-root", "--fail-on", "error,warning"]).arg(&package);
    let said = succeed(&mut command);
    assert!(!said.contains("photoprism-admin:"), "{said}");
    let list = built::root().join("systemd/debian/lintian-overrides");
    let list = fs::read_to_string(list).unwrap();
    let reasons = list.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(reasons * 2, list.lines().count(), "each override has its reason: {list}");
}

#[test]
fn a_package_brings_everything_and_leaves_the_accounts() {
    if !works("cargo deb --version") {
        return skipped("no cargo-deb here");
    }
    let Some(machine) = Machine::start() else { return };
    machine.succeed("mkdir -p target/debian");
    // Seen from here; the machine has the directory as its own.
    let package = machine.path("root/package.deb");
    build(package.to_str().unwrap());
    machine.succeed(&format!("mv /root/package.deb {PACKAGE}"));
    // Nobody is asked there.
    machine.succeed("echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/yes");
    let all = blocks(section(PAGE, "\n## Debian package\n"));
    let [from_source, install, password, purge] = &all[..] else { panic!("four blocks") };
    assert!(from_source.script.ends_with("\nsystemd/debian/build"), "what `build` runs");
    let install = || machine.succeed(&install.script);

    install();
    machine.succeed(&format!("systemctl is-active {UNITS} && systemctl is-enabled {UNITS}"));
    machine.succeed("systemd-analyze verify photoprismd.service photoprismd-auth.socket");
    assert_eq!(machine.succeed(&password.script).lines().last().map(str::len), Some(23));
    machine.succeed("photoprism users add -r user --generate bob");
    what_it_brings(&machine);
    an_upgrade_leaves_what_was_set(&machine, &install);
    a_daemon_that_does_not_start_is_reported(&machine);
    a_removal_and_a_purge(&machine, &purge.script, &install);
}

fn what_it_brings(machine: &Machine) {
    let pages = "man -w photoprism photoprism-users-add photoprism-gate photoprismd";
    assert_eq!(machine.succeed(pages).lines().count(), 4);
    machine.succeed(
        "cd /usr/share && test -s bash-completion/completions/photoprism
        test -s zsh/vendor-completions/_photoprism
        test -s fish/vendor_completions.d/photoprism.fish
        cd doc/photoprism-admin && test -s changelog.gz && test -s changelog.Debian.gz
        test -s copyright && test -s examples/photoprismd.service.d/index-db.conf
        XDG_RUNTIME_DIR=/run systemd-analyze verify --user /usr/lib/systemd/user/photoprismd.service",
    );
    // Who lets proxies ask says so.
    assert_eq!(machine.run("systemctl is-enabled photoprism-gate.socket").code, Some(1));
}

/// The new daemon runs where one ran, and what was disabled or stopped stays so.
fn an_upgrade_leaves_what_was_set(machine: &Machine, upgrade: &dyn Fn() -> String) {
    let again = "apt install --reinstall ./target/debian/photoprism-admin_*.deb";
    machine.succeed("systemctl disable --now photoprismd-auth.socket");
    let pid = "systemctl show -P MainPID photoprismd";
    let before = machine.succeed(pid);
    machine.succeed(&format!("{again} && photoprism users show bob"));
    assert_ne!(machine.succeed(pid), before, "an upgrade starts the new one");
    let state = |what: &str, unit: &str| machine.run(&format!("systemctl {what} {unit}")).text;
    assert_eq!(state("is-active", UNITS), "active\ninactive\nactive\n");
    assert_eq!(state("is-enabled", UNITS), "enabled\ndisabled\nenabled\n");
    machine.succeed(&format!("systemctl stop {UNITS} && {again}"));
    assert_eq!(state("is-active", UNITS), "inactive\ninactive\ninactive\n");

    machine.succeed("systemctl enable photoprismd-auth.socket");
    machine.succeed("systemctl start photoprismd && systemctl enable --now photoprism-gate.socket");
    assert_eq!(state("is-active", UNITS), "active\nactive\nactive\n");
    // The same version once more is nothing to do.
    upgrade();
    machine.succeed("photoprism users show bob");
}

/// dpkg is not left in between, where it would refuse whatever is installed next.
fn a_daemon_that_does_not_start_is_reported(machine: &Machine) {
    let drop_ins = "/run/systemd/system/photoprismd.service.d";
    machine.succeed(&format!(
        "mkdir -p {drop_ins}
        printf '[Service]\\nEnvironment=PHOTOPRISM_LOG_FORMAT=wrong\\n' > {drop_ins}/wrong.conf"
    ));
    let printed = machine.succeed("apt install --reinstall ./target/debian/photoprism-admin_*.deb");
    let said = "photoprism-admin: the daemon did not start; see: journalctl -u photoprismd";
    assert!(printed.contains(said), "{printed}");
    assert_eq!(machine.run("systemctl is-active photoprismd.service").text, "failed\n");
    machine.succeed(&format!(
        "rm -r {drop_ins} && systemctl daemon-reload && systemctl reset-failed
        systemctl restart photoprismd && photoprism users show bob"
    ));
}

fn a_removal_and_a_purge(machine: &Machine, purge: &str, install: &dyn Fn() -> String) {
    let units = format!("{UNITS} photoprism-gate.socket");
    machine.succeed("apt remove photoprism-admin");
    machine.succeed("[ -z \"$(ls -d /run/photoprism* 2>&-)\" ] && ! pgrep -x photoprismd");
    assert_eq!(machine.run("systemctl cat photoprismd.service").code, Some(1));
    install();
    machine.succeed(&format!("systemctl is-active {units} && photoprism users show bob"));

    machine.succeed(purge);
    assert_eq!(machine.run("systemctl cat photoprismd.service").code, Some(1));
    let links = "find /etc/systemd /var/lib/systemd /usr /run -xdev -iname '*photoprism*'";
    assert_eq!(machine.succeed(links), "");
    assert_eq!(
        machine.succeed("ls /var/lib/photoprismd/admin.db"),
        "/var/lib/photoprismd/admin.db\n"
    );

    // The program of a PhotoPrism on the machine comes first: that is said, and it is left alone.
    machine.succeed("touch /usr/local/bin/photoprism");
    let printed = install();
    assert!(printed.contains("/usr/local/bin/photoprism comes before"), "{printed}");
    machine.succeed("rm /usr/local/bin/photoprism && photoprism users show bob");
    assert_eq!(machine.run("systemctl is-enabled photoprism-gate.socket").code, Some(1));
}
