//! The page's section about Podman, as a user without root, with the image of a release. The machine gets
//! that user for this test alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use nix::unistd::Uid;
use tempfile::TempDir;

use super::built;
use super::image::assemble;
use super::install_page::section_blocks;
use super::shell::{Done, run, works};
use super::skipped;

const UID: u32 = 12345;

/// What a user of Podman has in the files of the machine.
const ENTRIES: [(&str, &str); 4] = [
    ("passwd", "podman-test:x:12345:12345::HOME:/bin/bash\n"),
    ("group", "podman-test:x:12345:\n"),
    ("subuid", "podman-test:300000:65536\n"),
    ("subgid", "podman-test:300000:65536\n"),
];

/// Runs a script of that user's, in a process namespace that ends with it.
const START: &str = r#"exec unshare --mount --pid --fork --kill-child --mount-proc bash -ec '
    for name in passwd group subuid subgid; do mount --bind "$0/etc/$name" "/etc/$name"; done
    cd "$0/home"
    exec setpriv --reuid=12345 --regid=12345 --init-groups env -i HOME="$0/home" USER=podman-test \
      XDG_RUNTIME_DIR="$0/run" PATH=/usr/local/bin:/usr/bin:/bin \
      bash -e "$0/script"
' "$0""#;

/// Without a manager of the user's own: there is none for somebody who has not logged in.
const SETTINGS: &str = "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n";

struct Somebody(TempDir);

impl Somebody {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let home = place.0.path().join("home");
        for name in ["etc", "run", "home/.config/containers", "home/photoprism/storage"] {
            fs::create_dir_all(place.0.path().join(name)).unwrap();
        }
        for (name, entry) in ENTRIES {
            let machine = fs::read_to_string(Path::new("/etc").join(name)).unwrap_or_default();
            let text = machine + &entry.replace("HOME", home.to_str().unwrap());
            fs::write(place.0.path().join("etc").join(name), text).unwrap();
        }
        fs::write(home.join(".config/containers/containers.conf"), SETTINGS).unwrap();
        for (name, mode) in [(".", 0o755), ("run", 0o700)] {
            let path = place.0.path().join(name);
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        for name in ["run", "home"] {
            place.give(name);
        }
        place
    }

    /// It is the user's, with all that is in it.
    fn give(&self, name: &str) {
        let mut left = vec![self.0.path().join(name)];
        while let Some(path) = left.pop() {
            chown(&path, Some(UID), Some(UID)).unwrap();
            if path.is_dir() {
                left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }

    fn run(&self, script: &str) -> Done {
        fs::write(self.0.path().join("script"), script).unwrap();
        run(Command::new("bash").args(["-c", START]).arg(self.0.path()))
    }
}

/// A user who can run Podman, or why there is none.
fn somebody() -> Result<Somebody, String> {
    if !works("podman --version") {
        return Err("no podman here".into());
    }
    if !Uid::effective().is_root() {
        return Err("only root creates a user for podman".into());
    }
    if !works("newuidmap 2>&1 | grep -qi usage") || !Path::new("/etc/subuid").exists() {
        return Err("no newuidmap here, or no /etc/subuid".into());
    }
    let somebody = Somebody::new();
    let tried = somebody.run("podman unshare true && podman info");
    if tried.code == Some(0) {
        Ok(somebody)
    } else {
        Err(format!("no user namespaces can be had here for podman: {}", tried.text))
    }
}

#[test]
fn a_user_without_root_runs_it_as_the_page_says() {
    let binaries = match built::binaries() {
        Ok(directory) => directory,
        Err(why) => return skipped(&why),
    };
    let somebody = match somebody() {
        Ok(somebody) => somebody,
        Err(why) => return skipped(&why),
    };
    let home = somebody.0.path().join("home");
    assemble(&binaries, "test", &home.join("photoprism-admin-0-image.tar"));
    let index = home.join("photoprism/storage/index.db");
    fs::copy(built::root().join("daemon/tests/fixtures/index.db"), index).unwrap();
    somebody.give("home");
    let all = section_blocks("Podman without root");
    let [own, photoprism, _, remove] = &all[..] else { panic!("four blocks") };

    let (own, photoprism) = (own.script.as_str(), photoprism.script.as_str());
    let remove = remove.script.as_str();
    let stop = remove.lines().next().unwrap();
    let script = [
        own,
        "podman exec photoprismd photoprism users add -r user --generate alice",
        "podman inspect photoprismd --format '{{.ImageName}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.NetworkMode}} {{.EffectiveCaps}}'",
        "grep -E '^(Uid|CapEff|NoNewPrivs):' /proc/$(podman inspect photoprismd --format '{{.State.Pid}}')/status",
        "echo == the newer one",
        stop,
        own,
        "podman exec photoprismd photoprism users show alice",
        remove,
        "echo left: $(podman volume ls --quiet)",
        "echo == next to PhotoPrism",
        photoprism,
        "podman exec photoprismd photoprism users mod -n Robert bob",
        "echo strangers: $(podman unshare find ~/photoprism/storage ! -uid 0)",
        remove,
        "ls ~/photoprism/storage",
        "echo == the end",
    ];
    let done = somebody.run(&script.join("\n"));
    let text = &done.text;
    assert!(done.code == Some(0) && text.ends_with("== the end\n"), "{text}");
    for line in [
        "localhost/photoprism-admin:test true none []",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        // 10001 of the image is one of the user's own.
        "Uid:\t310000\t310000\t310000\t310000",
        "left:",
        "strangers:",
        "photoprism-admin.db",
    ] {
        assert!(text.lines().any(|found| found.trim() == line), "{line}: {text}");
    }
    assert!(text.contains("| alice") && text.contains("found 1 user"), "{text}");
}
