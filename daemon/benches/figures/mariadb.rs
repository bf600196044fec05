//! PhotoPrism's database in MariaDB, next to the bare client crate on the same server.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use data_encoding::HEXLOWER;
use mysql::prelude::Queryable;
use photoprism_daemon::clock::Stopwatch;
use sha2::{Digest, Sha256};

use super::{Table, best_of_each};
use crate::common::Daemon;
use crate::server::Server;
use crate::{directory, rate, secret};

const READS: u32 = 10_000;

/// Writes of one run: each waits for a sync or more.
const WRITES: u32 = 500;

const WRITERS: u32 = 64;

/// Each the best of three, in turn.
pub(crate) fn mariadb(table: &mut Table) {
    let Some(server) = Server::start() else {
        return table.row("PhotoPrism's database in MariaDB", "", "no MariaDB here");
    };
    let home = directory();
    let _running = Daemon::start_at(&home, server.url(), &["--max-connections-per-uid", "128"]);
    let socket = home.path().join("admin.sock");
    let token = secret(&socket, ",\"user\":\"bob\"");
    let verify = format!("{{\"cmd\":\"auth.verify\",\"args\":{{\"token\":\"{token}\"}}}}\n");
    let ask = |line: &str| rate(&socket, (1, READS), |client| client.ask(line.as_bytes(), 1));
    let session = "SELECT * FROM auth_sessions WHERE id = ?";
    let id = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    let bare = || bare_reads(&server, session, &id);
    row(table, "auth.verify", "its bare SELECT", best_of_each(bare, || ask(&verify)));
    let account = "SELECT * FROM auth_users WHERE user_name = ?";
    let show = "{\"cmd\":\"users.show\",\"args\":{\"user\":\"bob\"}}\n";
    let bare = || bare_reads(&server, account, "bob");
    row(table, "users.show", "a bare SELECT of the account", best_of_each(bare, || ask(show)));
    let (bare, one) = best_of_each(|| bare_writes(&server), || changes(&socket, 1));
    row(table, "users.mod", "a bare transaction", (bare, one));
    let (_, many) = best_of_each(|| 0.0, || changes(&socket, WRITERS));
    table.row(
        &format!("`users.mod` on MariaDB, {WRITERS} connections"),
        &format!("{many:.0} /s"),
        &format!("{:.1} x 1 connection", many / one),
    );
}

/// One row each time.
fn bare_reads(server: &Server, statement: &str, key: &str) -> f64 {
    let mut conn = server.connect();
    let statement = conn.prep(statement).expect("a statement");
    let watch = Stopwatch::start();
    for _ in 0..READS {
        let row: Option<mysql::Row> = conn.exec_first(&statement, (key,)).expect("an answer");
        assert!(row.is_some(), "there is such a row");
    }
    f64::from(READS) / watch.elapsed().as_secs_f64()
}

fn bare_writes(server: &Server) -> f64 {
    let mut conn = server.connect();
    let change = conn
        .prep("UPDATE auth_users SET display_name = ? WHERE user_name = 'alice'")
        .expect("a statement");
    let watch = Stopwatch::start();
    for number in 0..WRITES {
        conn.query_drop("START TRANSACTION").expect("an answer");
        conn.exec_drop(&change, (number,)).expect("an answer");
        conn.query_drop("COMMIT").expect("an answer");
    }
    f64::from(WRITES) / watch.elapsed().as_secs_f64()
}

/// Changes of one account a second, each of which differs from the one before.
fn changes(socket: &Path, writers: u32) -> f64 {
    let count = AtomicU32::new(0);
    rate(socket, (writers, WRITES / 4), |client| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let args = format!("{{\"user\":\"bob\",\"display_name\":\"{number}\"}}");
        client.ask(format!("{{\"cmd\":\"users.mod\",\"args\":{args}}}\n").as_bytes(), 1);
    })
}

fn row(table: &mut Table, what: &str, of: &str, (bare, here): (f64, f64)) {
    table.row(
        &format!("`{what}` on MariaDB, 1 connection"),
        &format!("{here:.0} /s"),
        &format!("{:.2} x {of}", here / bare),
    );
}
