//! `systemd/nixos/photoprismd.nix`. There is no NixOS to be had here, and no nixpkgs: Nix evaluates the
//! module as it is unpacked from the archive of a release, what it configures is held against the units
//! and their drop-ins, and the commands that build its package are run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::archive;
use super::blocks::{fenced, section};
use super::built;
use super::install_page::{PAGE, section_blocks};
use super::shell::{succeed, works};
use super::skipped;

const MODULE: &str = "photoprism-admin/systemd/nixos/photoprismd.nix";

/// Where the page unpacks it.
const NIXOS: &str = "/etc/nixos";

/// The archive, unpacked as the page says; `None` where something is missing, which is then said.
fn unpacked() -> Option<TempDir> {
    if !works("nix-instantiate --version") {
        skipped("no nix-instantiate here");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    archive::create(directory.path()).map_err(|why| skipped(&why)).ok()?;
    let [unpack] = &section_blocks("NixOS")[..] else { panic!("one block") };
    let here = directory.path().to_str().unwrap();
    let script = unpack.script.replace(NIXOS, here).replace("sudo ", "");
    succeed(Command::new("bash").args(["-ec", &script]).current_dir(directory.path()));
    Some(directory)
}

/// nix-instantiate with nothing of this machine.
fn nix(directory: &Path, args: &[&str]) -> String {
    let mut command = Command::new("nix-instantiate");
    for name in ["STORE", "STATE", "LOG", "CONF"] {
        command.env(format!("NIX_{name}_DIR"), directory.join("nix").join(name));
    }
    command.env("HOME", directory).args(["--option", "build-users-group", ""]);
    succeed(command.args(args))
}

/// What the module configures with these settings.
fn evaluated(directory: &Path, settings: &str, photoprism: bool) -> Value {
    let with = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deployed/nixos.nix");
    let module = directory.join(MODULE);
    let expression = format!(
        "import {with} {{ module = {}; settings = {{ enable = true; {settings} }}; photoprism = {photoprism}; }}",
        module.display()
    );
    let printed =
        nix(directory, &["--eval", "--strict", "--json", "--readonly-mode", "--expr", &expression]);
    serde_json::from_str(printed.lines().last().unwrap()).unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(built::root().join("systemd").join(name)).unwrap()
}

/// The values of a setting of a unit.
fn values<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
    unit.lines().filter_map(value).collect()
}

