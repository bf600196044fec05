//! A file system that is full.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::skipped;
use crate::common::test_daemon::TestDaemon;
use crate::writes::{adding, code, missing};

/// Room for the tables and some hundred accounts.
const SIZE: &str = "size=2m";

/// More accounts than fit.
const TOO_MANY: usize = 10_000;

/// A small file system; unmounted when dropped.
pub(crate) struct Small(PathBuf);

impl Small {
    /// `None` where it cannot be mounted.
    pub(crate) fn at(directory: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "photoprism-test"]).arg(directory);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(directory.to_owned()))
    }

    /// Fills all that is left.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    pub(crate) fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the daemon may still have files in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Adds accounts until one is refused; those that were acknowledged, and the code.
fn add_until_refused(home: &TestDaemon, prefix: &str) -> (Vec<String>, String) {
    let mut client = home.connect();
    let mut names = Vec::new();
    for number in 0..TOO_MANY {
        let name = format!("{prefix}-{number}");
        let code = code(&client.ask(adding(&name)));
        if code != "ok" {
            return (names, code);
        }
        names.push(name);
    }
    panic!("{TOO_MANY} accounts fit");
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let mut home = TestDaemon::new();
    let Some(small) = Small::at(&home.data()) else {
        return skipped("no file system can be mounted here");
    };
    home.start();
    assert_eq!(code(&home.ask(&adding("first"))), "ok");
    small.fill();
    let (mut acknowledged, code_of_first) = add_until_refused(&home, "full");
    assert_eq!(code_of_first, "storage_full");
    acknowledged.push("first".into());
    for number in 0..10 {
        let reply = home.ask(&adding(&format!("refused-{number}")));
        assert_eq!(code(&reply), "storage_full", "{reply}");
        assert_eq!(missing(&mut home, &acknowledged), [""; 0]);
    }
    std::fs::remove_file(small.filler()).unwrap();
    assert_eq!(code(&home.ask(&adding("last"))), "ok");
    acknowledged.push("last".into());
    home.kill();
    home.start();
    assert_eq!(missing(&mut home, &acknowledged), [""; 0]);
    assert_eq!(missing(&mut home, &["refused-0".into()]), ["refused-0"]);
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn a_full_disk_of_the_backups_is_named_and_nothing_is_destroyed() {
    let mut home = TestDaemon::new();
    let backups = home.data().join("backups");
    std::fs::create_dir(&backups).unwrap();
    let Some(small) = Small::at(&backups) else {
        return skipped("no file system can be mounted here");
    };
    std::fs::set_permissions(&backups, PermissionsExt::from_mode(0o700)).unwrap();
    home.start();
    assert_eq!(code(&home.ask(&adding("first"))), "ok");
    small.fill();
    for line in [json!({"cmd": "backup.create"}), json!({"cmd": "users.reset", "confirm": true})] {
        let reply = home.ask(&line.to_string());
        assert_eq!(code(&reply), "storage_full", "{reply}");
        let message = reply["error"]["message"].as_str().unwrap();
        for part in ["nothing was changed", backups.to_str().unwrap(), "make room"] {
            assert!(message.contains(part), "{message}");
        }
    }
    assert_eq!(missing(&mut home, &["first".into()]), [""; 0]);
    assert_eq!(code(&home.ask(&adding("second"))), "ok");
}
