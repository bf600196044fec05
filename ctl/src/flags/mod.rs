//! Flags that every command or several commands take, and what reads their values.

mod global;
mod shared;
pub mod values;

pub use global::Global;
pub use shared::{CountFlag, FormatFlags, JsonFlag, YesFlag};
