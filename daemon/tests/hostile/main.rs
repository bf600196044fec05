//! Every text that can be stored, a hundred hostile ones in each, in every format of the control
//! binary.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod payloads;
mod printed;
mod shown;
mod stored;
