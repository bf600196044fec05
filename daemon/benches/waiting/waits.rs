//! What a client waited, and what it may wait.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long each of a client's requests took, and the errors among their replies.
#[derive(Default)]
pub(crate) struct Waits {
    ms: Vec<f64>,
    pub(crate) errors: BTreeMap<String, usize>,
}

impl Waits {
    pub(crate) fn add(&mut self, taken: Duration, error: Option<String>) {
        self.ms.push(taken.as_secs_f64() * 1e3);
        if let Some(error) = error {
            *self.errors.entry(error).or_default() += 1;
        }
    }

    /// So many hundredths of them took at most so long.
    pub(crate) fn percentile(&mut self, hundredths: usize) -> f64 {
        self.ms.sort_by(f64::total_cmp);
        let last = self.ms.len().saturating_sub(1);
        self.ms.get(last * hundredths / 100).copied().unwrap_or(0.0)
    }

    pub(crate) const fn count(&self) -> usize {
        self.ms.len()
    }
}

/// How a figure is to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Holds,
    /// Up to three times as much, which a noisy machine explains.
    Over,
    Fails,
    /// There is no bound.
    Free,
}

impl Finding {
    pub(crate) fn of(figure: f64, bound: Option<f64>) -> Self {
        match bound {
            None => Self::Free,
            Some(bound) if figure <= bound => Self::Holds,
            Some(bound) if figure <= 3.0 * bound => Self::Over,
            Some(_) => Self::Fails,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Over => "over",
            Self::Fails => "FAILS",
            Self::Free => "",
        }
    }
}
