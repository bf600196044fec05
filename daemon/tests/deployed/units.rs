//! The units of `systemd/`.

use std::fs;
use std::process::Command;

use super::built;
use super::checkout::follow;
use super::machine::Machine;
use super::shell::{run, works};
use super::skipped;

/// In the tenths that systemd-analyze takes.
const EXPOSURE: u32 = 5;

const UNIT: &str = "photoprismd.service";

/// Whether the exposure of a unit is at most so much, offline.
fn is_hardened(text: &str, exposure: u32) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(UNIT);
    fs::write(&path, text).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true"]).arg(format!("--threshold={exposure}"));
    run(command.arg(path)).code == Some(0)
}

#[test]
fn the_service_is_exposed_by_half_a_point_at_most() {
    if !works("systemd-analyze security --offline=true --help") {
        return skipped("no systemd-analyze here that checks units offline");
    }
    let read = |name: &str| fs::read_to_string(built::root().join("systemd").join(name)).unwrap();
    let unit = read(UNIT);
    assert!(
        is_hardened(&unit, EXPOSURE),
        "see systemd-analyze security --offline=true systemd/{UNIT}"
    );
    for line in ["PrivateNetwork=yes\n", "ProtectSystem=strict\n", "CapabilityBoundingSet=\n"] {
        let without = unit.replace(line, "");
        assert_ne!(without, unit);
        assert!(!is_hardened(&without, EXPOSURE), "{line}");
    }
    // It would hide the uids of those who ask.
    assert!(!unit.contains("\nPrivateUsers="));
    let names = ["index-db", "mariadb", "mariadb-tcp", "photoprism-url"];
    let [index, mariadb, tcp, url] =
        names.map(|name| read(&format!("photoprismd.service.d/{name}.conf")));
    let socket = [unit.as_str(), &mariadb].concat();
    let file = [unit.as_str(), &index].concat();
    assert!(is_hardened(&socket, EXPOSURE), "mariadb.conf");
    assert!(is_hardened(&file, EXPOSURE), "index-db.conf");
    for (before, more) in [(&socket, &tcp), (&socket, &url), (&file, &url)] {
        let elsewhere = more.replace("=localhost", "=192.0.2.7");
        assert_ne!(elsewhere, *more);
        for (more, exposure) in [(more, 12), (&elsewhere, 14)] {
            let text = [before.as_str(), more].concat();
            assert!(is_hardened(&text, exposure) && !is_hardened(&text, exposure - 4), "{more}");
        }
    }
    let both = [socket.as_str(), &tcp, &url].concat();
    assert!(is_hardened(&both, 12), "mariadb-tcp.conf and photoprism-url.conf");
}

#[test]
fn a_machine_with_systemd() {
    let Some(mut machine) = Machine::start() else { return };
    // Those whom the README adds to the groups, and PhotoPrism's own user.
    for user in ["alice", "mallory", "photoprism"] {
        machine.succeed(&format!("useradd --user-group {user}"));
    }
    // The last block is for PhotoPrism's database, which comes at the end.
    let mut last = String::new();
    follow("\n## As a service of systemd\n", |script| {
        if script.contains("index-db.conf") {
            script.clone_into(&mut last);
            return String::new();
        }
        machine.succeed(script)
    });
    machine.succeed(
        "systemd-analyze verify photoprismd.service photoprismd.socket photoprismd-auth.socket",
    );
    the_password_came_as_a_credential(&machine);
    those_get_in_who_should(&machine);
    it_starts_when_somebody_asks(&machine);
    it_comes_back(&machine);
    it_is_there_after_a_boot(&mut machine);
    the_watchdog_bites_where_nothing_moves(&machine);
    it_stops_under_load(&machine);
    a_directory_that_it_may_not_enter_is_named(&machine);
    photoprisms_database(&machine, &last);
}

fn the_password_came_as_a_credential(machine: &Machine) {
    let auth = r#"{"cmd":"auth.login","args":{"name":"admin","password":"$PASSWORD","client_ip":"192.0.2.7","session":false}}"#;
    let login = format!(
        "PASSWORD=$(cat admin-password.txt); printf '%s\\n' \"{}\" | nc -N -U /run/photoprism-auth/auth.sock",
        auth.replace('"', "\\\"")
    );
    let answer = machine.succeed(&login);
    assert!(answer.contains("\"ok\":true"), "{answer}");
    let environment = machine
        .succeed("cat /proc/$(systemctl show -P MainPID photoprismd)/environ | tr '\\0' '\\n'");
    assert!(
        environment.contains("PHOTOPRISM_ADMIN_PASSWORD_FILE=/run/credentials/"),
        "{environment}"
    );
    machine.succeed("! grep -rqF -f admin-password.txt /var/log /run/log");
}

