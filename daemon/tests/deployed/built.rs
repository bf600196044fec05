//! What the tests install: the static binaries, the files of a small Debian, PhotoPrism's schema.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use nix::unistd::Uid;

use super::outside::has_another_clock;
use super::shell::{run, works};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The target that rustc builds for here.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The target of ARM machines of 64 bits.
pub(crate) const ARM64: &str = "aarch64-unknown-linux-gnu";

/// The target of ARM machines of 32 bits, which Raspberry Pi OS still has.
pub(crate) const ARMV7: &str = "armv7-unknown-linux-gnueabihf";

/// The directory of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(ROOT)
}

/// What a server's bootstrap reads first: PhotoPrism's schema with its accounts, and its user.
pub(crate) fn photoprisms_schema(password: &str) -> String {
    let dump = root().join("daemon/tests/fixtures/mariadb/index.sql");
    let dump = fs::read_to_string(dump).unwrap();
    format!(
        "CREATE DATABASE photoprism CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
        FLUSH PRIVILEGES;
        CREATE USER photoprism@'%' IDENTIFIED BY '{password}';
        GRANT ALL ON photoprism.* TO photoprism@'%';
        USE photoprism;\n{dump}"
    )
}

/// The directory of the static binaries, or why there is none.
pub(crate) fn binaries() -> Result<PathBuf, String> {
    binaries_for(TARGET)
}

/// The same for the machines of `target`.
pub(crate) fn binaries_for(target: &str) -> Result<PathBuf, String> {
    if has_another_clock() {
        return Err("static binaries, containers and machines have this machine's clock".into());
    }
    release_binaries(target_directory().join(target).join("release"))
}

/// The directory that holds the builds.
pub(crate) fn target_directory() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// `directory`, if the binaries are in it and newer than their sources.
pub(crate) fn release_binaries(directory: PathBuf) -> Result<PathBuf, String> {
    for name in ["photoprism", "photoprismd", "photoprism-gate"] {
        let built = modified(&directory.join(name));
        let Some(built) = built else {
            return Err(format!("no {name} in {}", directory.display()));
        };
        // Its sources, which cargo writes down at the end.
        let Ok(sources) = fs::read_to_string(directory.join(name).with_extension("d")) else {
            return Err(format!("{name} in {} is still being built", directory.display()));
        };
        let sources = sources.split_whitespace().skip(1).map(Path::new);
        if sources.map(modified).any(|source| source.is_none_or(|source| source > built)) {
            return Err(format!("{} is older than its sources", directory.join(name).display()));
        }
    }
    Ok(directory)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// The files of a small Debian, or why there are none. Built once, and kept next to the build.
pub(crate) fn debian() -> Result<PathBuf, String> {
    static DEBIAN: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    DEBIAN.get_or_init(build_debian).clone()
}

fn build_debian() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rootfs-bookworm");
    if !Uid::effective().is_root() {
        return Err("needs root".into());
    }
    if !works("debootstrap --version") {
        return Err("no debootstrap here".into());
    }
    let done = run(Command::new(root().join(".ci/rootfs")).arg(&directory));
    let last = done.text.lines().last().unwrap_or_default();
    if done.code == Some(0) { Ok(directory) } else { Err(format!("no Debian to be had: {last}")) }
}
