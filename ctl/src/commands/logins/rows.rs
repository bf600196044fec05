//! Login attempts as rows of the reports.

use photoprism_protocol::logins::Entry;

use crate::report::{Report, format};

/// The columns of the documentation.
pub(crate) fn table(entries: &[&Entry]) -> Report {
    let rows = entries.iter().map(|entry| {
        vec![
            entry.client_ip.clone(),
            entry.name.clone(),
            entry.realm.clone(),
            entry.status.clone(),
            format::time(entry.login_at.as_deref()),
            format::time(entry.failed_at.as_deref()),
        ]
    });
    let columns = vec!["Client IP", "User Name", "Realm", "Status", "Last Login", "Failed At"];
    let least = &["Realm", "Last Login"];
    Report { columns, rows: rows.collect(), least, ..Report::default() }
}
