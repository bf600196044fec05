//! The page about systemd, from the installation to the removal, as it is written.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::blocks::{GATE_PAGE, blocks, section};
use super::checkout::follow_in;
use super::machine::Machine;
use super::skipped;

pub(crate) const PAGE: &str = include_str!("../../../systemd/README.md");

/// The sections of a first installation, which need no other PhotoPrism.
pub(crate) const INSTALLATION: [&str; 4] =
    ["\n## Install\n", "\n## The first password\n", "\n## Start\n", "\n## Who may use it\n"];

/// In the place of PhotoPrism's own program.
const PROGRAM: &str = "#!/bin/sh\necho \"PhotoPrism was asked: $0 $*\"\n";

/// In the place of ssh: the other machine is this one, in another directory.
const SSH: &str = "#!/bin/sh\nshift\ncd /srv && exec sh -c \"$*\"\n";

fn scripts(title: &str) -> Vec<String> {
    blocks(section(PAGE, title)).into_iter().map(|block| block.script).collect()
}

fn put(machine: &Machine, name: &str, text: &str) {
    let path = machine.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn every_section_with_commands_is_run() {
    let here = [
        "Look first",
        "PhotoPrism's database",
        "MariaDB",
        "A running PhotoPrism",
        "Upgrade",
        "Back to an older version",
        "Backups off the machine",
        "Move to another machine",
        "Uninstall",
        "Debian package",
        "A daemon of your own",
    ];
    for piece in PAGE.split("\n## ").skip(1) {
        let title = piece.lines().next().unwrap();
        let is_run = here.contains(&title)
            || INSTALLATION.iter().any(|one| one.trim() == format!("## {title}"));
        assert!(is_run || blocks(piece).is_empty(), "{title}");
    }
}

#[test]
fn a_machine_is_upgraded_backed_up_moved_and_cleared() {
    let Some(machine) = Machine::start() else { return };
    machine.succeed("useradd --user-group alice");
    put(&machine, "usr/local/bin/ssh", SSH);
    let follow = |title: &str| follow_in(PAGE, title, |script| machine.succeed(script));
    let look = blocks(section(PAGE, "\n## Look first\n")).swap_remove(0);
    assert_eq!(machine.succeed(&look.script).trim(), look.shown.unwrap());
    for title in INSTALLATION {
        follow(title);
    }
    the_pages_are_found(&machine);
    machine.succeed("photoprism users add -r user --generate bob");

    let [backup, start] = &scripts("\n## Upgrade\n")[..] else { panic!("two blocks") };
    let pid = "systemctl show -P MainPID photoprismd";
    let before = machine.succeed(pid);
    machine.succeed(backup);
    follow("\n## Install\n");
    let printed = machine.succeed(start);
    let version = concat!("photoprism ", env!("CARGO_PKG_VERSION"), " (");
    assert!(printed.lines().last().is_some_and(|line| line.starts_with(version)), "{printed}");
    assert_ne!(machine.succeed(pid), before);

    let [away, back] = &scripts("\n## Backups off the machine\n")[..] else { panic!("two blocks") };
    machine.succeed(away);
    assert_eq!(machine.succeed("stat -c %a /srv/photoprism-accounts.db"), "600\n");
    machine.succeed("photoprism users rm --yes bob");
    machine.succeed(back);
    machine.succeed("photoprism users ls bob | grep '| bob '");

    a_move_takes_everything_along(&machine);
    nothing_is_left(&machine);
}

fn the_pages_are_found(machine: &Machine) {
    let pages = "man -w photoprism photoprism-users-add photoprismd";
    assert!(machine.succeed(pages).lines().all(|page| page.starts_with("/usr/local/")));
    machine.succeed("test -s /usr/local/share/bash-completion/completions/photoprism");
    machine
        .succeed("grep -q '^#compdef photoprism' /usr/local/share/zsh/site-functions/_photoprism");
    machine.succeed("test -s /etc/fish/completions/photoprism.fish");
}

/// The new machine is this one, whose accounts are gone and whose daemon has another uid.
fn a_move_takes_everything_along(machine: &Machine) {
    let [old, new] = &scripts("\n## Move to another machine\n")[..] else { panic!("two blocks") };
    let audit = "photoprism admin audit verify";
    let before = machine.succeed(audit);
    machine.succeed(old);
    assert_eq!(machine.succeed("stat -c %a /srv/photoprismd.tar"), "600\n");
    machine.succeed(
        "rm -r /var/lib/photoprismd && userdel photoprismd && useradd -r other
        systemd-sysusers /etc/sysusers.d/photoprismd.conf && systemd-tmpfiles --create",
    );
    machine.succeed(&format!("cd /srv\n{new}"));
    let after = machine.succeed(audit);
    let head = |text: &str| text.split_whitespace().last().unwrap().to_owned();
    assert_eq!(head(&after), head(&before));
    machine.succeed("photoprism users show bob && [ ! -e /srv/photoprismd.tar ]");
}

/// Only what is somebody else's has the name afterwards.
fn nothing_is_left(machine: &Machine) {
    follow_in(GATE_PAGE, "\n## As a service of systemd\n", |script| machine.succeed(script));
    let scripts = scripts("\n## Uninstall\n");
    let (accounts, rest) = scripts.split_last().unwrap();
    for script in rest {
        machine.succeed(script);
    }
    let find = "find / -xdev -iname '*photoprism*' ! -path '/proc/*' ! -path '/srv/*' ! -path '/checkout*'";
    let found = machine.succeed(find);
    let kept: Vec<_> =
        found.lines().filter(|line| !line.starts_with("/var/lib/photoprismd")).collect();
    assert_eq!(kept, [""; 0]);
    assert!(found.contains("/var/lib/photoprismd\n"), "the accounts stay: {found}");
    machine.succeed(accounts);
    assert_eq!(machine.succeed(find), "");
    assert_eq!(machine.run("getent passwd photoprismd photoprism-gate").code, Some(2));
    assert_eq!(machine.succeed("getent group | grep photoprism || true"), "");
    assert_eq!(machine.succeed("systemctl --failed --quiet"), "");
}

#[test]
fn the_program_of_a_photoprism_on_the_machine_is_not_lost() {
    let Some(machine) = Machine::start() else { return };
    let [look, elsewhere] = &scripts("\n## Look first\n")[..] else { panic!("two blocks") };
    let install = scripts("\n## Install\n").swap_remove(0);
    let start = scripts("\n## Start\n").swap_remove(0);
    let own = "/usr/local/bin/photoprism";

    put(&machine, own.trim_start_matches('/'), PROGRAM);
    assert_eq!(machine.succeed(look), format!("{own}\n"));
    machine.succeed(elsewhere);
    // Everything but its first line.
    machine.succeed(install.split_once('\n').unwrap().1);
    let (enable, _) = start.split_once('\n').unwrap();
    machine.succeed(enable);
    let login = |command: &str| machine.succeed(&format!("bash -lc '{command}'"));
    assert!(login("photoprism users ls").contains("found 1 user"));
    assert_eq!(
        login("photoprism index --force"),
        format!("PhotoPrism was asked: {own} index --force\n")
    );
    assert_eq!(fs::read_to_string(machine.path(own.trim_start_matches('/'))).unwrap(), PROGRAM);

    // A link to PhotoPrism's program is replaced, and what it led to is not.
    let program = "/opt/photoprism/bin/photoprism";
    put(&machine, program.trim_start_matches('/'), PROGRAM);
    machine.succeed(&format!(
        "rm -r /opt/photoprism-admin /etc/profile.d/* && ln -sf {program} {own}"
    ));
    assert_eq!(machine.succeed(look), format!("{own}\n"));
    machine.succeed(&install);
    machine.succeed("systemctl restart photoprismd");
    assert!(machine.succeed("photoprism users ls").contains("found 1 user"));
    assert_eq!(
        machine.succeed("photoprism start"),
        format!("PhotoPrism was asked: {program} start\n")
    );
}

#[test]
fn a_user_has_a_daemon_of_its_own() {
    let Some(machine) = Machine::start() else { return };
    if machine.run("command -v dbus-daemon").code != Some(0) {
        return skipped(
            "the small Debian was built without dbus; remove it, and .ci/rootfs builds another",
        );
    }
    machine.succeed("useradd --create-home --shell /bin/bash you");
    let scripts = scripts("\n## A daemon of your own\n");
    let [install, password, linger, pages, upgrade, remove] = &scripts[..] else {
        panic!("six blocks")
    };
    // Nobody has logged in here, which would start the user's manager as well.
    machine.succeed(&format!("USER=you\n{linger}"));
    machine.until("systemctl is-active --quiet user@$(id -u you)");
    let run = |script: &str| {
        let path = "/home/you/.local/bin:/usr/local/bin:/usr/bin";
        let variables = "HOME=/home/you XDG_RUNTIME_DIR=/run/user/$(id -u you)";
        let to = "setpriv --reuid=you --regid=you --init-groups env";
        put(&machine, "srv/script", script);
        machine.succeed(&format!("{to} {variables} PATH={path} bash -e /srv/script"))
    };
    run(&format!("cd /checkout\n{install}"));
    let printed = run(password);
    assert!(printed.lines().last().is_some_and(|line| line.len() == 23), "{printed}");
    assert!(run("photoprism users ls").contains("found 1 user"));
    let modes = run(
        "stat -c '%a %U' ~/.local/share/photoprism{,/admin.db} $XDG_RUNTIME_DIR/photoprism/admin.sock",
    );
    assert_eq!(modes, "700 you\n600 you\n600 you\n");
    run("photoprism admin doctor");
    assert!(run("journalctl --user -u photoprismd -o cat").contains("ready: socket=/run/user/"));
    run(pages);
    assert_eq!(run("man -w photoprism"), "/home/you/.local/share/man/man1/photoprism.1\n");
    run("test -s ~/.local/share/bash-completion/completions/photoprism");

    run("systemctl --user kill -s KILL photoprismd");
    run("until photoprism admin status --check; do sleep 0.2; done");
    run(&format!("cd /checkout\n{install}\n{upgrade}"));
    machine.succeed("systemctl restart user@$(id -u you)");
    run("until photoprism admin status --check; do sleep 0.2; done");

    run(remove);
    run(
        "[ ! -e $XDG_RUNTIME_DIR/photoprism/admin.sock ] && [ -e ~/.local/share/photoprism/admin.db ]",
    );
    let left = run("find ~ -iname '*photoprism*' ! -path '*/.local/share/photoprism*'");
    assert_eq!(left, "");
}
