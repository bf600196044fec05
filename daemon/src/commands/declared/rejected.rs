//! What was refused, and the secrets that may have been why.

use std::collections::BTreeMap;

use photoprism_protocol::secret::Secret;

use crate::error::CommandError;

/// Secrets by the names of their files.
pub(super) type Secrets = BTreeMap<String, Result<Secret, String>>;

/// What was refused: the key of its table, its line, its name, and why.
#[derive(Clone, Debug)]
pub(super) struct Rejected {
    pub(super) what: &'static str,
    pub(super) line: u64,
    pub(super) name: String,
    pub(super) error: CommandError,
}

impl Rejected {
    /// A message for people. It repeats no secret, since no error does.
    pub(super) fn message(&self) -> String {
        let body = self.error.clone().into_body("the cause in the log");
        let field = body.field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default();
        field + &body.text()
    }
}
