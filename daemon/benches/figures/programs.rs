//! Whole processes: the control binary beside programs that do less.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use tempfile::TempDir;

use super::{Table, quartile_of_each, times};
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

fn run((program, arguments): &Line<'_>, socket: &Path) -> Duration {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("PHOTOPRISM_ADMIN_SOCKET", socket);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let watch = Stopwatch::start();
    let status = command.status().expect("a program");
    let taken = watch.elapsed();
    assert!(status.success(), "{} {arguments:?}", program.display());
    taken
}

/// One command of a person, from the start of the process to its end.
pub(crate) fn control_runs(table: &mut Table, folder: &TempDir, control: &Path) {
    let socket = folder.path().join("admin.sock");
    let bare = control.with_file_name("examples").join("bare");
    let redis = Redis::start(folder.path());
    let of_redis = redis.as_ref().map(Redis::socket).and_then(Path::to_str);
    let mut lines: Vec<Line<'_>> = vec![
        (control, vec!["users", "show", "admin"]),
        (control, vec!["users", "ls"]),
        (control, vec!["--version"]),
        (&bare, vec!["users", "show", "admin"]),
    ];
    if let Some(socket) = of_redis {
        lines.push((Path::new("redis-cli"), vec!["-s", socket, "PING"]));
    }
    let ms = quartile_of_each(RUNS, lines.iter().map(|line| || run(line, &socket)));
    let beside = |figure: f64| {
        let redis = ms.get(4).map_or_else(
            || "skipped: no redis-server here".to_owned(),
            |ping| format!("{:.2} x `redis-cli PING`", figure / ping),
        );
        format!("{redis}, {:.2} x a bare clap program", figure / ms[3])
    };
    let shown = |figure: f64| format!("{figure:.2} ms");
    table.row("`photoprism users show admin`, the whole process", &shown(ms[0]), &beside(ms[0]));
    table.row("`photoprism users ls`", &shown(ms[1]), &beside(ms[1]));
    table.row("`photoprism --version`", &shown(ms[2]), &beside(ms[2]));
    table.row("a bare clap program", &shown(ms[3]), &times(ms[3] / ms[0], "`users show`"));
}
