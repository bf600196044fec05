//! The noun `audit`: the record of every committed write.

pub(crate) mod ls;
pub(crate) mod verify;
