//! The drop-ins for MariaDB, as the page about systemd installs them, next to a server on the same
//! machine: through its Unix socket, and over TCP.

use std::fs;

use super::built::photoprisms_schema;
use super::checkout::follow_in;
use super::machine::{Machine, PROGRAMS};
use super::outside::lacks;
use super::systemd_page::{INSTALLATION, PAGE};

const PASSWORD: &str = "canary $HOME \"x\" 1";

/// With the programs and libraries of this machine here, which it sees as its own.
const SERVER: &str = "[Service]
Type=notify
TimeoutStartSec=120
BindReadOnlyPaths=PROGRAMS:/usr
RuntimeDirectory=mysqld
StateDirectory=mysql
ExecStartPre=sh /srv/prepare
ExecStart=/usr/sbin/mariadbd --no-defaults --user=root --datadir=/var/lib/mysql \\
  --socket=/run/mysqld/mysqld.sock --bind-address=127.0.0.1
";

const PREPARE: &str = "set -e
if [ -d /var/lib/mysql/mysql ]; then exit; fi
mariadb-install-db --no-defaults --force --user=root --datadir=/var/lib/mysql --skip-test-db
/usr/sbin/mariadbd --no-defaults --user=root --datadir=/var/lib/mysql --bootstrap < /srv/first.sql
";

const DROP_INS: &str = "/etc/systemd/system/photoprismd.service.d";

fn start_server(machine: &Machine) {
    let unit = SERVER.replace("PROGRAMS", PROGRAMS);
    for (name, text) in [
        ("srv/first.sql", photoprisms_schema(PASSWORD).as_str()),
        ("srv/prepare", PREPARE),
        ("etc/systemd/system/mariadb.service", &unit),
    ] {
        fs::write(machine.path(name), text).unwrap();
    }
    let started = machine.run("systemctl daemon-reload && systemctl start mariadb.service");
    let log = || machine.run("journalctl --no-pager -o cat -u mariadb.service").text;
    assert_eq!(started.code, Some(0), "{}{}", started.text, log());
}

fn is_reached(machine: &Machine) {
    machine.until("photoprism admin status --check");
    let found = machine.succeed("photoprism users ls");
    assert!(found.contains("| bob ") && found.contains("| carol "), "{found}");
}

#[test]
fn a_server_is_reached_through_its_socket_and_over_tcp() {
    if lacks("mariadb-install-db") {
        return;
    }
    let Some(machine) = Machine::start() else { return };
    machine.succeed("useradd --user-group alice");
    for title in INSTALLATION {
        follow_in(PAGE, title, |script| machine.succeed(script));
    }
    start_server(&machine);
    let typed = |script: &str| {
        fs::write(machine.path("srv/typed"), format!("{PASSWORD}\n")).unwrap();
        machine.succeed(&format!("(\n{script}\n) < /srv/typed"))
    };
    follow_in(PAGE, "\n## MariaDB\n", typed);
    machine.succeed("photoprism users add -r user --generate carol");
    is_reached(&machine);
    let status = machine.succeed("photoprism admin status");
    assert!(status.contains("mysql://photoprism@"), "{status}");
    machine.succeed("photoprism admin backup create && ls /var/lib/photoprismd/backups/*.db");

    machine.succeed("systemctl restart mariadb.service");
    is_reached(&machine);

    // An address takes the other drop-in as well.
    machine.succeed(&format!(
        "sed -i 's#@/photoprism?socket=.*#@127.0.0.1/photoprism#' {DROP_INS}/mariadb.conf
        systemctl daemon-reload && systemctl restart photoprismd"
    ));
    let status = machine.succeed("photoprism admin status");
    assert!(status.contains("127.0.0.1") && status.contains("cannot be reached"), "{status}");
    machine.succeed(&format!(
        "install -m 0644 -t {DROP_INS} systemd/photoprismd.service.d/mariadb-tcp.conf
        systemctl daemon-reload && systemctl restart photoprismd"
    ));
    is_reached(&machine);
    machine.succeed("systemctl restart mariadb.service");
    is_reached(&machine);
    machine.succeed("photoprism admin audit verify");
    let said = machine.journal();
    assert!(!said.contains("canary"), "{said}");
}
