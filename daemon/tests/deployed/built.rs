//! What the tests are made from: the static binaries and the files of a small Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use nix::unistd::Uid;

use super::shell::{run, works};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The target that rustc builds for here; the static binaries are only built for this one.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(ROOT)
}

/// The folder of the static binaries, or why there is none.
pub(crate) fn binaries() -> Result<PathBuf, String> {
    // Beside the folder `debug` or `release` of this test.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(TARGET).join("release");
    let newest = ["protocol/src", "daemon/src", "ctl/src"].map(|name| newest(&root().join(name)));
    for name in ["photoprism", "photoprismd"] {
        let built = fs::metadata(folder.join(name)).and_then(|found| found.modified());
        match built {
            Err(_) => return Err(format!("no static {name} in {}", folder.display())),
            Ok(time) if newest.iter().any(|source| *source > time) => {
                return Err(format!("the static {name} is older than the sources"));
            }
            Ok(_) => {}
        }
    }
    Ok(folder)
}

/// When something in `folder` was changed last.
fn newest(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let times = entries.map(|entry| {
        let found = entry.metadata().unwrap();
        if found.is_dir() { newest(&entry.path()) } else { found.modified().unwrap() }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The files of a small Debian, or why there are none. Made once, and kept beside the build.
pub(crate) fn debian() -> Result<PathBuf, String> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE.get_or_init(make_debian).clone()
}

fn make_debian() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rootfs-bookworm");
    if !Uid::effective().is_root() {
        return Err("needs root".into());
    }
    if !works("debootstrap --version") {
        return Err("no debootstrap here".into());
    }
    let done = run(Command::new(root().join(".ci/rootfs")).arg(&folder));
    let last = done.text.lines().last().unwrap_or_default();
    if done.code == Some(0) { Ok(folder) } else { Err(format!("no Debian to be had: {last}")) }
}
