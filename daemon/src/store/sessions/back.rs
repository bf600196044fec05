//! Which rows of `auth_sessions` are of ended sessions, as conditions.

use crate::store::columns::Columns;
use crate::store::engine::Value;

/// Which rows of `auth_sessions`.
#[derive(Clone, Copy)]
pub(super) struct Which<'a> {
    /// A condition.
    pub(super) condition: &'a str,
    /// Its values, from `?1` on.
    pub(super) values: &'a [Value<'a>],
}

impl Which<'_> {
    /// All of them.
    pub(super) const EVERY: Self = Self { condition: "1", values: &[] };
}

/// Rows of sessions that are ended, whatever they contain: there is an entry for their own id, or
/// for that of the session that they were created from. Starts from the entries, of which there are
/// few.
pub(super) const BACK: &str =
    "(id IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
     OR auth_id IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

/// The same, checked for each row: for conditions that few rows meet.
const IS_BACK: &str =
    "(CAST(id AS TEXT) IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
     OR ifnull(CAST(auth_id AS TEXT), '') IN
       (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

/// The same in MariaDB, where ids are bytes.
const IS_BACK_OF_SERVER: &str =
    "(id IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload')
     OR ifnull(auth_id, '') IN (SELECT session_id FROM admin.admin_ended WHERE state <> 'reload'))";

pub(super) fn is_back(columns: &Columns) -> &'static str {
    if columns.is_server() { IS_BACK_OF_SERVER } else { IS_BACK }
}

/// The same for at most `?2` entries after `?1`. MariaDB takes a LIMIT in a table alone.
pub(super) const BACK_OF_SOME: &str = "(id IN (SELECT session_id FROM
       (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1 AND state <> 'reload'
        ORDER BY session_id LIMIT ?2) some_entries)
     OR auth_id IN (SELECT session_id FROM
       (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1 AND state <> 'reload'
        ORDER BY session_id LIMIT ?2) more_entries))";

/// Rows that PhotoPrism is to read again.
const TO_RELOAD: &str =
    "CAST(id AS TEXT) IN (SELECT session_id FROM admin.admin_ended WHERE state = 'reload')";

/// The same in MariaDB.
const TO_RELOAD_OF_SERVER: &str =
    "id IN (SELECT session_id FROM admin.admin_ended WHERE state = 'reload')";

pub(super) fn is_to_reload(columns: &Columns) -> &'static str {
    if columns.is_server() { TO_RELOAD_OF_SERVER } else { TO_RELOAD }
}

/// Rows that the daemon itself keeps: as expired until PhotoPrism was notified, and its own.
const KEPT: &str = "((ifnull(sess_expires, 0) = 1 AND CAST(id AS TEXT) IN
       (SELECT session_id FROM admin.admin_ended WHERE state = 'pending'))
     OR CAST(id AS TEXT) IN (SELECT session_id FROM admin.admin_ended WHERE state = 'token'))";

/// The same in MariaDB.
const KEPT_OF_SERVER: &str = "((ifnull(sess_expires, 0) = 1 AND id IN
       (SELECT session_id FROM admin.admin_ended WHERE state = 'pending'))
     OR id IN (SELECT session_id FROM admin.admin_ended WHERE state = 'token'))";

pub(super) fn is_kept(columns: &Columns) -> &'static str {
    if columns.is_server() { KEPT_OF_SERVER } else { KEPT }
}
