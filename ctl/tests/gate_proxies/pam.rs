//! PAM, with `pam_exec`.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::common::outside::{lacks, skipped};
use crate::common::{Home, PASSWORD, output};
use crate::proxied::program;

const SERVICE: &str = include_str!("pam");

/// The file of a service, which PAM reads in one place only.
struct Service(PathBuf);

impl Service {
    fn create(name: &str, text: &str) -> Self {
        let path = PathBuf::from("/etc/pam.d").join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn pam_lets_in_who_may_pass() {
    if lacks("pamtester") {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        return skipped("services of PAM need root");
    }
    let mut home = Home::with_bob();
    let text = SERVICE
        .replace("/usr/bin/photoprism-gate", env!("CARGO_BIN_EXE_photoprism-gate"))
        .replace("/run/photoprism-auth/auth.sock", home.auth_socket().to_str().unwrap());
    let name = format!("photoprism-gate-test-{}", std::process::id());
    let _service = Service::create(&name, &text);
    let is_let_in = |user: &str, password: &str| {
        let mut command = program("pamtester");
        command.args(["-I", "rhost=192.0.2.7", &name, user, "authenticate", "acct_mgmt"]);
        command.stdout(Stdio::null());
        output(&mut command, format!("{password}\n").as_bytes()).code == Some(0)
    };
    let app = home.token(Some("bob"), "webdav");
    for (user, password, expected) in [
        ("bob", PASSWORD, true),
        ("bob", &app, true),
        ("bob", "wrong", false),
        ("bob", "", false),
        ("nobody-of-that-name", PASSWORD, false),
    ] {
        assert_eq!(is_let_in(user, password), expected, "{user}");
    }
    let logins = home.logins("bob");
    assert!(logins.iter().any(|(ip, realm, _)| ip == "192.0.2.7" && realm == "pam"), "{logins:?}");
    home.stop();
    assert!(!is_let_in("bob", PASSWORD));
}
