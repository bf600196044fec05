//! `doctor`: what is wrong with the installation, and what to do.

use serde::{Deserialize, Serialize};

/// Result of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether every check is.
    pub ok: bool,
    /// What was looked at, in the order of a request's way.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What, in lower case.
    pub check: String,
    /// Whether there is nothing to do.
    pub ok: bool,
    /// What was found, for people.
    pub found: String,
    /// What to do; `None` where it is ok.
    pub advice: Option<String>,
}

impl Check {
    /// Nothing to do.
    pub fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self { check: check.into(), ok: true, found: found.into(), advice: None }
    }

    /// Something to do.
    pub fn bad(
        check: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { check: check.into(), ok: false, found: found.into(), advice: Some(advice.into()) }
    }

    /// The one or the other.
    pub fn judged(
        check: impl Into<String>,
        found: impl Into<String>,
        advice: Option<String>,
    ) -> Self {
        Self { check: check.into(), ok: advice.is_none(), found: found.into(), advice }
    }
}

impl From<Vec<Check>> for Report {
    fn from(checks: Vec<Check>) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), checks }
    }
}
