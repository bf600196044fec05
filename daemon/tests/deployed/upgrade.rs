//! From the Debian package of 0.1.0 to today's, back, and to today's once more: accounts, passwords and
//! tokens are there each time. `.ci/upgrade` builds the older package and runs this.

use std::env;
use std::fs;

use serde_json::{Value, json};

use super::blocks::{blocks, section};
use super::machine::Machine;
use super::package;
use super::shell::works;
use super::skipped;
use super::systemd_page::PAGE;

/// Names the file of the package of 0.1.0.
const OLD_PACKAGE: &str = "PHOTOPRISM_ADMIN_TEST_OLD_PACKAGE";

/// Where the page has it: in the directory in which its commands are typed.
const OLD: &str = "./photoprism-admin_0.1.0-1_amd64.deb";

const NEW: &str = "./new.deb";

const PASSWORD: &str = "staple and paper clip";

const UNITS: &str = "photoprismd.socket photoprismd-auth.socket photoprismd.service";

/// The copy that is written before the tables are changed, and put back.
const COPY: &str = "/var/lib/photoprismd/backups/schema-1.db";

/// What accounts were given, by the older daemon.
struct Given {
    admin_password: String,
    app_password: String,
    access_token: String,
    session: String,
}

/// The reply to one line at the admin socket, which both versions have in one place.
fn ask(machine: &Machine, command: &str, args: &Value) -> Value {
    let line = json!({"cmd": command, "args": args});
    let script = format!("printf '%s\\n' '{line}' | nc -N -U /run/photoprism/admin.sock");
    let reply = machine.succeed(&script);
    serde_json::from_str(&reply).unwrap_or_else(|error| panic!("{error}: {reply}"))
}

fn log_in(machine: &Machine, name: &str, password: &str, session: bool) -> Value {
    let args = json!({
        "name": name, "password": password, "client_ip": "192.0.2.7", "session": session,
    });
    ask(machine, "auth.login", &args)
}

/// Copies a package to where the machine's commands are typed.
fn bring(machine: &Machine, name: &str, write: impl FnOnce(&str)) {
    let path = machine.path("root/package.deb");
    write(path.to_str().unwrap());
    machine.succeed(&format!("mv /root/package.deb {name}"));
}

