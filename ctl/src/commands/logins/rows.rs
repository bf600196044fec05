//! Login attempts as rows of the reports.

use crate::object::Object;
use crate::report::Report;

/// The columns of the documentation.
pub(crate) fn table(entries: &[Object<'_>]) -> Report {
    let rows = entries.iter().map(|entry| {
        vec![
            entry.text("client_ip"),
            entry.text("name"),
            entry.text("realm"),
            entry.text("status"),
            entry.time("login_at"),
            entry.time("failed_at"),
        ]
    });
    let columns = vec!["Client IP", "User Name", "Realm", "Status", "Last Login", "Failed At"];
    Report { columns, rows: rows.collect() }
}
