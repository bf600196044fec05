//! The whole path, from a client through the socket to the disk and back: prints one table.
//!
//! `cargo bench -p photoprism-daemon --bench whole_path`, with Redis and the reference Argon2 next to
//! it (`apt-get install redis-server argon2`); where they are missing their rows say so. `-- mariadb`
//! is for PhotoPrism's accounts in MariaDB alone, `-- remembered` for passwords that are remembered.

mod common;
mod figures;
mod peers;
mod server;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use common::{Client, DAEMON, Daemon, SHOW};
use figures::{
    Table, best_of_each, control_binary, control_runs, fill, mariadb, median, photoprism,
    remembered, searches, times,
};
use peers::{
    ECHOED, Echo, Redis, WARM_UP, commits_per_second, hashes_per_second,
    reference_hashes_per_second,
};
use photoprism_daemon::clock::Stopwatch;
use tempfile::TempDir;

/// Accounts of the large database.
const MANY: u32 = 100_000;

/// Room for the 64 writers: one uid may hold 32 connections by default.
const ROOM: [&str; 2] = ["--max-connections-per-uid", "128"];

fn main() {
    let mut table = Table::default();
    if std::env::args().any(|word| word == "mariadb") {
        mariadb(&mut table);
        return table.print();
    }
    if std::env::args().any(|word| word == "remembered") {
        remembered(&mut table);
        return table.print();
    }
    let control = control_binary();
    sizes(&mut table, &control);
    starts(&mut table);
    let directory = directory();
    let (daemon, _) = Daemon::start(&directory, &ROOM);
    reads(&mut table, &directory);
    searches(&mut table);
    photoprism(&mut table);
    mariadb(&mut table);
    control_runs(&mut table, &directory, &control);
    writes(&mut table, &directory);
    drop(daemon);
    passwords(&mut table);
    logins(&mut table);
    remembered(&mut table);
    table.print();
}

fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

fn sizes(table: &mut Table, control: &Path) {
    let bytes = |path: &Path| std::fs::metadata(path).expect("a binary").len();
    let size = |path: &Path| f64::from(u32::try_from(bytes(path)).expect("less than 4 GiB"));
    let (control, daemon) = (size(control), size(Path::new(DAEMON)));
    let mb = |bytes: f64| format!("{:.2} MB", bytes / 1e6);
    table.row("size of `photoprism`", &mb(control), "");
    table.row("size of `photoprismd`", &mb(daemon), &times(daemon / control, "`photoprism`"));
}

fn starts(table: &mut Table) {
    let (few, many) = (directory(), directory());
    drop(Daemon::start(&few, &[]));
    drop(Daemon::start(&many, &[]));
    fill(&many, MANY);
    let (few_ms, few_kib) = start(&few);
    let (many_ms, many_kib) = start(&many);
    let ms = |ms: f64| format!("{ms:.1} ms");
    table.row("start to ready, 1 account", &ms(few_ms), "");
    table.row(
        "start to ready, 100,000 accounts",
        &ms(many_ms),
        &times(many_ms / few_ms, "1 account"),
    );
    let mib = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
    table.row("resident memory, idle", &mib(few_kib), "");
    table.row(
        "resident memory, idle, 100,000 accounts",
        &mib(many_kib),
        &times(many_kib / few_kib, "1 account"),
    );
}

/// The median of starts in milliseconds, and the memory of the last one in KiB.
fn start(directory: &TempDir) -> (f64, f64) {
    let mut kib = 0.0;
    let ms = median(9, || {
        let (daemon, taken) = Daemon::start(directory, &[]);
        kib = resident_kib(&daemon);
        taken
    });
    (ms, kib)
}

fn resident_kib(daemon: &Daemon) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", daemon.pid)).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Rounds a second of `clients` that each carry `work` out `rounds` times at the same time.
fn rate(socket: &Path, (clients, rounds): (u32, u32), work: impl Fn(&mut Client) + Sync) -> f64 {
    let mut open: Vec<Client> = (0..clients).map(|_| Client::connect(socket)).collect();
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        for client in &mut open {
            scope.spawn(|| (0..rounds).for_each(|_| work(client)));
        }
    });
    f64::from(clients * rounds) / watch.elapsed().as_secs_f64()
}

/// Requests in flight on each of 16 connections.
const WINDOW: u8 = 64;

/// Requests a second of one connection that waits for each reply, and of 16 that do not.
fn both(socket: &Path, line: &[u8]) -> [f64; 2] {
    let one = rate(socket, (1, 20_000), |client| client.ask(line, 1));
    let lines = line.repeat(WINDOW.into());
    let batches = rate(socket, (16, 150), |client| client.ask(&lines, WINDOW.into()));
    [one, batches * f64::from(WINDOW)]
}

/// The best of three rates of each way.
fn better(best: &mut [f64; 2], now: [f64; 2]) {
    best.iter_mut().zip(now).for_each(|(best, now)| *best = best.max(now));
}

