//! The noun `audit`: the record of every committed write.

pub(super) mod ls;
pub(super) mod verify;
