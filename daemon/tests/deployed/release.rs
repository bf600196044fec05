//! What `.ci/release` built: the archive, the package and the image of each architecture start, serve
//! and stop. `.ci/try-release` has the kernel run programs of ARM on an emulator, and runs this.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::emulated::{self, Emulated};
use super::image::{self, Loaded};
use super::machine::Machine;
use super::shell::succeed;
use super::skipped;

/// Names the directory of a release.
const RELEASE: &str = "PHOTOPRISM_ADMIN_TEST_RELEASE";

/// How the files of an architecture are named, how Debian calls it, and the compiler.
const ARCHITECTURES: [[&str; 3]; 3] = [
    ["amd64", "amd64", "x86_64-unknown-linux-gnu"],
    ["arm64", "arm64", "aarch64-unknown-linux-gnu"],
    ["armv7", "armhf", "armv7-unknown-linux-gnueabihf"],
];

const UNITS: &str = "photoprismd.socket photoprismd-auth.socket photoprismd.service";

/// An emulator makes machine code and runs it, and makes system calls of its own.
const EMULATOR_MAY: &str = "[Service]
MemoryDenyWriteExecute=no
SystemCallFilter=
LimitNOFILE=65536
";

fn release() -> Option<PathBuf> {
    let named = env::var_os(RELEASE).map(PathBuf::from);
    if named.is_none() {
        skipped("no release: .ci/try-release tries the one that .ci/release built");
    }
    named
}

/// The only file of a release with that beginning and that end.
fn file(release: &Path, beginning: &str, end: &str) -> PathBuf {
    let names = fs::read_dir(release).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let found: Vec<String> =
        names.filter(|name| name.starts_with(beginning) && name.ends_with(end)).collect();
    let [name] = &found[..] else { panic!("one file {beginning}…{end}: {found:?}") };
    release.join(name)
}

#[test]
fn its_checksums_are_right() {
    let Some(release) = release() else { return };
    let check = "sha256sum --check SHA256SUMS";
    let checked = succeed(Command::new("bash").args(["-c", check]).current_dir(&release));
    // All but the list itself and its signature.
    let files = fs::read_dir(&release).unwrap().map(|entry| entry.unwrap().file_name());
    let files = files.filter(|name| !name.to_string_lossy().starts_with("SHA256SUMS")).count();
    assert_eq!(checked.lines().filter(|line| line.ends_with(": OK")).count(), files, "{checked}");
}

#[test]
fn each_archive_starts_serves_and_stops() {
    let Some(release) = release() else { return };
    for [architecture, _, target] in ARCHITECTURES {
        let archive = file(&release, "photoprism-admin-", &format!("-linux-{architecture}.tar.gz"));
        let directory = tempfile::tempdir().unwrap();
        let extract = "tar --strip-components=1 -xzf \"$0\"";
        let mut command = Command::new("bash");
        succeed(command.args(["-c", extract]).arg(&archive).current_dir(&directory));
        let binaries = directory.path().join("bin");
        let version = succeed(Command::new(binaries.join("photoprismd")).arg("--version"));
        assert!(version.contains(target), "{version}");
        emulated::starts_serves_and_stops(&Emulated::as_they_are(binaries));
    }
}

#[test]
fn each_package_starts_serves_and_stops() {
    let Some(release) = release() else { return };
    for [_, architecture, target] in ARCHITECTURES {
        let Some(machine) = Machine::start() else { return };
        let package = file(&release, "photoprism-admin_", &format!("_{architecture}.deb"));
        fs::copy(package, machine.path("root/package.deb")).unwrap();
        if architecture != "amd64" {
            machine.succeed(&format!("dpkg --add-architecture {architecture}"));
            let place = "etc/systemd/system/photoprismd.service.d";
            machine.succeed(&format!("mkdir -p /{place}"));
            fs::write(machine.path(place).join("emulator.conf"), EMULATOR_MAY).unwrap();
        }
        machine.succeed("dpkg --install /root/package.deb");
        machine.succeed(&format!("systemctl is-active {UNITS} && systemctl is-enabled {UNITS}"));
        assert!(machine.succeed("/usr/bin/photoprismd --version").contains(target));
        // Not the one of the checkout.
        let client = "/usr/bin/photoprism";
        machine.succeed(&format!("{client} users add --role user --generate bob"));
        assert!(machine.succeed(&format!("{client} users ls")).contains("| bob "));
        machine.succeed(&format!("{client} admin status --check"));
        machine.succeed(&format!("systemctl stop {UNITS}"));
        let result = machine.succeed("systemctl show --property=Result photoprismd.service");
        assert_eq!(result.trim(), "Result=success", "{}", machine.journal());
        machine.succeed("dpkg --purge photoprism-admin && ! test -e /usr/bin/photoprismd");
    }
}

/// QEMU 7.2 asks for the groups of a peer with room for one, so that a peer with two of them has no
/// rights; the user of the image has that of the auth socket as well.
fn exec(architecture: &str) -> &'static str {
    if architecture == "amd64" { "exec" } else { "exec --user 10001:10001" }
}

#[test]
fn the_image_of_each_architecture_starts_serves_and_stops() {
    let Some(release) = release() else { return };
    let archive = file(&release, "photoprism-admin-", "-image.tar");
    let name = archive.file_name().unwrap().to_str().unwrap().to_owned();
    let version = name.trim_start_matches("photoprism-admin-").trim_end_matches("-image.tar");
    let images = ARCHITECTURES
        .map(|[architecture, ..]| Loaded(format!("photoprism-admin:{version}-{architecture}")));
    succeed(Command::new("docker").args(["load", "--input"]).arg(&archive));
    for (Loaded(image), [architecture, ..]) in images.iter().zip(ARCHITECTURES) {
        image::starts_serves_and_stops(image, exec(architecture));
    }
}
