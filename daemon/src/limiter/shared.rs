//! What the rows contain that all daemons on a database server write.

use super::client_ip::{ClientIp, Network};
use super::subject::{LimitKey, Subject};
use super::trusted_networks::row_text;
use crate::store::{LimitKind, LimitRow};

/// The limiter before rows were read: what it learns by itself meanwhile is newer than those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(super) decided: u64,
    pub(super) cleared: u64,
    pub(super) trusted: u64,
}

/// Subjects whose rows are read, and the network that an account may be trusted from.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(super) subjects: Vec<Subject>,
    pub(super) origin: Option<(String, Network)>,
    pub(super) rows: Vec<LimitRow>,
}

impl Shared {
    /// All that an attempt may need.
    pub(crate) fn of_attempt(client_ip: &ClientIp, who: &LimitKey) -> Self {
        let network = client_ip.network();
        let mut subjects = vec![Subject::Address(network), who.clone().into()];
        let LimitKey::Account(uid) = who else { return Self::of(subjects) };
        subjects.push(Subject::Passcode(uid.clone()));
        Self { origin: Some((uid.clone(), network)), ..Self::of(subjects) }
    }

    pub(crate) const fn of(subjects: Vec<Subject>) -> Self {
        Self { subjects, origin: None, rows: Vec::new() }
    }

    /// The keys of their rows.
    pub(crate) fn keys(&self) -> Vec<(LimitKind, String)> {
        let places = self.subjects.iter().map(|subject| (subject.kind(), subject.text()));
        let trust =
            self.origin.as_ref().map(|(uid, network)| (LimitKind::Vouch, row_text(uid, *network)));
        places.chain(trust).collect()
    }

    /// The rows that were found.
    pub(crate) fn with_rows(self, rows: Vec<LimitRow>) -> Self {
        Self { rows, ..self }
    }

    pub(super) fn row_of(&self, subject: &Subject) -> Option<&LimitRow> {
        row_of(&self.rows, subject)
    }

    /// The row that makes the network a trusted one.
    pub(super) fn trust(&self) -> Option<&LimitRow> {
        self.rows.iter().find(|row| row.kind == LimitKind::Vouch)
    }
}

pub(super) fn row_of<'a>(rows: &'a [LimitRow], subject: &Subject) -> Option<&'a LimitRow> {
    let text = subject.text();
    rows.iter().find(|row| row.kind == subject.kind() && row.subject == text)
}
