//! The units of `systemd/`.

use std::fs;
use std::process::Command;

use super::blocks::GATE_PAGE;
use super::built;
use super::checkout::follow_in;
use super::machine::Machine;
use super::shell::{run, works};
use super::skipped;
use super::systemd_page::{INSTALLATION, PAGE};

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
fn the_gate_is_exposed_by_half_a_point_at_most() {
    if !works("systemd-analyze security --offline=true --help") {
        return skipped("no systemd-analyze here that checks units offline");
    }
    let read = |name: &str| fs::read_to_string(built::root().join("systemd").join(name)).unwrap();
    let unit = read("photoprism-gate.service");
    assert!(is_hardened(&unit, EXPOSURE));
    let tcp = [unit.as_str(), &read("photoprism-gate.service.d/tcp.conf")].concat();
    assert!(is_hardened(&tcp, EXPOSURE));
    for line in ["PrivateNetwork=yes\n", "ProtectSystem=strict\n", "CapabilityBoundingSet=\n"] {
        assert!(unit.contains(line));
    }
    let without = unit.replace("\nCapabilityBoundingSet=\n", "\n");
    assert!(without != unit && !is_hardened(&without, EXPOSURE));
}

#[test]
fn a_machine_with_systemd() {
    let Some(mut machine) = Machine::start() else { return };
    // Those whom the README adds to the groups, and PhotoPrism's own user.
    for user in ["alice", "mallory", "photoprism"] {
        machine.succeed(&format!("useradd --user-group {user}"));
    }
    let mut password = String::new();
    for title in INSTALLATION {
        follow_in(PAGE, title, |script| {
            let printed = machine.succeed(script);
            if script.starts_with("sudo cat /etc/credstore/") {
                printed.trim().clone_into(&mut password);
            }
            printed
        });
    }
    machine.succeed(
        "systemd-analyze verify photoprismd.service photoprismd.socket photoprismd-auth.socket",
    );
    the_password_came_as_a_credential(&machine, &password);
    those_get_in_who_should(&machine);
    it_starts_when_somebody_asks(&machine);
    what_was_stopped_comes_up_together(&machine);
    the_gate_answers_those_of_its_group(&machine);
    the_gate_comes_with_its_sockets(&machine);
    super::fail2ban::bans_by_the_journal(&machine);
    it_comes_back(&machine);
    it_is_there_after_a_boot(&mut machine);
    the_watchdog_bites_where_nothing_moves(&machine);
    it_stops_under_load(&machine);
    a_directory_that_it_may_not_enter_is_named(&machine);
    photoprisms_database(&machine);
}

