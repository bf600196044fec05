//! The page that has the shortest way of installing it on each machine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::blocks::{Block, blocks, fenced, section};
use super::built;
use super::machine::Machine;
use super::package;
use super::shell::{succeed, works};
use super::skipped;

pub(crate) const PAGE: &str = include_str!("../../../install.md");

/// Sections whose commands are run as they are written, here and in `podman` and `nas`; in `arch` and
/// `nixos` those that can be without these systems.
const RUN: [&str; 5] = [
    "Debian, Ubuntu, Raspberry Pi OS",
    "Podman without root",
    "Synology, Unraid",
    "Arch Linux",
    "NixOS",
];

/// Sections that are only parsed: there is none of these machines here.
const PARSED: [&str; 2] = ["Proxmox LXC", "Fedora"];

/// Files that name the version of a release.
const VERSIONS: [(&str, &str); 3] = [
    ("systemd/arch/PKGBUILD", concat!("pkgver=", env!("CARGO_PKG_VERSION"), "\n")),
    ("systemd/nixos/photoprismd.nix", concat!("version = \"", env!("CARGO_PKG_VERSION"), "\";\n")),
    (
        "compose.nas.yaml",
        concat!("image: photoprism-admin:", env!("CARGO_PKG_VERSION"), "-amd64\n"),
    ),
];

/// The commands of a section.
pub(crate) fn section_blocks(title: &str) -> Vec<Block> {
    let text = section(PAGE, &format!("\n## {title}\n"));
    // Files of other kinds have tests of their own.
    let other = fenced(text).into_iter().filter(|(kind, _)| *kind != "sh");
    let text = other.fold(text.to_owned(), |text, (kind, inside)| {
        text.replace(&format!("\n```{kind}\n{inside}\n```"), "")
    });
    blocks(&text)
}

#[test]
fn every_section_with_commands_is_run_or_parsed() {
    let titles = PAGE.split("\n## ").skip(1).map(|piece| piece.lines().next().unwrap());
    let mut seen = BTreeSet::new();
    for title in titles.filter(|title| !section_blocks(title).is_empty()) {
        assert!(RUN.contains(&title) || PARSED.contains(&title), "{title}");
        seen.insert(title);
        for block in section_blocks(title) {
            succeed(Command::new("bash").args(["-n", "-c", &block.script]));
        }
    }
    assert_eq!(seen.len(), RUN.len() + PARSED.len(), "{seen:?}");
}

/// Where nothing is run, what is said about this project's own is what is run elsewhere.
#[test]
fn units_and_commands_are_those_that_there_are() {
    let all = |titles: &[&str]| -> String {
        let scripts = titles.iter().flat_map(|title| section_blocks(title));
        scripts.map(|block| block.script + "\n").collect()
    };
    let (run, parsed) = (all(&RUN), all(&PARSED));
    let own = |line: &&str| line.contains("photoprism ") && !line.contains("systemctl");
    for line in parsed.lines().filter(own) {
        assert!(run.contains(line), "{line}");
    }
    let text = run + &parsed;
    let is_unit = |word: &&str| word.ends_with(".service") || word.ends_with(".socket");
    let units = text.split_whitespace().filter(is_unit);
    let units: BTreeSet<_> = units.filter(|word| word.starts_with("photoprism")).collect();
    assert_eq!(units.len(), 3, "{units:?}");
    for unit in units {
        assert!(built::root().join("systemd").join(unit).exists(), "{unit}");
    }
}

#[test]
fn files_name_this_version() {
    for (name, line) in VERSIONS {
        let text = fs::read_to_string(built::root().join(name)).unwrap();
        assert!(text.contains(line), "{name} does not have: {line}");
    }
}

#[test]
fn a_debian_has_it_in_a_minute() {
    if !works("cargo deb --version") {
        return skipped("no cargo-deb here");
    }
    let Some(machine) = Machine::start() else { return };
    let file = machine.path("root/package.deb");
    package::build(file.to_str().unwrap());
    machine.succeed("mv /root/package.deb photoprism-admin_0_$(dpkg --print-architecture).deb");
    machine.succeed("echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/yes");
    let [install, remove] = &section_blocks(RUN[0])[..] else { panic!("two blocks") };
    let printed = machine.succeed(&install.script);
    assert_eq!(printed.lines().last().map(str::len), Some(23), "{printed}");
    assert!(machine.succeed("photoprism users ls").contains("found 1 user"));
    machine.succeed(&remove.script);
    machine.succeed("[ ! -e /usr/bin/photoprism ] && [ -e /var/lib/photoprismd/admin.db ]");
}
