//! What a restore replies.

/// What did not come back as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Columns of the backup that have no place here.
    pub lost: Vec<String>,
    /// Clients of the backup that belong to nobody here by now, and so were left as they are.
    pub left: Vec<String>,
    /// Messages for people about what the database declares of its tables.
    pub warnings: Vec<String>,
}
