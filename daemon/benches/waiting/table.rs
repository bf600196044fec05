//! The table, printed as it grows: a run of all rows takes minutes.

use std::fmt::Write;

use crate::filled::Size;
use crate::options::{Options, Target};
use crate::waits::{Finding, Waits};

/// Rows that were printed.
pub(crate) struct Table {
    options: Options,
    failed: usize,
}

const HEAD: &str = "| who waits for what | at most | p50 | p99 | slowest | of | |\n\
    |---|---:|---:|---:|---:|---:|---|";

impl Table {
    pub(crate) const fn new(options: Options) -> Self {
        Self { options, failed: 0 }
    }

    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// Whether a row of that name was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.options.wants(name)
    }

    pub(crate) fn title(&self, target: Target) {
        let whose = match target {
            Target::Own => "The daemon's own database",
            Target::PhotoPrism => "PhotoPrism's database in SQLite",
            Target::MariaDb => "PhotoPrism's database in MariaDB",
        };
        let Size { accounts, sessions } = self.options.size;
        say(&format!("\n# {whose}, {accounts} accounts, {sessions} sessions"));
    }

    pub(crate) fn skipped(why: &str) {
        say(&format!("\nskipped: {why}"));
    }

    pub(crate) fn head(title: &str) {
        say(&format!("\n## {title}\n\n{HEAD}"));
    }

    /// What a client waited; errors are failures.
    pub(crate) fn waits(&mut self, name: &str, bound: Option<f64>, waits: &mut Waits) {
        let figures = [50, 99, 100].map(|hundredths| waits.percentile(hundredths));
        let mut finding = Finding::of(figures[2], bound);
        let mut remark = String::new();
        for (code, count) in &waits.errors {
            finding = Finding::Fails;
            let _ = write!(remark, " {count} x `{code}`");
        }
        self.count(finding);
        let [p50, p99, slowest] = figures.map(ms);
        let (of, word) = (waits.count(), finding.word());
        let bound = bound.map(ms).unwrap_or_default();
        say(&format!("| {name} | {bound} | {p50} | {p99} | {slowest} | {of} | {word}{remark} |"));
    }

    /// A page, whose median is at most half as long again as that of a thousand accounts.
    pub(crate) fn page(&mut self, name: &str, few: &mut Waits, many: &mut Waits) {
        let (of_few, of_many) = (few.percentile(50), many.percentile(50));
        let slowest = Finding::of(many.percentile(100), Some(PAGE));
        let ratio = of_many / of_few;
        // Below that the difference is noise.
        let grows = ratio > 1.5 && of_many - of_few > 0.2;
        let finding = if grows { Finding::Fails } else { slowest };
        self.count(finding);
        let figures = [50, 99, 100].map(|hundredths| ms(many.percentile(hundredths)));
        let (few, word, of) = (ms(of_few), finding.word(), many.count());
        let [p50, p99, slowest] = figures;
        say(&format!(
            "| {name} | {} | {p50} ({few} of a thousand: {ratio:.2} x) | {p99} | {slowest} | {of} | {word} |",
            ms(PAGE)
        ));
    }

    /// One figure.
    pub(crate) fn figure(&mut self, name: &str, (figure, bound): (f64, Option<f64>), unit: &str) {
        let finding = Finding::of(figure, bound);
        self.count(finding);
        let bound = bound.map(|bound| format!("{bound:.0} {unit}")).unwrap_or_default();
        say(&format!("| {name} | {bound} | {figure:.1} {unit} | | | | {} |", finding.word()));
    }

    fn count(&mut self, finding: Finding) {
        self.failed += usize::from(finding == Finding::Fails);
    }

    /// How many rows failed.
    pub(crate) const fn failed(&self) -> usize {
        self.failed
    }
}

/// A page of a list or a search.
const PAGE: f64 = 50.0;

fn ms(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