/// What is read, next to Redis and an echo: each three times, in turn.
fn reads(table: &mut Table, directory: &TempDir) {
    let socket = directory.path().join("admin.sock");
    let (echo, redis) = (Echo::start(directory.path()), Redis::start(directory.path()));
    let verify = format!(
        "{{\"cmd\":\"auth.verify\",\"args\":{{\"token\":\"{}\"}}}}\n",
        access_token(&socket)
    );
    let asked = [("auth.verify", verify.as_bytes()), ("users.show", SHOW)];
    let (mut of_echo, mut of_redis, mut own) = ([0.0; 2], [0.0; 2], [[0.0; 2]; 2]);
    for _ in 0..3 {
        better(&mut of_echo, both(echo.socket(), ECHOED));
        if let Some(redis) = &redis {
            better(&mut of_redis, [(1, 1), (16, WINDOW.into())].map(|load| redis.rate(load)));
        }
        for ((_, line), best) in asked.iter().zip(&mut own) {
            better(best, both(&socket, line));
        }
    }
    let ways = ["1 connection, one after the other", "16 connections, 64 in flight on each"];
    for ((what, _), best) in asked.iter().zip(own) {
        for (way, figure) in best.into_iter().enumerate() {
            let to_redis = match &redis {
                None => "skipped: no redis-server here".to_owned(),
                Some(_) => format!("{:.2} x `redis-benchmark` GET", figure / of_redis[way]),
            };
            let compared = format!("{to_redis}, {:.2} x a bare echo", figure / of_echo[way]);
            table.row(&format!("`{what}`, {}", ways[way]), &format!("{figure:.0} /s"), &compared);
        }
    }
}

/// The secret of a new access token.
fn access_token(socket: &Path) -> String {
    secret(socket, "")
}

/// The same with more arguments: with a user, an app password.
fn secret(socket: &Path, more: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("a connection");
    let args = format!("{{\"name\":\"Bench\",\"scope\":\"*\"{more}}}");
    let line = format!("{{\"cmd\":\"auth.add\",\"args\":{args}}}\n");
    stream.write_all(line.as_bytes()).expect("it reads");
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).expect("it answers");
    let (_, from) = reply.split_once("\"secret\":\"").expect("a secret");
    from.split('"').next().expect("its end").to_owned()
}

fn writes(table: &mut Table, home: &TempDir) {
    let socket = home.path().join("admin.sock");
    let write = |client: &mut Client| {
        // Each differs from the one before, so that each is a change of the row.
        for name in ["One", "Two"] {
            let line = format!(
                "{{\"cmd\":\"users.mod\",\"args\":{{\"user\":\"admin\",\"display_name\":\"{name}\"}}}}\n"
            );
            client.ask(line.as_bytes(), 1);
        }
    };
    rate(&socket, (1, WARM_UP / 2), write);
    let (plain, one) = best_of_each(
        || commits_per_second(directory().path()),
        || rate(&socket, (1, 150), write) * 2.0,
    );
    let many = rate(&socket, (64, 20), write) * 2.0;
    let to_plain = |rate: f64| format!("{:.2} x plain SQLite", rate / plain);
    table.row("plain SQLite, `synchronous=FULL`, one writer", &format!("{plain:.0} /s"), "");
    table.row("`users.mod`, 1 connection", &format!("{one:.0} /s"), &to_plain(one));
    table.row(
        "`users.mod`, 64 connections",
        &format!("{many:.0} /s"),
        &format!("{}, {}", times(many / one, "1 connection"), to_plain(many)),
    );
}

/// Argon2id through the whole path: `passwd.set` from 8 connections.
fn passwords(table: &mut Table) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let set =
        b"{\"cmd\":\"passwd.set\",\"args\":{\"user\":\"admin\",\"password\":\"correct horse\"}}\n";
    let with = |threads: usize| {
        let directory = directory();
        let (_daemon, _) = Daemon::start(&directory, &["--hash-threads", &threads.to_string()]);
        rate(&directory.path().join("admin.sock"), (8, 16), |client| client.ask(set, 1))
    };
    let (one, all) = (with(1), with(cores));
    table.row("`passwd.set`, Argon2id on 1 thread", &format!("{one:.1} /s"), "");
    table.row(
        &format!("`passwd.set`, Argon2id on {cores} threads, a core each"),
        &format!("{all:.1} /s"),
        &times(all / one, "1 thread"),
    );
}

/// Argon2id on all cores next to the reference, then logins through the whole path next to it.
fn logins(table: &mut Table) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4);
    let directory = directory();
    let threads = u32::try_from(cores).expect("at most 4");
    let reference = || reference_hashes_per_second(directory.path(), threads).unwrap_or(0.0);
    let (bare, reference) = best_of_each(|| hashes_per_second(threads), reference);
    let compared = if reference > 0.0 {
        format!("{:.2} x libargon2 on as many", bare / reference)
    } else {
        "skipped: no libargon2 or C compiler here".to_owned()
    };
    table.row(&format!("Argon2id alone, {cores} threads"), &format!("{bare:.1} /s"), &compared);
    // Each computes a hash.
    let (daemon, _) = Daemon::start(&directory, &["--verdict-ttl", "0"]);
    let socket = directory.path().join("admin.sock");
    let set =
        b"{\"cmd\":\"passwd.set\",\"args\":{\"user\":\"admin\",\"password\":\"correct horse\"}}\n";
    daemon.connect().ask(set, 1);
    let login = b"{\"cmd\":\"auth.login\",\"args\":{\"name\":\"admin\",\"password\":\"correct horse\",\"client_ip\":\"192.0.2.1\"}}\n";
    let logins = rate(&socket, (8, 16), |client| client.ask(login, 1));
    table.row(
        "`auth.login` with a session, 8 connections",
        &format!("{logins:.1} /s"),
        &format!("{:.2} x Argon2id alone", logins / bare),
    );
}