fn the_password_came_as_a_credential(machine: &Machine, password: &str) {
    let auth = r#"{"cmd":"auth.login","args":{"name":"admin","password":"$PASSWORD","client_ip":"192.0.2.7","session":false}}"#;
    let login = format!(
        "PASSWORD='{password}'; printf '%s\\n' \"{}\" | nc -N -U /run/photoprism-auth/auth.sock",
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
    machine.succeed(&format!("! grep -rqF '{password}' /var/log /run/log"));
    machine.succeed("[ ! -e /etc/credstore/photoprismd.admin-password ]");
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

const ALL: &str = "photoprismd.socket photoprismd-auth.socket photoprismd.service";

/// Which of `ALL` are up, one letter each.
fn up(machine: &Machine) -> String {
    let states = machine.run(&format!("systemctl is-active {ALL}")).text;
    states.lines().map(|state| if state == "active" { '+' } else { '-' }).collect()
}

/// What is enabled comes with the service, whichever way that is started; what is not stays away.
fn what_was_stopped_comes_up_together(machine: &Machine) {
    for way in ["start", "restart"] {
        // So many starts within seconds are refused otherwise.
        machine.succeed(&format!("systemctl stop {ALL} && systemctl reset-failed"));
        assert_eq!(up(machine), "---");
        machine.succeed(&format!("systemctl {way} photoprismd"));
        assert_eq!(up(machine), "+++", "{way}");
        machine.succeed("test -S /run/photoprism-auth/auth.sock && photoprism users ls");
    }
    // The one socket by itself, which cannot be started while the service runs.
    machine.succeed("systemctl stop photoprismd-auth.socket && systemctl reset-failed");
    machine.succeed("systemctl restart photoprismd");
    assert_eq!(up(machine), "+++");

    machine.succeed("systemctl disable --now photoprismd-auth.socket");
    machine.succeed(&format!("systemctl stop {ALL} && systemctl start photoprismd"));
    assert_eq!(up(machine), "+-+");
    let enabled = || machine.run(&format!("systemctl is-enabled {ALL}")).text.replace('\n', " ");
    assert_eq!(enabled(), "enabled disabled enabled ");
    machine.succeed("systemctl disable photoprismd.service");
    assert_eq!(enabled(), "disabled disabled disabled ");
    machine.succeed("systemctl enable photoprismd.service && systemctl restart photoprismd");
    machine.succeed("systemctl reset-failed");
    assert_eq!((enabled().as_str(), up(machine).as_str()), ("enabled enabled enabled ", "+++"));
}

/// The gate brings its own socket and the one that it asks.
fn the_gate_comes_with_its_sockets(machine: &Machine) {
    machine
        .succeed(&format!("systemctl stop {ALL} photoprism-gate.socket photoprism-gate.service"));
    machine.succeed("systemctl start photoprism-gate.service");
    let request =
        r#"printf "GET /healthz HTTP/1.0\r\n\r\n" | nc -N -U /run/photoprism-gate/gate.sock"#;
    let answer = machine.run_as("www-data", request).text;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(up(machine), "+++", "the daemon is started when it is asked");
}

fn the_gate_answers_those_of_its_group(machine: &Machine) {
    follow_in(GATE_PAGE, "\n## As a service of systemd\n", |script| machine.succeed(script));
    machine.succeed("systemd-analyze verify photoprism-gate.service photoprism-gate.socket");
    let ask = |user: &str, how: &str, path: &str, header: &str| {
        let request = format!(r#"printf "GET {path} HTTP/1.0\r\n{header}\r\n""#);
        machine.run_as(user, &format!("{request} | nc -N {how}")).text
    };
    let socket = "-U /run/photoprism-gate/gate.sock";
    assert_eq!(machine.run("systemctl is-active photoprism-gate.service").code, Some(3));
    let answer = ask("www-data", socket, "/healthz", "");
    let journal = || machine.run("journalctl --no-pager -o cat -u photoprism-gate.service").text;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}{}", journal());
    machine.succeed("systemctl is-active photoprism-gate.service");
    assert!(!ask("mallory", socket, "/healthz", "").contains("HTTP/"));
    let token = machine.succeed("photoprism auth add -q -n Phone -s webdav bob");
    let header = format!(r"Authorization: Bearer {}\r\n", token.trim());
    for how in [socket, "127.0.0.1 8081"] {
        let answer = ask("www-data", how, "/?scope=webdav", &header);
        assert!(
            answer.starts_with("HTTP/1.1 204 ") && answer.contains("Remote-User: bob"),
            "{answer}"
        );
        assert!(ask("www-data", how, "/?scope=metrics", &header).starts_with("HTTP/1.1 403 "));
    }
    let status = "/proc/$(systemctl show -P MainPID photoprism-gate)/status";
    let groups = machine.succeed(&format!("grep ^Groups: {status} | xargs -n 1 | sed 1d | sort"));
    let expected = "getent group photoprism-gate photoprism-auth | cut -d: -f3 | sort";
    assert_eq!(groups, machine.succeed(expected));
}

fn it_comes_back(machine: &Machine) {
    let inode = "stat -c %i /run/photoprism/admin.sock";
    let before = machine.succeed(inode);
    machine.succeed("systemctl restart photoprismd.service && photoprism users show bob");
    machine.succeed("systemctl reload photoprismd.service && photoprism users show bob");
    machine.succeed("systemctl kill --kill-whom=main -s KILL photoprismd.service");
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
    machine.succeed("systemctl kill --kill-whom=main -s STOP photoprismd.service");
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

/// The drop-ins, with the directory, user and address that they name; then MariaDB, whose server is
/// waited for.
fn photoprisms_database(machine: &Machine) {
    let storage = machine.path("var/lib/photoprism/storage");
    fs::create_dir_all(&storage).unwrap();
    fs::copy(built::root().join("daemon/tests/fixtures/index.db"), storage.join("index.db"))
        .unwrap();
    machine.succeed("chown -R photoprism: /var/lib/photoprism");
    follow_in(PAGE, "\n## PhotoPrism's database\n", |script| machine.succeed(script));
    let bob = machine.succeed("photoprism users ls bob");
    assert!(bob.contains("found 1 user"), "{bob}");
    let status = machine.succeed("photoprism admin status --json");
    assert!(status.contains("/var/lib/photoprism/storage/index.db"), "{status}");
    assert_eq!(machine.run_as("alice", "photoprism users ls bob").code, Some(0));
    assert_eq!(machine.run_as("mallory", "photoprism users ls bob").code, Some(77));

    follow_in(PAGE, "\n## A running PhotoPrism\n", |script| machine.succeed(script));
    let bob = machine.succeed("photoprism users ls bob");
    assert!(bob.contains("found 1 user"), "{bob}");

    let drop_ins = "/etc/systemd/system/photoprismd.service.d";
    machine.succeed(&format!("rm {drop_ins}/index-db.conf {drop_ins}/photoprism-url.conf"));
    let typed = |script: &str| machine.succeed(&format!("(\n{script}\n) <<< 'a password'"));
    follow_in(PAGE, "\n## MariaDB\n", typed);
    let status = machine.succeed("photoprism admin status");
    assert!(status.contains("/run/mysqld/mysqld.sock cannot be reached"), "{status}");
    let read = "cat /run/credentials/photoprismd.service/photoprismd.database-password";
    assert_eq!(machine.succeed(read), "a password\n");
}
