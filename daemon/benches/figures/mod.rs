//! The table, and figures that take more than a few lines.

mod accounts;
mod mariadb;
mod photoprism;
mod programs;
mod remembered;
mod searches;

use std::fmt::Write as _;
use std::time::Duration;

pub(super) use accounts::fill;
pub(super) use mariadb::mariadb;
pub(super) use photoprism::photoprism;
pub(super) use programs::{control_binary, control_runs};
pub(super) use remembered::remembered;
pub(super) use searches::searches;

/// Figures, each next to what it is compared with.
#[derive(Default)]
pub(super) struct Table(String);

impl Table {
    pub(super) fn row(&mut self, what: &str, figure: &str, compared: &str) {
        writeln!(self.0, "| {what} | {figure} | {compared} |").expect("memory");
    }

    #[expect(clippy::print_stdout, reason = "the table is what this program is for")]
    pub(super) fn print(&self) {
        print!("| what | figure | compared |\n|---|---:|---|\n{}", self.0);
    }
}

/// How many times another figure.
pub(super) fn times(factor: f64, of: &str) -> String {
    format!("{factor:.1} x {of}")
}

/// The median of `runs` durations in milliseconds.
pub(super) fn median(runs: usize, mut run: impl FnMut() -> Duration) -> f64 {
    let mut taken: Vec<f64> = (0..runs).map(|_| run().as_secs_f64() * 1e3).collect();
    taken.sort_by(f64::total_cmp);
    taken[runs / 2]
}

/// What a run takes, from beginning to end and of a processor.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub(super) wall: Duration,
    pub(super) processor: Duration,
}

/// The lower quartiles of several things in milliseconds, done in turn, so that what else the
/// machine does meets all of them and shows in few: from beginning to end, and of a processor.
pub(super) fn quartiles(
    runs: usize,
    things: impl Iterator<Item = impl FnMut() -> Taken>,
) -> Vec<[f64; 2]> {
    let mut things: Vec<_> = things.collect();
    let mut taken = vec![Vec::with_capacity(runs); things.len()];
    for _ in 0..runs {
        for (thing, taken) in things.iter_mut().zip(&mut taken) {
            taken.push(thing());
        }
    }
    let quartile = |taken: &[Taken], which: fn(&Taken) -> Duration| {
        let mut ms: Vec<f64> = taken.iter().map(|one| which(one).as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        ms[runs / 4]
    };
    let both = |taken: Vec<Taken>| {
        [quartile(&taken, |one| one.wall), quartile(&taken, |one| one.processor)]
    };
    taken.into_iter().map(both).collect()
}

/// The best of three rates of each of two things, done in turn.
pub(super) fn best_of_each(one: impl Fn() -> f64, other: impl Fn() -> f64) -> (f64, f64) {
    let mut best = (0.0_f64, 0.0_f64);
    for _ in 0..3 {
        best = (best.0.max(one()), best.1.max(other()));
    }
    best
}