fn those_get_in_who_should(machine: &Machine) {
    let groups = machine.succeed("id alice");
    assert!(
        groups.contains("(photoprism-admin)") && groups.contains("gid=1000(alice)"),
        "{groups}"
    );
    let alice = machine.run_as("alice", "photoprism users add -r user --generate bob");
    assert_eq!(alice.code, Some(0), "{}", alice.text);
    let audit = machine.succeed("photoprism admin audit ls --csv -n 1");
    assert!(audit.contains(";1000;1000;"), "the peer is who asked: {audit}");

    let stranger = machine.run_as("mallory", "photoprism users ls");
    assert_eq!(stranger.code, Some(77), "{}", stranger.text);
    assert!(stranger.text.contains("usermod -aG photoprism-admin"), "{}", stranger.text);
    // The members of the one group have nothing of the other's socket.
    let ask = |user: &str, command: &str| {
        let line = format!("echo {{\\\"cmd\\\":\\\"{command}\\\"}}");
        machine.run_as(user, &format!("{line} | nc -N -U /run/photoprism-auth/auth.sock")).text
    };
    assert!(ask("www-data", "ping").contains("pong"));
    assert!(ask("www-data", "users.ls").contains("forbidden"));
    assert!(!ask("mallory", "ping").contains("pong"));
    assert_eq!(machine.run_as("www-data", "photoprism users ls").code, Some(77));
    let modes = machine.succeed("stat -c '%a %U %G' /run/photoprism /run/photoprism/admin.sock /run/photoprism-auth/auth.sock /var/lib/photoprismd /var/lib/photoprismd/admin.db");
    let expected = "750 photoprismd photoprism-admin\n660 root photoprism-admin\n660 root photoprism-auth\n\
                    700 photoprismd photoprismd\n600 photoprismd photoprismd\n";
    assert_eq!(modes, expected);
}

fn it_starts_when_somebody_asks(machine: &Machine) {
    machine.succeed("systemctl stop photoprismd.service");
    assert_eq!(machine.run("systemctl is-active photoprismd.service").code, Some(3));
    machine.succeed("test -S /run/photoprism/admin.sock && test -S /run/photoprism-auth/auth.sock");
    assert!(machine.succeed("photoprism users ls").contains("found 2 users"));
    machine.succeed("systemctl is-active photoprismd.service");
}

fn it_comes_back(machine: &Machine) {
    let inode = "stat -c %i /run/photoprism/admin.sock";
    let before = machine.succeed(inode);
    machine.succeed("systemctl restart photoprismd.service && photoprism users show bob");
    machine.succeed("systemctl reload photoprismd.service && photoprism users show bob");
    machine.succeed("systemctl kill -s KILL photoprismd.service");
    machine.until("[ \"$(systemctl show -P NRestarts photoprismd)\" = 1 ]");
    machine.succeed("photoprism users show bob");
    assert_eq!(machine.succeed(inode), before, "the socket is systemd's");
}

fn it_is_there_after_a_boot(machine: &mut Machine) {
    machine.reboot();
    machine.succeed("systemctl is-active photoprismd.service photoprismd-auth.socket");
    machine.succeed("photoprism users show bob");
}

fn the_watchdog_bites_where_nothing_moves(machine: &Machine) {
    machine.succeed(
        "mkdir -p /run/systemd/system/photoprismd.service.d
        printf '[Service]\\nWatchdogSec=4\\n' > /run/systemd/system/photoprismd.service.d/test.conf
        systemctl daemon-reload
        systemctl restart photoprismd.service
        sleep 9
        photoprism users show bob",
    );
    assert_eq!(machine.succeed("systemctl show -P NRestarts photoprismd"), "0\n");
    machine.succeed("systemctl kill -s STOP photoprismd.service");
    machine.until("[ \"$(systemctl show -P NRestarts photoprismd)\" = 1 ]");
    assert!(machine.journal().contains("Watchdog timeout"), "{}", machine.journal());
    machine.succeed("rm -r /run/systemd/system/photoprismd.service.d && systemctl daemon-reload");
    machine.succeed("systemctl restart photoprismd.service && photoprism users show bob");
}

fn it_stops_under_load(machine: &Machine) {
    let stopped = machine.succeed(
        "for worker in 1 2 3 4; do
          (while photoprism users mod -n \"Bob $worker\" bob; do :; done) > /dev/null 2>&1 &
        done
        sleep 1
        start=$SECONDS
        systemctl stop photoprismd.socket photoprismd-auth.socket photoprismd.service
        wait
        [ $((SECONDS - start)) -le 10 ]
        systemctl show -P Result photoprismd.service
        systemctl show -P ExecMainStatus photoprismd.service",
    );
    assert_eq!(stopped, "success\n0\n");
    machine.succeed(
        "[ ! -e /run/photoprism/admin.sock ] && [ ! -e /var/lib/photoprismd/admin.db-wal ]",
    );
    machine
        .succeed("systemctl start photoprismd.socket photoprismd-auth.socket photoprismd.service");
    machine.succeed("photoprism admin audit verify && photoprism users show bob");
}

fn a_directory_that_it_may_not_enter_is_named(machine: &Machine) {
    machine.succeed("chown root /run/photoprism");
    assert_ne!(machine.run("systemctl restart photoprismd.service").code, Some(0));
    let said = machine.journal();
    assert!(said.contains("admin lies in a directory that this user may not enter"), "{said}");
    machine.succeed(
        "systemd-tmpfiles --create /etc/tmpfiles.d/photoprismd.conf
        systemctl reset-failed
        systemctl restart photoprismd.socket photoprismd-auth.socket photoprismd.service",
    );
}

/// The drop-in, with the directory and user that it names.
fn photoprisms_database(machine: &Machine, install: &str) {
    let storage = machine.path("var/lib/photoprism/storage");
    fs::create_dir_all(&storage).unwrap();
    fs::copy(built::root().join("daemon/tests/fixtures/index.db"), storage.join("index.db"))
        .unwrap();
    machine.succeed("chown -R photoprism: /var/lib/photoprism");
    machine.succeed(install);
    let bob = machine.succeed("photoprism users ls bob");
    assert!(bob.contains("found 1 user"), "{bob}");
    let status = machine.succeed("photoprism admin status --json");
    assert!(status.contains("/var/lib/photoprism/storage/index.db"), "{status}");
    assert_eq!(machine.run_as("alice", "photoprism users ls bob").code, Some(0));
    assert_eq!(machine.run_as("mallory", "photoprism users ls bob").code, Some(77));
}
