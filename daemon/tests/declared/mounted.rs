//! Secrets as systemd, Docker and Kubernetes mount them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::signal::Signal;

use crate::common::test_daemon::TestDaemon;
use crate::place::{
    APPLIED, PHONE, PROBE, SECRETS, STACK, TABLET, declare, logs_in, verify, write,
};

/// A file that nobody writes to, of that mode.
fn mounted(path: &Path, text: &str, mode: u32) {
    write(path, text);
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// `LoadCredential=` gives a flat directory of files that the service alone reads.
#[test]
fn a_credential_of_systemd() {
    let home = TestDaemon::new();
    let credentials = home.root().join("credentials/photoprismd.service");
    mounted(&credentials.join("accounts"), &STACK.replace("secrets/", ""), 0o400);
    for (name, secret) in SECRETS {
        mounted(&credentials.join(name), secret, 0o400);
    }
    fs::set_permissions(&credentials, PermissionsExt::from_mode(0o500)).unwrap();
    let mut home = home.args(["--accounts", credentials.join("accounts").to_str().unwrap()]);
    home.start();
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PHONE)["active"], true);
}

/// Docker mounts each secret into `/run/secrets`, readable by everybody in the container.
#[test]
fn a_secret_of_docker() {
    let home = TestDaemon::new();
    let secrets = home.root().join("run/secrets");
    for (name, secret) in SECRETS {
        mounted(&secrets.join(name), secret, 0o444);
    }
    // The file itself is mounted elsewhere, and names them by their whole paths.
    let text = STACK.replace("secrets/", &format!("{}/", secrets.display()));
    let file = declare(&home, &text);
    fs::remove_dir_all(file.with_file_name("secrets")).unwrap();
    let mut home = home.env("PHOTOPRISM_ADMIN_ACCOUNTS", &file);
    home.start();
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PROBE)["active"], true);
}

/// Kubernetes writes a new directory, and swaps the link `..data` to it.
fn swap(volume: &Path, name: &str, files: &[(&str, &str)]) {
    let directory = volume.join(name);
    for (file, text) in files {
        mounted(&directory.join(file), text, 0o444);
        let link = volume.join(file);
        if !link.exists() {
            symlink(Path::new("..data").join(file), link).unwrap();
        }
    }
    let temporary = volume.join("..data_tmp");
    symlink(name, &temporary).unwrap();
    fs::rename(&temporary, volume.join("..data")).unwrap();
}

#[test]
fn a_secret_of_kubernetes_is_swapped() {
    let home = TestDaemon::new();
    let volume = home.root().join("volume");
    let text = STACK.replace("secrets/", "");
    let mut files = vec![("accounts.toml", text.as_str())];
    files.extend(SECRETS);
    swap(&volume, "..2026_11_30_09_00_00.1", &files);
    let mut home = home.args(["--accounts", volume.join("accounts.toml").to_str().unwrap()]);
    home.start();
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    for file in &mut files {
        match file.0 {
            "bob" => file.1 = "quite another one",
            "phone" => file.1 = TABLET,
            _ => {}
        }
    }
    swap(&volume, "..2026_11_30_10_00_00.2", &files);
    fs::remove_dir_all(volume.join("..2026_11_30_09_00_00.1")).unwrap();
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_logs(APPLIED, 2);
    assert!(logs_in(&mut home, "bob", "quite another one"));
    assert_eq!(verify(&mut home, PHONE)["active"], false);
    assert_eq!(verify(&mut home, TABLET)["active"], true);
    assert_eq!(verify(&mut home, PROBE)["active"], true);
}
