//! Which state of a database a backup holds.

/// Another one after each commit of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum StateId {
    /// Counted by SQLite, for one connection.
    Sqlite(i64),
    /// Of the daemons that write to a server; what PhotoPrism writes there does not change it.
    Server(String),
}
