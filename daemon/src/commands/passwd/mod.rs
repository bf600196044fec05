//! The noun `passwd`.

pub(crate) mod remove;
pub(crate) mod set;
