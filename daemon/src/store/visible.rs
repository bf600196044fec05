//! Which sessions commands see. Those that were ended, and that are kept or that a running PhotoPrism
//! wrote back, are hidden, and so are the daemon's own. One that PhotoPrism only has to read again is
//! not.

use super::columns::Columns;

/// What excludes sessions that were ended and that PhotoPrism wrote back, where all are read: those
/// are found once, and are few.
pub(super) const HIDING: &str = "u.id NOT IN (SELECT h.id FROM main.auth_sessions h
     WHERE h.id IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
       OR h.auth_id IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

/// The same where one or a few are read.
const HIDING_ONE: &str = "(CAST(u.id AS TEXT) NOT IN
       (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
     AND ifnull(CAST(u.auth_id AS TEXT), '') NOT IN
       (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

/// The same in MariaDB, where ids are bytes.
const HIDING_ONE_OF_SERVER: &str = "(u.id NOT IN
       (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
     AND ifnull(u.auth_id, '') NOT IN
       (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

/// The condition for a row of `auth_sessions u` that commands see, where a few rows are read.
pub(super) fn visible(columns: &Columns) -> &'static str {
    match (columns.keeps_ended(), columns.is_server()) {
        (false, _) => "1",
        (true, false) => HIDING_ONE,
        (true, true) => HIDING_ONE_OF_SERVER,
    }
}

/// The same for a statement that may join other tables.
pub(super) struct Hiding {
    /// What stands behind `FROM auth_sessions u`.
    pub(super) joins: &'static str,
    /// The condition for a row that commands see.
    pub(super) condition: &'static str,
}

impl Hiding {
    pub(super) fn of(columns: &Columns) -> Self {
        if columns.keeps_ended() && columns.is_server() {
            // 240 in place of 400 microseconds for a session with its account by its id: MariaDB plans each
            // subquery anew whenever it is run.
            return Self {
                joins: "LEFT JOIN admin.admin_ended ended
                     ON ended.session_id = u.id AND ended.state <> 'reload'
                   LEFT JOIN admin.admin_ended parent
                     ON parent.session_id = u.auth_id AND parent.state <> 'reload'",
                condition: "ended.session_id IS NULL AND parent.session_id IS NULL",
            };
        }
        Self { joins: "", condition: visible(columns) }
    }
}
