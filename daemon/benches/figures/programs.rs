//! Whole processes: the control binary next to programs that do less.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use photoprism_daemon::clock::Stopwatch;
use tempfile::TempDir;

use super::{Table, Taken, quartiles};
use crate::common::DAEMON;
use crate::peers::Redis;

/// Runs of each program, in turn.
const RUNS: usize = 301;

/// Cargo builds the binaries of this package for a bench; those of the other one are built here.
pub(crate) fn control_binary() -> PathBuf {
    for what in [["--bin", "photoprism"], ["--example", "bare"]] {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--package", "photoprism-ctl"])
            .args(what)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo");
        assert!(built.success(), "the control binary was not built");
    }
    Path::new(DAEMON).with_file_name("photoprism")
}

/// A program with its arguments.
type Line<'a> = (&'a Path, Vec<&'a str>);

/// Time of a processor that ended children took.
fn of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("its own figures");
    let micros = |time: TimeVal| u64::try_from(time.num_microseconds()).expect("it is positive");
    Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time()))
}

fn run((program, arguments): &Line<'_>, socket: &Path) -> Taken {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("PHOTOPRISM_ADMIN_SOCKET", socket);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = of_children();
    let watch = Stopwatch::start();
    let status = command.status().expect("a program");
    let wall = watch.elapsed();
    assert!(status.success(), "{} {arguments:?}", program.display());
    Taken { wall, processor: of_children().saturating_sub(before) }
}

/// One command of a person, from the start of the process to its end.
pub(crate) fn control_runs(table: &mut Table, directory: &TempDir, control: &Path) {
    let socket = directory.path().join("admin.sock");
    let bare = control.with_file_name("examples").join("bare");
    let redis = Redis::start(directory.path());
    let of_redis = redis.as_ref().map(Redis::socket).and_then(Path::to_str);
    let mut lines: Vec<Line<'_>> = vec![
        (&bare, vec!["users", "show", "admin"]),
        (control, vec!["users", "show", "admin"]),
        (control, vec!["users", "ls"]),
        (control, vec!["--version"]),
    ];
    if let Some(socket) = of_redis {
        lines.push((Path::new("redis-cli"), vec!["-s", socket, "PING"]));
    }
    let taken = quartiles(RUNS, lines.iter().map(|line| || run(line, &socket)));
    let names =
        ["`photoprism users show admin`", "`photoprism users ls`", "`photoprism --version`"];
    for (name, figures) in names.iter().zip(&taken[1..]) {
        for (way, kind) in ["the whole process", "time of a processor"].iter().enumerate() {
            let compared = taken.get(4).map_or_else(
                || "skipped: no redis-server here".to_owned(),
                |ping| format!("{:.2} x `redis-cli PING`", figures[way] / ping[way]),
            );
            let bare = figures[way] / taken[0][way];
            table.row(
                &format!("{name}, {kind}"),
                &format!("{:.2} ms", figures[way]),
                &format!("{compared}, {bare:.2} x a bare clap program"),
            );
        }
    }
}