fn version(machine: &Machine) -> String {
    let printed = machine.succeed("photoprismd --version && photoprism admin status --json");
    printed.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

/// Fills what the older daemon has created.
fn fill(machine: &Machine) -> Given {
    let last = |script: &str| machine.succeed(script).lines().last().unwrap().to_owned();
    let add = format!(
        "printf '{PASSWORD}' | photoprism users add -r user --webdav -n Bob -m bob@example.com --password-stdin"
    );
    machine.succeed(&format!("{add} bob"));
    machine.succeed("photoprism users add -r guest --generate zoe && photoprism users rm -y zoe");
    let session = log_in(machine, "bob", PASSWORD, true);
    Given {
        admin_password: last("photoprism passwd --generate admin"),
        app_password: last("photoprism auth add -q -n Phone -s webdav bob"),
        access_token: last("photoprism auth add -q -n Metrics -s metrics"),
        session: session["result"]["secret"].as_str().expect("a session").to_owned(),
    }
}

/// All of it is there, with those accounts next to the first ones.
fn finds_all(machine: &Machine, given: &Given, others: &[&str]) {
    let listed = ask(machine, "users.ls", &json!({"deleted": true}));
    let names = listed["result"]["items"].as_array().unwrap().iter();
    let mut names: Vec<_> = names.map(|user| user["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut expected = [&["admin", "bob", "zoe"][..], others].concat();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let shown = ask(machine, "users.show", &json!({"user": "bob"}))["result"]["user"].clone();
    assert_eq!((&shown["email"], &shown["role"]), (&json!("bob@example.com"), &json!("user")));

    assert_eq!(log_in(machine, "bob", PASSWORD, false)["ok"], true);
    assert_eq!(log_in(machine, "admin", &given.admin_password, false)["ok"], true);
    let refused = log_in(machine, "bob", "another one", false);
    assert_eq!(refused["error"]["code"], "invalid_credentials", "{refused}");
    for token in [&given.app_password, &given.access_token, &given.session] {
        let checked = ask(machine, "auth.verify", &json!({"token": token}));
        assert_eq!(checked["result"]["active"], true, "{checked}");
    }
    machine.succeed("photoprism admin audit verify");
}

#[test]
fn from_0_1_0_back_and_again() {
    let Some(old) = env::var_os(OLD_PACKAGE) else {
        return skipped("no package of 0.1.0 here (.ci/upgrade builds it)");
    };
    if !works("cargo deb --version") {
        return skipped("no cargo-deb here");
    }
    let Some(machine) = Machine::start() else { return };
    machine.succeed("echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/yes");
    bring(&machine, OLD, |path| {
        fs::copy(&old, path).unwrap();
    });
    bring(&machine, NEW, package::build);

    machine.succeed(&format!("dpkg -i {OLD}"));
    assert_eq!(version(&machine), "0.1.0");
    let given = fill(&machine);
    finds_all(&machine, &given, &[]);
    machine.succeed("systemctl disable --now photoprismd-auth.socket");

    upgraded(&machine);
    finds_all(&machine, &given, &[]);
    machine.succeed("photoprism users add -r user --generate dave");
    let before = machine.succeed("photoprism admin audit verify");

    an_older_daemon_refuses(&machine);
    put_back(&machine);
    finds_all(&machine, &given, &[]);
    machine.succeed("photoprism users add -r user --generate erin");

    upgraded(&machine);
    finds_all(&machine, &given, &["erin"]);
    the_newer_database_was_kept(&machine, &before);
}

/// Installs today's package over the older one.
fn upgraded(machine: &Machine) {
    machine.succeed(&format!("apt install {NEW}"));
    assert_eq!(version(machine), env!("CARGO_PKG_VERSION"));
    let modes = machine.succeed(&format!("stat -c '%a %U %G' {COPY}"));
    assert_eq!(modes, "600 photoprismd photoprismd\n");
    let state = |what: &str| machine.run(&format!("systemctl {what} {UNITS}")).text;
    assert_eq!(state("is-active"), "active\ninactive\nactive\n");
    assert_eq!(state("is-enabled"), "enabled\ndisabled\nenabled\n", "what was disabled stays so");
}

/// Nothing is changed, and it says what to put back.
fn an_older_daemon_refuses(machine: &Machine) {
    // Its package reports that the daemon did not start.
    assert_eq!(machine.run(&format!("dpkg -i {OLD}")).code, Some(1));
    machine.until("[ \"$(systemctl is-active photoprismd.service)\" = failed ]");
    assert_eq!(machine.succeed("systemctl show -P ExecMainStatus photoprismd"), "78\n");
    let said = machine.journal();
    assert!(said.contains(", newer than 1, which this daemon knows"), "{said}");
    assert!(said.contains(&format!("the backup made before that is {COPY}")), "{said}");
    let sum = "cd /var/lib/photoprismd && sha256sum admin.db backups/*";
    let before = machine.succeed(sum);
    assert_eq!(machine.run("systemctl start photoprismd.service").code, Some(1));
    assert_eq!(machine.succeed(sum), before);
}

/// As the page says.
fn put_back(machine: &Machine) {
    let all = blocks(section(PAGE, "\n## Back to an older version\n"));
    let [copy, install] = &all[..] else { panic!("two blocks") };
    machine.succeed(&copy.script);
    machine.succeed(&install.script);
    assert_eq!(version(machine), "0.1.0");
    assert_eq!(
        machine.succeed("dpkg-query -W -f '${Status}' photoprism-admin"),
        "install ok installed"
    );
}

/// It is whole, and today's daemon serves it.
fn the_newer_database_was_kept(machine: &Machine, audit: &str) {
    machine.succeed(&format!(
        "systemctl stop {UNITS}
        cd /var/lib/photoprismd && rm admin.db* && mv newer/admin.db* . && rmdir newer
        systemctl start photoprismd"
    ));
    machine.succeed("photoprism users show dave");
    assert_eq!(machine.succeed("photoprism admin audit verify"), audit);
}
