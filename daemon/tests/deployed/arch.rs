//! `systemd/arch/PKGBUILD`. There is no Arch to be had here: Debian's makepkg builds the package from the
//! archive of a release, and its files are held against those of the Debian package.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::Uid;

use super::archive;
use super::blocks::Block;
use super::built;
use super::install_page::section_blocks;
use super::outside::as_user;
use super::package;
use super::rpm::{of_debian, plain};
use super::shell::{succeed, works};
use super::skipped;

/// makepkg does not run as root.
const SOMEBODY: u32 = 12345;

/// What the page has makepkg do, and what can be done of it without pacman.
const INSTALL: &str = "makepkg --install";
const BUILD: &str = "makepkg --printsrcinfo > ~/srcinfo\nmakepkg --nodeps\nmv *.pkg.tar* ~/built";

/// Builds it as the page says, in `directory`.
fn build(directory: &Path, page: &Block) {
    let (before, _) = page.script.split_once(INSTALL).unwrap();
    let mut command = Command::new("bash");
    command.args(["-ec", &format!("{before}{BUILD}")]).current_dir(directory);
    command.env("HOME", directory).env("PACMAN", "true");
    if Uid::effective().is_root() {
        fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(directory, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        as_user(&mut command, SOMEBODY);
    }
    succeed(&mut command);
}

#[test]
fn its_package_has_the_files_of_the_debian_package() {
    if !works("makepkg --version") || !works("fakeroot --version") || !works("bsdtar --version") {
        return skipped("no makepkg, no fakeroot, or no bsdtar here");
    }
    if !works("cargo deb --version") {
        return skipped("no cargo-deb here");
    }
    let directory = tempfile::tempdir().unwrap();
    if let Err(why) = archive::create(directory.path()) {
        return skipped(&why);
    }
    build(directory.path(), &section_blocks("Arch Linux")[0]);

    let info = fs::read_to_string(directory.path().join("srcinfo")).unwrap();
    let version = concat!("pkgver = ", env!("CARGO_PKG_VERSION"), "\n");
    for line in [version, "arch = x86_64\n", "arch = armv7h\n", "depends = systemd>=252\n"] {
        assert!(info.contains(line), "{line}: {info}");
    }
    let list = "bsdtar -tf built | grep -v -e '^[.]' -e /licenses/ | sed 's#^#/#'";
    let listed = succeed(
        Command::new("bash").args(["-o", "pipefail", "-ec", list]).current_dir(directory.path()),
    );
    let debian = directory.path().join("a.deb").to_str().unwrap().to_owned();
    package::build(&debian);
    assert_eq!(plain(listed.lines()), of_debian(&debian));
}

#[test]
fn its_build_file_is_a_script() {
    let path = built::root().join("systemd/arch/PKGBUILD");
    succeed(Command::new("bash").arg("-n").arg(path));
}
