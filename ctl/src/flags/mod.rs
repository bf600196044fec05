//! Flags that every command or several commands take, and what reads their values.

mod global;
mod shared;
pub(crate) mod values;

pub(crate) use global::Global;
pub(crate) use shared::{CountFlag, FormatFlags, JsonFlag, YesFlag};
