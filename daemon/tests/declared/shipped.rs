//! The files that are shipped name settings and flags that there are.

use std::fs;
use std::path::Path;

use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(name)).unwrap()
}

/// Names of variables in a text.
fn variables(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    text.split(|c| !is_part(c)).filter(|word| word.starts_with("PHOTOPRISM_ADMIN_")).collect()
}

#[test]
fn their_variables_are_settings() {
    let help = run_to_end(TestDaemon::new().command().arg("--help"));
    let help = String::from_utf8(help.stdout).unwrap();
    let shipped = [
        "kubernetes.yaml",
        "compose.accounts.yaml",
        "compose.nas.yaml",
        "install.md",
        "systemd/nixos/photoprismd.nix",
    ];
    for name in shipped {
        let text = read(name);
        let found = variables(&text);
        assert!(!found.is_empty(), "{name}");
        for variable in found.into_iter().filter(|name| *name != "PHOTOPRISM_ADMIN_IMAGE") {
            assert!(help.contains(&format!("[env: {variable}]")), "{variable} in {name}");
        }
        assert!(!text.contains('\t'), "{name}");
    }
}

#[test]
fn the_accounts_of_the_manifest_are_applied() {
    let text = read("kubernetes.yaml");
    let block = text.split_once("accounts.toml: |\n").unwrap().1;
    let lines: Vec<&str> = block.lines().map_while(|line| line.strip_prefix("    ")).collect();
    let home = TestDaemon::new();
    let file = home.root().join("accounts.toml");
    fs::write(&file, lines.join("\n")).unwrap();
    // A password that everybody reads in the manifest would be the one that many have.
    assert!(block.contains("\n  admin: \"\"\n"));
    let password = home.root().join("admin");
    fs::write(&password, "").unwrap();
    let mut home = home.args(["--accounts", file.to_str().unwrap()]);
    assert_eq!(run_to_end(&mut home.command()).status.code(), Some(2));
    fs::write(&password, "a password of one's own").unwrap();
    home.start();
    assert!(crate::place::logs_in(&mut home, "admin", "a password of one's own"));
}
