//! The noun `passwd`.

pub(super) mod remove;
pub(super) mod set;
