//! The RPM package that `systemd/rpm/build` builds. There is no Fedora to be had here: its files are held
//! against those of the Debian package, which is installed for real, and are unpacked.

use std::collections::BTreeSet;
use std::process::Command;

use nix::unistd::Uid;

use super::built::{self, TARGET};
use super::package;
use super::shell::{succeed, works};
use super::skipped;

/// What only Debian has.
const OF_DEBIAN: [&str; 3] = ["/lintian/", "/copyright", "/changelog.Debian"];

fn printed(program: &str, args: &[&str]) -> String {
    succeed(Command::new(program).args(args))
}

/// The names of files, as all packages name them.
pub(super) fn plain<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let names = names.filter(|name| !name.ends_with('/'));
    let names = names.filter(|name| !OF_DEBIAN.iter().any(|part| name.contains(part)));
    let plain = |name: &str| name.trim_start_matches('.').trim_end_matches(".gz").to_owned();
    names.map(|name| plain(name).replace("/vendor-completions/", "/site-functions/")).collect()
}

/// Those of the Debian package in that file.
pub(super) fn of_debian(package: &str) -> BTreeSet<String> {
    let listed = printed("dpkg-deb", &["--contents", package]);
    plain(listed.lines().filter_map(|line| line.split_whitespace().nth(5)))
}

#[test]
fn an_rpm_has_the_files_of_the_debian_package() {
    if !works("cargo deb --version") || !works("cargo generate-rpm --version") {
        return skipped("no cargo-deb, or no cargo-generate-rpm here");
    }
    if !works("rpm --version") {
        return skipped("no rpm here");
    }
    if let Err(why) = built::binaries() {
        return skipped(&why);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (debian, rpm) = (path("a.deb"), path("a.rpm"));
    package::build(&debian);
    let mut build = Command::new(built::root().join("systemd/rpm/build"));
    build.args(["--target", TARGET, "--output", &rpm]).current_dir(built::root());
    succeed(&mut build);

    let in_debian = of_debian(&debian);
    let in_rpm = printed("rpm", &["--query", "--package", "--list", &rpm]);
    assert_eq!(plain(in_rpm.lines()), in_debian);
    assert!(in_debian.contains("/usr/bin/photoprismd"), "{in_debian:?}");
    let scripts = printed("rpm", &["--query", "--package", "--scripts", &rpm]);
    for part in ["systemd-sysusers", "preset photoprismd.socket", "disable --now", "try-restart"] {
        assert!(scripts.contains(part), "{part}: {scripts}");
    }

    if !Uid::effective().is_root() {
        return skipped("only root unpacks an RPM with rpm");
    }
    let root = path("root");
    let unpack = ["--root", &root, "--install", "--nodeps", "--noscripts", "--ignorearch", &rpm];
    printed("rpm", &unpack);
    let version = printed(&format!("{root}/usr/bin/photoprismd"), &["--version"]);
    assert!(version.starts_with(concat!("photoprismd ", env!("CARGO_PKG_VERSION"))), "{version}");
}
