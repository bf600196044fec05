//! `doctor`: what is wrong with the installation, and what to do.

use crate::command::{Command, CommandName};
use crate::status::NoArgs;
use serde::{Deserialize, Serialize};

/// Result of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Whether every check is ok.
    pub ok: bool,
    /// What was checked, in the order in which a request meets it.
    pub checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

    /// Ok without advice, bad with it.
    pub fn from_advice(
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

pub struct Doctor;

impl Command for Doctor {
    const NAME: CommandName = CommandName::Doctor;
    type Args = NoArgs;
    type Reply = Report;
}
