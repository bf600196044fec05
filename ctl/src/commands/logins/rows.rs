//! How login attempts look in the reports.

use photoprism_protocol::logins::Entry;

use crate::report::{Report, words};

/// The columns of the documentation.
#[must_use]
pub fn table(entries: &[Entry]) -> Report {
    let rows = entries.iter().map(|entry| {
        vec![
            entry.client_ip.clone(),
            entry.name.clone(),
            entry.realm.clone(),
            entry.status.clone(),
            words::time(entry.login_at.as_deref()),
            words::time(entry.failed_at.as_deref()),
        ]
    });
    let columns = vec!["Client IP", "User Name", "Realm", "Status", "Last Login", "Failed At"];
    Report { columns, rows: rows.collect() }
}
