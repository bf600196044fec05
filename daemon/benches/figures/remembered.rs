//! Logins by a password that is remembered, next to the check of a token with a name.

use std::path::Path;

use super::photoprism::FIXTURE;
use super::{Table, best_of_each};
use crate::common::{Client, Daemon};
use crate::server::Server;
use crate::{directory, rate, secret};

const ROUNDS: u32 = 10_000;

/// In each kind of database, the best of three, in turn.
pub(crate) fn remembered(table: &mut Table) {
    let own = directory();
    let running = Daemon::start(&own, &[]);
    row(table, "the daemon's own database", &own.path().join("admin.sock"), "admin");
    drop(running);
    let photoprism = directory();
    std::fs::copy(FIXTURE, photoprism.path().join("index.db")).expect("a copy");
    let running = Daemon::start_on(&photoprism, "index.db", &[]);
    row(table, "PhotoPrism's database", &photoprism.path().join("admin.sock"), "bob");
    drop(running);
    if let Some(server) = Server::start() {
        let home = directory();
        let _running = Daemon::start_at(&home, server.url(), &[]);
        row(table, "MariaDB", &home.path().join("admin.sock"), "bob");
    }
}

fn row(table: &mut Table, database: &str, socket: &Path, name: &str) {
    let password = "correct horse";
    let set = format!(
        "{{\"cmd\":\"passwd.set\",\"args\":{{\"user\":\"{name}\",\"password\":\"{password}\"}}}}\n"
    );
    Client::connect(socket).ask(set.as_bytes(), 1);
    let token = secret(socket, &format!(",\"user\":\"{name}\""));
    let verify = format!(
        "{{\"cmd\":\"auth.verify\",\"args\":{{\"token\":\"{token}\",\"name\":\"{name}\",\"client_ip\":\"192.0.2.1\"}}}}\n"
    );
    let login = format!(
        "{{\"cmd\":\"auth.login\",\"args\":{{\"name\":\"{name}\",\"password\":\"{password}\",\"client_ip\":\"192.0.2.1\",\"session\":false}}}}\n"
    );
    let ask = |line: &str| rate(socket, (1, ROUNDS), |client| client.ask(line.as_bytes(), 1));
    let (verify, login) = best_of_each(|| ask(&verify), || ask(&login));
    table.row(
        &format!("`auth.login` by a remembered password, {database}, 1 connection"),
        &format!("{login:.0} /s"),
        &format!("{:.2} x the time of `auth.verify` with a name", verify / login),
    );
}