#[test]
fn what_the_module_configures_is_what_the_units_say() {
    let Some(directory) = unpacked() else { return };
    let found = evaluated(directory.path(), "gate = true;", false);
    for (kind, name) in [
        ("services", "photoprismd"),
        ("services", "photoprism-gate"),
        ("sockets", "photoprismd"),
        ("sockets", "photoprismd-auth"),
        ("sockets", "photoprism-gate"),
    ] {
        let unit = read(&format!("{name}.{}", kind.trim_end_matches('s')));
        let wanted = &found["systemd"][kind][name]["wantedBy"];
        assert_eq!(*wanted, json!(values(&unit, "WantedBy")), "{name}");
    }
    let daemon = &found["systemd"]["services"]["photoprismd"];
    assert_set(daemon, &read("photoprismd.service"));
    let none = evaluated(directory.path(), "authSocket = false;", false);
    for name in ["photoprismd-auth", "photoprism-gate"] {
        assert_eq!(none["systemd"]["sockets"][name]["wantedBy"], json!([]), "{name}");
    }
    users_are_those_of_sysusers(&found["users"]);
    drop_ins_are_options(directory.path());
    let names = found["options"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    for name in names.filter(|name| !["enable", "package"].contains(name)) {
        assert!(section(PAGE, "\n## NixOS\n").contains(&format!("`{name}`")), "{name}");
    }
    let refused = evaluated(directory.path(), "", true);
    assert_eq!(refused["assertions"][0]["assertion"], false);
    assert_eq!(found["assertions"][0]["assertion"], true);
}

/// Each variable of the service is set in the unit or drop-in as well, to the same.
fn assert_set(service: &Value, unit: &str) {
    let environment = service["environment"].as_object().unwrap();
    assert!(!environment.is_empty());
    for (name, value) in environment {
        let line = format!("{name}={}", value.as_str().unwrap());
        assert!(values(unit, "Environment").contains(&line.as_str()), "{line}");
    }
}

fn users_are_those_of_sysusers(users: &Value) {
    let list = read("sysusers.conf");
    let of = |kinds: &str| -> BTreeSet<String> {
        let lines = list.lines().filter(|line| line.starts_with(|c: char| kinds.contains(c)));
        lines.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
    };
    let names = |kind: &str| -> BTreeSet<String> {
        users[kind].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!((names("users"), names("groups")), (of("u"), of("ug")));
}

/// PhotoPrism's database, and the two secrets.
fn drop_ins_are_options(directory: &Path) {
    let secrets = r#"adminPasswordFile = "/one"; databasePasswordFile = "/two"; database = "mysql://photoprism@/photoprism?socket=/run/mysqld/mysqld.sock";"#;
    let found = evaluated(directory, secrets, false);
    let daemon = &found["systemd"]["services"]["photoprismd"];
    let drop_ins = ["admin-password", "mariadb"];
    let drop_ins =
        drop_ins.map(|name| read(&format!("photoprismd.service.d/{name}.conf"))).concat();
    assert_set(daemon, &drop_ins);
    let credentials: Vec<String> =
        serde_json::from_value(daemon["serviceConfig"]["LoadCredential"].clone()).unwrap();
    let named: Vec<_> = credentials.iter().map(|one| one.split(':').next().unwrap()).collect();
    assert_eq!(named, values(&drop_ins, "LoadCredential"));

    let index = read("photoprismd.service.d/index-db.conf");
    let other = r#"user = "photoprism"; database = "/var/lib/photoprism/storage";"#;
    let found = evaluated(directory, other, false);
    let daemon = &found["systemd"]["services"]["photoprismd"];
    assert_set(daemon, &index);
    for (name, value) in daemon["serviceConfig"].as_object().unwrap() {
        let words = value.as_array().map(|all| all.iter().map(|one| one.as_str().unwrap()));
        let text = words.map_or_else(
            || value.as_str().unwrap().to_owned(),
            |all| all.collect::<Vec<_>>().join(" "),
        );
        if name != "LoadCredential" {
            assert_eq!(values(&index, name), [text], "{name}");
        }
    }
}

#[test]
fn its_package_has_the_units_with_paths_of_programs() {
    let Some(directory) = unpacked() else { return };
    let found = evaluated(directory.path(), "", false);
    let package = &found["systemd"]["packages"][0];
    let source = Path::new(package["src"].as_str().unwrap());
    assert_eq!(source, directory.path().join("photoprism-admin"));
    let out = directory.path().join("out");
    let install = package["installPhase"].as_str().unwrap();
    succeed(Command::new("bash").args(["-ec", install]).env("out", &out).current_dir(source));
    let at = |name: &str| fs::read_to_string(out.join("lib/systemd/system").join(name)).unwrap();
    for (unit, program) in
        [("photoprismd.service", "photoprismd"), ("photoprism-gate.service", "photoprism-gate")]
    {
        let path = out.join("bin").join(program);
        let expected = read(unit)
            .replace(&format!("ExecStart={program}"), &format!("ExecStart={}", path.display()))
            .replace("ExecReload=kill", "ExecReload=/coreutils/bin/kill");
        assert_eq!(at(unit), expected);
        assert!(path.is_file());
    }
    assert_eq!(at("photoprismd.socket"), read("photoprismd.socket"));
    for name in ["lib/tmpfiles.d/photoprismd.conf", "share/man/man8/photoprismd.8"] {
        assert!(out.join(name).is_file(), "{name}");
    }
}

#[test]
fn what_the_page_configures_is_read() {
    let [(_, configuration)] = fenced(section(PAGE, "\n## NixOS\n"))
        .into_iter()
        .filter(|(kind, _)| *kind == "nix")
        .collect::<Vec<_>>()[..]
    else {
        panic!("one configuration")
    };
    assert!(configuration.contains(&format!("./{MODULE}")));
    if !works("nix-instantiate --version") {
        return skipped("no nix-instantiate here");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("configuration.nix");
    fs::write(&file, format!("{{ ... }}: {configuration}")).unwrap();
    nix(directory.path(), &["--parse", file.to_str().unwrap()]);
    let module = built::root().join("systemd/nixos/photoprismd.nix");
    nix(directory.path(), &["--parse", module.to_str().unwrap()]);
}
